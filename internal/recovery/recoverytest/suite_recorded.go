package recoverytest

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var recordedCases = []BlobsCase{
	{"a container without records tells of no point", recordedNothing},
	{"every record of a service comes back whole, and no other's", recordedAll},
	{"records come back as they were amended, until they are removed", recordedAmended},
	{"a record that can't be read comes last and hides no other", recordedSpoilt},
	{"a container that is not there is not found", noContainer},
	{"recorded points are not shared with their callers", recordedApart},
}

// allRecorded are the points that the container tells of, by blob, and the
// errors after them.
func allRecorded(t *testing.T, b recovery.Blobs, s job.Service) (points []job.Point, errs []error) {
	t.Helper()
	for p, err := range b.Recorded(t.Context(), s) {
		switch {
		case err != nil:
			errs = append(errs, err)
		case len(errs) > 0:
			t.Errorf("point %s came after %v", p.Blob, errs)
		default:
			points = append(points, p)
		}
	}
	slices.SortFunc(points, func(a, b job.Point) int { return cmp.Compare(a.Blob, b.Blob) })
	return points, errs
}

func wantRecorded(t *testing.T, b recovery.Blobs, s job.Service, all ...job.Point) {
	t.Helper()
	got, errs := allRecorded(t, b, s)
	want(t, "errors", len(errs), 0)
	want(t, "recorded points of "+s.Name, got, all)
}

// named is Backups as another service's.
func named(service string) job.Service {
	s := Backups
	s.Name = service
	return s
}

// ownRecord has a value in every field and is of service.
func ownRecord(seed int, service, rest string) job.Point {
	p := recordPoint(seed, service+"-"+rest+".apimbackup")
	p.Service = service
	return p
}

func recordedNothing(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "apim-weu-1.apimbackup", 1) // a backup that nobody verified
	wantRecorded(t, b, Backups)
	recordBackup(t, b, c, ownRecord(1, "apim-weu", "2"))
	check(t, b.Remove(t.Context(), Backups, "apim-weu-2.apimbackup"))
	check(t, b.Remove(t.Context(), Backups, "apim-weu-1.apimbackup"))
	wantRecorded(t, b, Backups)
}

func recordedAll(t *testing.T, b recovery.Blobs, c Containers) {
	full := ownRecord(1, "apim-weu", "1")
	bare := job.Point{Service: "apim-weu", Blob: "apim-weu-2.apimbackup", StartedAt: begin, VerifiedAt: begin.Add(time.Hour)}
	bare.After.APIs = job.NewTally(nil) // counted, and none
	live := ownRecord(2000, "apim-weu", "3")
	live.ConcurrentChanges, live.Held, live.HeldBy, live.Withdrawn, live.WithdrawnWhy = false, "", "", time.Time{}, ""
	longer, shorter := ownRecord(3000, "apim-weu-2", "1"), ownRecord(4000, "apim", "weu2-1")
	for _, p := range []job.Point{live, longer, full, shorter, bare} {
		recordBackup(t, b, c, p)
	}
	for range 2 {
		wantRecorded(t, b, Backups, full, bare, live)
		wantRecorded(t, b, named("apim-weu-2"), longer)
		wantRecorded(t, b, named("apim"), shorter)
		wantRecorded(t, b, named("apim-we"))
	}
	taken := 0
	for _, err := range b.Recorded(t.Context(), Backups) {
		check(t, err)
		if taken++; taken == 2 {
			break
		}
	}
	want(t, "taken", taken, 2)
}

func recordedAmended(t *testing.T, b recovery.Blobs, c Containers) {
	one, other := ownRecord(1, "apim-weu", "1"), ownRecord(1000, "apim-weu", "2")
	recordBackup(t, b, c, one)
	c.Put(Backups, "apim-weu-0.apimbackup", 1) // so that there is a container
	_, err := b.Record(t.Context(), Backups, other)
	check(t, err) // a sidecar that outlived its backup
	wantRecorded(t, b, Backups, one, other)
	one.ConcurrentChanges, one.Held, one.HeldBy = false, "kept for the audit", "Ala"
	one.Withdrawn, one.WithdrawnWhy = begin.Add(time.Hour), "its blob is gone"
	check(t, b.Amend(t.Context(), Backups, one.Blob, Later(one)))
	wantRecorded(t, b, Backups, one, other)
	check(t, b.Remove(t.Context(), Backups, other.Blob))
	wantRecorded(t, b, Backups, one)
}

func recordedSpoilt(t *testing.T, b recovery.Blobs, c Containers) {
	first, last := ownRecord(1, "apim-weu", "1"), ownRecord(1000, "apim-weu", "5")
	recordBackup(t, b, c, first)
	recordBackup(t, b, c, last)
	blobs := []string{"apim-weu-2.apimbackup", "apim-weu-3.apimbackup"}
	for _, blob := range append(blobs, "apim-neu-2.apimbackup", "apim-weu2-2.apimbackup") {
		c.Put(Backups, blob, 1)
		c.Spoil(Backups, blob)
	}
	got, errs := allRecorded(t, b, Backups)
	want(t, "recorded points", got, []job.Point{first, last})
	want(t, "errors", len(errs), len(blobs))
	for i, err := range errs {
		wantIs(t, err, nil)
		if !strings.Contains(err.Error(), blobs[i]) {
			t.Errorf("error %q does not name %s", err, blobs[i])
		}
	}
	for _, err := range b.Recorded(t.Context(), Backups) {
		if err != nil {
			break // after the first of two
		}
	}
}

func noContainer(t *testing.T, b recovery.Blobs, c Containers) {
	p := ownRecord(1, "apim-weu", "1")
	recordBackup(t, b, c, p)
	check(t, b.Claim(t.Context(), Backups, job.StoredAuthority{}, claimOf(1)))
	read := authorityOf(t, b)
	c.Drop(Backups)
	_, errs := allRecorded(t, b, Backups)
	if len(errs) != 1 {
		t.Fatalf("errors %v, want one", errs)
	}
	wantIs(t, errs[0], job.ErrNotFound)
	_, err := b.Authority(t.Context(), Backups)
	wantIs(t, err, job.ErrNotFound)
	for _, from := range []job.StoredAuthority{{}, read} {
		wantIs(t, b.Claim(t.Context(), Backups, from, claimOf(2)), job.ErrNotFound)
	}
	_, err = b.Record(t.Context(), Backups, p)
	if err == nil {
		t.Error("a record was written into no container")
	}
	c.Put(Backups, "apim-weu-2.apimbackup", 1)
	wantRecorded(t, b, Backups)
	_, err = b.Authority(t.Context(), Backups)
	wantIs(t, err, job.ErrNotFound)
}

func recordedApart(t *testing.T, b recovery.Blobs, c Containers) {
	p := ownRecord(1, "apim-weu", "1")
	recordBackup(t, b, c, p)
	got, _ := allRecorded(t, b, Backups)
	got[0].Settings["spoilt"] = "spoilt"
	wantRecorded(t, b, Backups, p)
}
