package event

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

const (
	documented  = "/subscriptions/{subscription-id}/resourceGroups/{your-rg}/providers/Microsoft.ApiManagement/service/{your-APIM-instance}"
	hostAccount = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acct"
)

// samples are events as Microsoft documents them and as the Functions host
// hands them over.
var samples = map[string]Event{
	"apim-cloudevent": Change{
		ID: "95015754-aa51-4eb6-98d9-9ee322b82ad7", At: at("2021-07-12T23:13:44.9048323Z"),
		Resource: documented + "/apis/myapi;Rev=1", Service: documented, What: "Microsoft.ApiManagement.APIUpdated",
	},
	"apim-eventgrid": Change{
		ID: "92c502f2-a966-42a7-a428-d3b319844544", At: at("2021-07-02T00:47:47.8536532Z"),
		Resource: documented + "/products/myproduct", Service: documented, What: "Microsoft.ApiManagement.ProductCreated",
	},
	"resource-action": Ignored{
		ID: "{ID}", At: at("2018-10-08T22:46:22.6022559Z"), Type: "Microsoft.Resources.ResourceActionSuccess", Reason: Backup,
		Resource: "/subscriptions/{s}/resourceGroups/{rg}/providers/Microsoft.ApiManagement/service/{n}",
	},
	"blob-deleted": BlobDeleted{
		ID: "831e1650-001e-001b-66ab-eeb76e069631", At: at("2017-06-26T18:41:00.9584103Z"),
		Account: "my-storage-account", Container: "test-container", Blob: "new-file.txt",
	},
	"blob-created": Ignored{
		ID: "831e1650-001e-001b-66ab-eeb76e069631", At: at("2017-06-26T18:41:00.9584103Z"), Type: "Microsoft.Storage.BlobCreated", Reason: Blob,
		Resource: "/subscriptions/{subscription-id}/resourceGroups/Storage/providers/Microsoft.Storage/storageAccounts/my-storage-account",
	},
	"health": Ignored{
		ID: "1fb6fa94-d965-4306-abeq-4810f0774e97", At: at("2023-07-24T19:20:37.9245071Z"),
		Type: "Microsoft.ResourceNotifications.HealthResources.AvailabilityStatusChanged", Reason: UnknownType, Resource: "/subscriptions/{subscription-id}",
	},
	"host-eventgrid":   hostBlob,
	"host-cloudevent":  hostBlob,
	"host-string-data": hostBlob,
}

var hostBlob = Ignored{ID: "831e1650", At: at("2026-09-30T02:00:00.1234567Z"), Type: "Microsoft.Storage.BlobCreated", Reason: Blob, Resource: hostAccount}

func TestDecodeSamples(t *testing.T) {
	for name, want := range samples {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(sample(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}
