package handlers_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/plan"
)

// What the retention lets go is deleted from the real container, and nothing
// else is.
func TestOldBackupsAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := plan.Parse("prune.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *, jitter: 10m}
services:
  apim-weu:
    resourceId: `+samples+`apim-weu
    retention: {keepLast: 2, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 1}
  apim-neu: {resourceId: `+samples+`apim-neu}
`))
		if err != nil {
			t.Fatal(err)
		}
		a := start(t, p, emulator.SampleServices())
		defer a.stop()
		time.Sleep(4*24*time.Hour + 4*time.Hour)
		// Unpruned are the missed one of the night before, and five.
		for service, want := range map[string]int{"apim-weu": 2, "apim-neu": 6} {
			blobs := map[string]bool{}
			backups := 0
			for _, b := range a.azure.Storage.ListBlobs("apim", service+"-") {
				blobs[b.Name] = true
				if !strings.HasSuffix(b.Name, ".json") {
					backups++
				}
			}
			points := a.rows(service, "point|")
			if len(points) != want || backups != want || len(blobs) != 2*want {
				t.Errorf("%s has %d points, %d backups and %d blobs, want %d, %d and %d", service, len(points), backups, len(blobs), want, want, 2*want)
			}
			for _, p := range points {
				if name, _ := p["Blob"].(string); !blobs[name] || !blobs[name+".lifeboat.json"] {
					t.Errorf("point %s without its blobs", name)
				}
			}
		}
	})
}
