package blobstore

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

// sample is a sidecar as it lies in containers: it must stay readable.
func sample(t testing.TB) string { return sampleOf(t, "sidecar.json") }

func sampleOf(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSample(t *testing.T) {
	two, none := job.Tally{Count: 2, Hash: "8d8b5d2a9b9f1e03"}, job.NewTally(nil)
	want := job.Point{
		Service:    "apim-weu",
		Job:        "apim-weu-20260301T010000Z-backup",
		Attempt:    1,
		Blob:       "apim-weu-20260301T010000Z-backup-a1-3f2a91.apimbackup",
		Size:       7789321,
		StartedAt:  time.Date(2026, 3, 1, 1, 4, 12, 345678901, time.UTC),
		VerifiedAt: time.Date(2026, 3, 1, 1, 26, 40, 0, time.UTC),
		Before:     job.Inventory{APIs: two, NamedValues: none},
		After:      job.Inventory{APIs: two, Products: job.Tally{Count: 1, Hash: "0a1b2c3d4e5f6071"}, NamedValues: none},
		Facts:      job.Facts{Tier: "Developer", Units: 1, Location: "West Europe"},
	}
	testSample(t, "sidecar.json", want)
	want.Settings = map[string]string{"hostnames": "gateway api.contoso.example", "virtualNetworkType": "None"}
	testSample(t, "sidecar-settings.json", want)
	want.ConcurrentChanges, want.Withdrawn, want.WithdrawnWhy = true, time.Date(2026, 3, 9, 11, 0, 7, 500000000, time.UTC), "its blob was deleted"
	testSample(t, "sidecar-withdrawn.json", want)
	want.ConcurrentChanges, want.Withdrawn, want.WithdrawnWhy = false, time.Time{}, ""
	want.Held, want.HeldBy = "kept for the audit", "Ala"
	testSample(t, "sidecar-held.json", want)
}

func testSample(t *testing.T, name string, want job.Point) {
	t.Helper()
	got, err := decode([]byte(sampleOf(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	text, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleOf(t, name), string(text)); diff != "" {
		t.Errorf("%s written (-want +got):\n%s", name, diff)
	}
}

func TestDecode(t *testing.T) {
	whole := sample(t)
	for name, c := range map[string]struct {
		text string
		want string // in the error, "" for none
	}{
		"a field from the future":     {strings.Replace(whole, "{", `{"holds": [1], `, 1), ""},
		"a schema from the future":    {strings.Replace(whole, `"schema": 1`, `"size": "other", "schema": 2`, 1), "schema 2"},
		"no schema":                   {strings.Replace(whole, `"schema": 1,`, "", 1), "corrupt"},
		"no blob":                     {strings.Replace(whole, `"blob"`, `"blub"`, 1), "corrupt"},
		"no start":                    {strings.Replace(whole, `"startedAt"`, `"begunAt"`, 1), "corrupt"},
		"a size of another type":      {strings.Replace(whole, "7789321", `"big"`, 1), "not readable"},
		"a time that is none":         {strings.Replace(whole, "2026-03-01T01:26:40Z", "yesterday", 1), "not readable"},
		"empty settings":              {strings.Replace(whole, "{", `{"settings": {}, `, 1), ""},
		"settings of another type":    {strings.Replace(whole, "{", `{"settings": ["a"], `, 1), "not readable"},
		"a withdrawal that is none":   {strings.Replace(whole, "{", `{"withdrawn": true, `, 1), "not readable"},
		"a job that is no key":        {strings.Replace(whole, `"job": "apim`, `"job": "a/pim`, 1), "key"},
		"a job with a line's end":     {strings.Replace(whole, `"job": "apim`, `"job": "a\npim`, 1), "key"},
		"a job too long for a key":    {strings.Replace(whole, `"job": "`, `"job": "`+strings.Repeat("😀", 230), 1), "key"},
		"the longest job":             {strings.Replace(whole, `"job": "`, `"job": "`+strings.Repeat("😀", 200), 1), ""},
		"a start too early":           {strings.Replace(whole, "2026-03-01T01:04", "1600-12-31T23:59", 1), "want times"},
		"a start beyond the years":    {strings.Replace(whole, "2026-03-01T01:04:12.345678901Z", "9999-12-31T23:59:59-23:59", 1), "want times"},
		"a withdrawal too early":      {strings.Replace(whole, "{", `{"withdrawn": "0999-01-01T00:00:00Z", `, 1), "want times"},
		"a tier too long":             {strings.Replace(whole, "Developer", strings.Repeat("D", 33000), 1), "want tier"},
		"a hash too long":             {strings.Replace(whole, "8d8b", strings.Repeat("8", 33000), 1), "want tier"},
		"a count too large":           {strings.Replace(whole, `"count": 2`, `"count": 3000000000`, 1), "32 bits"},
		"a hold that is long":         {strings.Replace(whole, "{", `{"held": "`+strings.Repeat("h", 40000)+`", `, 1), ""},
		"half of it":                  {whole[:len(whole)/2], "not readable"},
		"nothing":                     {"", "not readable"},
		"null":                        {"null", "corrupt"},
		"something far too large":     {whole + strings.Repeat(" ", maxSidecar), "larger"},
		"a time in another time zone": {strings.Replace(whole, "01:26:40Z", "02:26:40+01:00", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := decode([]byte(c.text))
			if c.want == "" {
				if err != nil || !p.VerifiedAt.Equal(time.Date(2026, 3, 1, 1, 26, 40, 0, time.UTC)) || p.VerifiedAt.Location() != time.UTC {
					t.Errorf("decode = %+v, %v", p, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("decode: %v, want an error that says %q", err, c.want)
			}
			if got := errors.Is(err, job.ErrNewerSchema); got != (c.want == "schema 2") {
				t.Errorf("error %v is for a newer schema: %t", err, got)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(sample(f)))
	f.Add([]byte(sampleOf(f, "sidecar-settings.json")))
	f.Add([]byte(sampleOf(f, "sidecar-withdrawn.json")))
	f.Add([]byte(sampleOf(f, "sidecar-held.json")))
	f.Add([]byte(`{"schema":2}`))
	f.Add([]byte(`{"schema":1,"service":"s","blob":"b","startedAt":"2026-03-01T01:00:00+01:00","verifiedAt":"9999-12-31T23:59:59-23:59"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := decode(text)
		if err != nil {
			return
		}
		again, says, err := sidecarOf(p)
		if err != nil {
			return // a zone can push a time beyond year 9999
		}
		if len(again) <= maxSidecar && !cmp.Equal(p, says) {
			t.Errorf("decoded %+v, written and read again %+v", p, says)
		}
	})
}
