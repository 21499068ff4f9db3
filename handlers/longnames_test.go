package handlers_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"lifeboat/handlers"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/plan"
)

// The longest names make the longest ids of messages, and those arrive.
func TestTheLongestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := "apim-" + strings.Repeat("x", 45)
		p, err := plan.Parse("long.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *, jitter: 10m}
services: {`+service+`: {resourceId: `+samples+service+`}}
`))
		if err != nil {
			t.Fatal(err)
		}
		services := emulator.SampleServices()[:1]
		services[0].Name = service
		a := &app{t: t, azure: emulator.New(emulator.Options{Services: services})}
		log := slog.New(slog.DiscardHandler)
		engine := a.engine(p, log)
		engine.NewID = uuid.NewString // as it is deployed
		a.worker = host.NewInProcess(handlers.New(engine, log))
		a.serve(a.worker)
		defer a.stop()
		time.Sleep(59 * time.Minute)
		if got := a.rows(service, "point|"); len(got) != 1 {
			t.Fatalf("%d points, want one: %v", len(got), a.jobs(service))
		}
		backup := a.rows(service, "point|")[0]["Blob"].(string)
		if err := a.azure.Storage.DeleteBlob("apim", backup); err != nil {
			t.Fatal(err)
		}
		event := fmt.Sprintf(`{"id":"e1","topic":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stbackups",
"subject":"/blobServices/default/containers/apim/blobs/%s","eventType":"Microsoft.Storage.BlobDeleted","eventTime":%q,
"data":{"api":"DeleteBlob"},"dataVersion":"1","metadataVersion":"1"}`, backup, time.Now().Format(time.RFC3339))
		if _, err := a.host.Fire("ConfigChange", event); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // nobody waits for the watchdog
		told := false
		for _, n := range a.rows(service, "notice|") {
			if n["Type"] == "PointWithdrawn" {
				told = n["State"] == "Delivered"
			}
		}
		if !told {
			t.Errorf("the notice was not delivered: %v", a.rows(service, "notice|"))
		}
	})
}
