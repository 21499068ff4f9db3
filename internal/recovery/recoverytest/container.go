package recoverytest

import (
	"context"
	"fmt"
	"time"

	"lifeboat/internal/job"
)

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
		a.backups[blob] = b
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

// Sidecar is what the sidecar of blob says; false if there is none.
func (a *Azure) Sidecar(blob string) (job.Point, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, ok := a.sidecars[blob]
	return copyPoint(p), ok
}

// Artefact implements recovery.Blobs.
func (a *Azure) Artefact(_ context.Context, _ job.Service, blob string) (found job.Artefact, err error) {
	err = a.do("blobs.Artefact", unchanged, func() error {
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
	err = a.do("blobs.Record", unchanged, func() error {
		if _, ok := a.sidecars[p.Blob]; !ok {
			a.sidecars[p.Blob] = copyPoint(p)
		}
		recorded = copyPoint(a.sidecars[p.Blob])
		return nil
	})
	return recorded, err
}

// Amend implements recovery.Blobs.
func (a *Azure) Amend(_ context.Context, _ job.Service, p job.Point) error {
	return a.do("blobs.Amend", unchanged, func() error {
		says, ok := a.sidecars[p.Blob]
		if !ok {
			return fmt.Errorf("sidecar of blob %s: %w", p.Blob, job.ErrNotFound)
		}
		says.ConcurrentChanges, says.Withdrawn, says.WithdrawnWhy = p.ConcurrentChanges, p.Withdrawn, p.WithdrawnWhy
		a.sidecars[p.Blob] = says
		return nil
	})
}
