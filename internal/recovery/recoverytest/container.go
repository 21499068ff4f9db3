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
