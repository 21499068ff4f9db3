package blobstore_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

func TestBlobs(t *testing.T) {
	recoverytest.TestBlobs(t, func(t *testing.T) (recovery.Blobs, recoverytest.Containers) {
		b := setup(t)
		return b, b.containers(t)
	})
}

func TestBlobsInBubble(t *testing.T) {
	for _, c := range recoverytest.BlobsCases() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := connect(t, storage.Options{Now: time.Now}, overPipe(t))
				c.Run(t, b, b.containers(t))
			})
		})
	}
}
