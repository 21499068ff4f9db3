package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSources(t *testing.T) {
	var out strings.Builder
	if err := list(&out, "../../lifeboat.sample.yaml"); err != nil {
		t.Fatal(err)
	}
	const head = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-apim/providers/Microsoft.ApiManagement/service/apim-contoso-"
	if got, want := out.String(), "apim-weu\t"+head+"weu\napim-neu\t"+head+"neu\n"; got != want {
		t.Errorf("sources = %q, want %q: services without their standbys", got, want)
	}
	bad := filepath.Join(t.TempDir(), "lifeboat.yaml")
	if err := os.WriteFile(bad, []byte("version: 2\nservices: {a: {}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := list(&out, bad); err == nil || !strings.Contains(err.Error(), "want 1") || !strings.Contains(err.Error(), "resourceId") {
		t.Errorf("a bad plan: %v, want every mistake", err)
	}
	if err := list(&out, bad+"x"); err == nil || !strings.Contains(err.Error(), "lifeboat.sample.yaml") {
		t.Errorf("no plan: %v, want what to do", err)
	}
}
