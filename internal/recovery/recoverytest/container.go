package recoverytest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
)

var errNoContainer = errors.New("ContainerNotFound: there is no such container")

// backup is a blob that API Management wrote.
type backup struct {
	artefact job.Artefact
	started  time.Time
	tier     string
	content  Content // as it was at the start
}

// Put lets there be a backup of service as it is now, without an operation.
func (a *Azure) Put(service, blob string) job.Artefact {
	b := backup{artefact: job.Artefact{Name: blob, Size: 1 << 20}, started: a.now()}
	a.Change(service, func(i *Instance) {
		b.tier, b.content = i.Facts.Tier, i.Content.copy()
		a.backups[blob], a.missing = b, false
	})
	return b.artefact
}

// Has reports whether the container holds blob.
func (a *Azure) Has(blob string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	_, ok := a.backups[blob]
	return ok
}

// Delete removes blob from the container; its sidecar stays. It is no effect:
// the world changes.
func (a *Azure) Delete(blob string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	delete(a.backups, blob)
}

// Protect makes blob one that storage lets nobody remove, as a policy, a hold
// or a lease would; Unprotect ends that.
func (a *Azure) Protect(blob string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.protected[blob] = true
}

// Unprotect ends what Protect began.
func (a *Azure) Unprotect(blob string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.protected, blob)
}

// sidecar is what a sidecar keeps of p: what is of the table only stays out.
func sidecar(p job.Point) job.Point {
	p = copyPoint(p)
	p.Pinned, p.Removing, p.Remover, p.RemovingSince = "", false, "", time.Time{}
	return p
}

// Sidecar is what the sidecar of blob says; false if there is none.
func (a *Azure) Sidecar(blob string) (job.Point, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, ok := a.sidecars[blob]
	return copyPoint(p), ok
}

// SpoilSidecar lets every look at the sidecar of blob end in err, until blob is
// removed.
func (a *Azure) SpoilSidecar(blob string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.spoilt[blob] = fmt.Errorf("sidecar of blob %s: %w", blob, err)
}

// DropContainer removes the container with all that is in it; the next backup
// makes it anew. At first it is there, as a deployment leaves it.
func (a *Azure) DropContainer() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	a.missing = true
	clear(a.backups)
	clear(a.sidecars)
	clear(a.spoilt)
	clear(a.authorities)
}

// Artefact implements recovery.Blobs.
func (a *Azure) Artefact(_ context.Context, _ job.Service, blob string) (found job.Artefact, err error) {
	err = a.do("blobs", "Artefact", unchanged, func() error {
		b, ok := a.backups[blob]
		if !ok {
			return fmt.Errorf("blob %s: %w", blob, job.ErrNotFound)
		}
		found = b.artefact
		return nil
	})
	return found, err
}

// Record implements recovery.Blobs.
func (a *Azure) Record(_ context.Context, _ job.Service, p job.Point) (recorded job.Point, err error) {
	err = a.do("blobs", "Record", unchanged, func() error {
		if a.missing {
			return fmt.Errorf("record blob %s: %w", p.Blob, errNoContainer)
		}
		if err := a.spoilt[p.Blob]; err != nil {
			return err
		}
		if _, ok := a.sidecars[p.Blob]; !ok {
			a.sidecars[p.Blob] = sidecar(p)
		}
		recorded = copyPoint(a.sidecars[p.Blob])
		return nil
	})
	return recorded, err
}

// Amend implements recovery.Blobs.
func (a *Azure) Amend(_ context.Context, _ job.Service, blob string, change func(*job.Point)) error {
	return a.do("blobs", "Amend", unchanged, func() error {
		if err := a.spoilt[blob]; err != nil {
			return err
		}
		says, ok := a.sidecars[blob]
		if !ok {
			return fmt.Errorf("sidecar of blob %s: %w", blob, job.ErrNotFound)
		}
		later := copyPoint(says)
		change(&later)
		says.ConcurrentChanges, says.Withdrawn, says.WithdrawnWhy = later.ConcurrentChanges, later.Withdrawn, later.WithdrawnWhy
		says.Held, says.HeldBy = later.Held, later.HeldBy
		a.sidecars[blob] = says
		return nil
	})
}

// Remove implements recovery.Blobs.
func (a *Azure) Remove(_ context.Context, _ job.Service, blob string) error {
	return a.do("blobs", "Remove", unchanged, func() error {
		if _, ok := a.backups[blob]; ok && a.protected[blob] {
			return fmt.Errorf("delete blob %s: BlobImmutableDueToPolicy: %w", blob, job.ErrRefused)
		}
		delete(a.backups, blob)
		delete(a.sidecars, blob)
		delete(a.spoilt, blob)
		return nil
	})
}
