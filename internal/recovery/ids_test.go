package recovery_test

import (
	"log/slog"
	"testing"

	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

const idsPlan = `version: 1
defaults: {storageAccount: stbackups, container: apim}
services:
  apim:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim
    standbys: {apim-weu: {resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim-weu}}
  apim-neu:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim-neu
    standbys: {apim-weu: {resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim-weu}}
`

// Who sends a request can name the job that it will make.
func TestARequestMakesTheJobOfItsName(t *testing.T) {
	p, err := plan.Parse("ids.yaml", []byte(idsPlan))
	if err != nil {
		t.Fatal(err)
	}
	w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
	for _, r := range []request.Request{
		{ID: "one", Kind: request.Backup, Service: "apim", By: "ann"},
		{ID: "two", Kind: request.Restore, Service: "apim", By: "ann"},
		{ID: "three", Kind: request.Restore, Service: "apim-neu", To: "apim-weu", By: "ann"},
	} {
		if err := w.Engine.Request(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for home, id := range map[string]string{
		"apim": recovery.RequestedBackup("apim", "one"), "apim-weu": recovery.RequestedRestore("apim-weu", "three"),
	} {
		if _, err := w.Store.Job(t.Context(), home, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.Store.Job(t.Context(), "apim-weu", recovery.RequestedRestore("apim-weu", "two")); err != nil {
		t.Error(err)
	}
}
