package handlers_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator"
)

// A sidecar that no row can hold keeps no other point out of the catalogue.
func TestRebuildBesideAnOddSidecar(t *testing.T) {
	for name, odd := range map[string][2]string{
		"a job that is no key":     {`"job": "`, `"job": "a/`},
		"a job too long for a key": {`"job": "`, `"job": "` + strings.Repeat("a", 600)},
		"a tier too long":          {`"tier": "`, `"tier": "` + strings.Repeat("a", 40_000)},
		"a time too late":          {`"verifiedAt": "`, `"verifiedAt": "9999-12-31T23:59:59-23:59", "was": "`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { rebuiltBeside(t, odd[0], odd[1]) })
		})
	}
}

// rebuiltBeside rebuilds from three sidecars, in the second of which a text was
// replaced.
func rebuiltBeside(t *testing.T, from, to string) {
	p := samplePlan(t, "apim-weu")
	a := start(t, p, emulator.SampleServices())
	defer a.stop()
	time.Sleep(26*time.Hour + 30*time.Minute)
	used := a.bus
	engine := a.engine(p, slog.New(slog.DiscardHandler))
	unused := a.bus
	a.bus = used
	defer unused.Close(t.Context())
	var blobs []string
	for point, err := range engine.Store.Points(t.Context(), "apim-weu") {
		if err != nil {
			t.Fatal(err)
		}
		blobs = append(blobs, point.Blob)
		stored, err := engine.Store.Point(t.Context(), "apim-weu", point.Blob)
		if err == nil {
			err = engine.Store.RemovePoint(t.Context(), stored)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(blobs) != 3 {
		t.Fatalf("%d points, want three nights", len(blobs))
	}
	sidecar := blobs[1] + ".lifeboat.json"
	text, _, err := a.azure.Storage.GetBlob("apim", sidecar)
	if err != nil || !bytes.Contains(text, []byte(from)) {
		t.Fatalf("sidecar %s, %v", text, err)
	}
	if err := a.azure.Storage.PutBlob("apim", sidecar, bytes.Replace(text, []byte(from), []byte(to), 1), nil); err != nil {
		t.Fatal(err)
	}
	got, err := engine.Rebuild(t.Context(), "apim-weu", "ann")
	if err != nil || got.Added != 2 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], sidecar) {
		t.Errorf("Rebuild = %+v, %v, want two added and a warning of %s", got, err, sidecar)
	}
}
