package event

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestDecode(t *testing.T) {
	theRest := cmp.Options{
		cmpopts.IgnoreFields(Change{}, "ID", "At", "What"),
		cmpopts.IgnoreFields(BlobDeleted{}, "ID", "At"),
		cmpopts.IgnoreFields(Ignored{}, "ID", "At", "Type"),
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, b := range c.body.cased() {
				for form, raw := range b.forms() {
					if diff := cmp.Diff(c.want, decoded(t, raw), theRest); diff != "" {
						t.Errorf("%s, %s (-want +got):\n%s", form, b.kind, diff)
					}
				}
			}
		})
	}
}

func TestDecodeKeepsIDTimeAndType(t *testing.T) {
	when := at("2026-03-01T02:10:00.1234567Z")
	key := arm("ActionSuccess", apim+"/subscriptions/s", op+"subscriptions/regeneratePrimaryKey/action")
	unnamed := arm("ActionSuccess", apim, " ")
	for _, c := range []struct {
		name string
		body body
		want Event
	}{
		{"a change by API Management's event", own("APICreated"), Change{"e1", when, apim + "/apis/a", apim, "Microsoft.ApiManagement.APICreated"}},
		{"a change by an operation", key, Change{"e1", when, apim + "/subscriptions/s", apim, op + "subscriptions/regeneratePrimaryKey/action"}},
		{"a change by an operation without a name", unnamed, Change{"e1", when, apim, apim, "Microsoft.Resources.ResourceActionSuccess"}},
		{"a deleted blob", blob("BlobDeleted", path+"b"), BlobDeleted{"e1", when, "backups01", "apim-backups", "b"}},
		{"nothing", blob("BlobCreated", path+"b"), Ignored{"e1", when, "Microsoft.Storage.BlobCreated", Blob, account}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for form, raw := range c.body.forms() {
				if diff := cmp.Diff(c.want, decoded(t, raw)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", form, diff)
				}
			}
		})
	}
}

func TestAServiceIsCutFromItsIDInTheLettersItCame(t *testing.T) {
	const id = "/SUBSCRIPTIONS/1A/resourcegroups/Rg/Providers/microsoft.APIMANAGEMENT/Service/Apim-WEU"
	for _, b := range []body{
		{"Microsoft.ApiManagement.APIUpdated", apim, "", data(id + "/APIs/a")},
		{"Microsoft.Resources.ResourceWriteSuccess", group, "", operated(id+"/APIs/a", op+"apis/write")},
	} {
		got, ok := decoded(t, b.forms()["Event Grid"]).(Change)
		if !ok || got.Service != id || got.Resource != id+"/APIs/a" {
			t.Errorf("%s: %+v, want a change in %s", b.kind, got, id)
		}
	}
}
