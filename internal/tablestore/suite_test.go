package tablestore_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

func TestStore(t *testing.T) {
	recoverytest.TestStore(t, func(t *testing.T) recovery.Store { return setup(t, storage.Options{}) })
}

// Azure may end a page after any row, or before the first.
func TestStoreInSmallPages(t *testing.T) {
	recoverytest.TestStore(t, func(t *testing.T) recovery.Store {
		return setup(t, storage.Options{PageSize: 2, ScanLimit: 1})
	})
}

func TestStoreInBubble(t *testing.T) {
	for _, c := range recoverytest.StoreCases() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.Run(t, connect(t, storage.Options{Now: time.Now}, overPipe(t)))
			})
		})
	}
}
