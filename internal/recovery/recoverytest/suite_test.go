package recoverytest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

func TestStoreInMemory(t *testing.T) {
	recoverytest.TestStore(t, func(*testing.T) recovery.Store {
		return recoverytest.NewStore(new(recoverytest.Effects))
	})
}

// A container in memory is filled only by backups that Azure ran, so each
// blob is put there by one; sizes are the operations' own.
func TestBlobsInMemory(t *testing.T) {
	for _, c := range recoverytest.BlobsCases() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				azure := recoverytest.NewAzure(new(recoverytest.Effects), time.Now)
				put := func(service job.Service, blob string, size int) {
					azure.Spoil = func(o *recoverytest.Operation) { o.Size = int64(size) }
					if _, err := azure.StartBackup(t.Context(), service, blob); err != nil {
						t.Fatal(err)
					}
					time.Sleep(azure.Duration)
				}
				protect := func(_ job.Service, blob string) func() {
					azure.Protect(blob)
					return func() { azure.Unprotect(blob) }
				}
				spoil := func(_ job.Service, blob string) {
					azure.SpoilSidecar(blob, fmt.Errorf("not JSON: %w", job.ErrUnreadable))
				}
				drop := func(job.Service) { azure.DropContainer() }
				c.Run(t, azure, recoverytest.Containers{Put: put, Protect: protect, Spoil: spoil, Drop: drop})
			})
		})
	}
}
