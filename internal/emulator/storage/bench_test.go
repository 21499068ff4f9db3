package storage_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
)

// BenchmarkTable is of the SDK's client and the stand-in together, over a
// table of a month of a thousand services.
func BenchmarkTable(b *testing.B) {
	s, err := storage.New(storage.Options{})
	if err != nil {
		b.Fatal(err)
	}
	service, err := aztables.NewServiceClientFromConnectionString(s.ConnectionString(endpoint, endpoint), clientOptions(wire.Transport{Handler: s.Table()}))
	if err != nil {
		b.Fatal(err)
	}
	if err := s.CreateTable("jobs"); err != nil {
		b.Fatal(err)
	}
	table := service.NewClient("jobs")
	row := func(service, day int) []byte {
		body, err := json.Marshal(map[string]any{
			"PartitionKey": fmt.Sprintf("apim-%04d", service), "RowKey": fmt.Sprintf("job|2026-03-%02d", day),
			"State": "Succeeded", "Revision": day, "Next": "2026-03-01T01:00:00Z", "Next@odata.type": "Edm.DateTime",
		})
		if err != nil {
			b.Fatal(err)
		}
		return body
	}
	for service := range 1000 {
		for day := range 30 {
			if _, err := table.UpsertEntity(b.Context(), row(service, day), nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("replace", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := table.UpdateEntity(b.Context(), row(i%1000, i%30), &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeReplace}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := table.GetEntity(b.Context(), fmt.Sprintf("apim-%04d", i%1000), "job|2026-03-07", nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("query a partition", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			o := &aztables.ListEntitiesOptions{Filter: to.Ptr(fmt.Sprintf("PartitionKey eq 'apim-%04d' and RowKey ge 'job|' and RowKey lt 'job}'", i%1000))}
			page, err := table.NewListEntitiesPager(o).NextPage(b.Context())
			if err != nil || len(page.Entities) != 30 {
				b.Fatalf("%d rows, %v", len(page.Entities), err)
			}
		}
	})
}
