package recoverytest

import (
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var removalCases = []BlobsCase{
	{"a removed backup is gone with its sidecar, and nothing else is", removed},
	{"what is gone already is removed without an error", removedNothing},
	{"a protected backup stays, and so does its sidecar", removedProtected},
}

// recordBackup puts a backup and its sidecar there.
func recordBackup(t *testing.T, b recovery.Blobs, c Containers, p job.Point) {
	t.Helper()
	c.Put(Backups, p.Blob, 1)
	got, err := b.Record(t.Context(), Backups, p)
	check(t, err)
	want(t, "recorded point", got, p)
}

func wantGone(t *testing.T, b recovery.Blobs, p job.Point) {
	t.Helper()
	_, err := b.Artefact(t.Context(), Backups, p.Blob)
	wantIs(t, err, job.ErrNotFound)
	wantIs(t, b.Amend(t.Context(), Backups, p.Blob, Later(p)), job.ErrNotFound)
}

func wantThere(t *testing.T, b recovery.Blobs, p job.Point) {
	t.Helper()
	_, err := b.Artefact(t.Context(), Backups, p.Blob)
	check(t, err)
	check(t, b.Amend(t.Context(), Backups, p.Blob, Later(p)))
	want(t, "recorded point", recorded(t, b, p.Blob), p)
}

func removed(t *testing.T, b recovery.Blobs, c Containers) {
	one, other := recordPoint(1, "a.apimbackup"), recordPoint(1000, "a.apimbackup.2")
	recordBackup(t, b, c, one)
	recordBackup(t, b, c, other)
	for range 2 {
		check(t, b.Remove(t.Context(), Backups, one.Blob))
		wantGone(t, b, one)
		wantThere(t, b, other)
	}
	again := recordPoint(2000, one.Blob) // nothing of the old one is left
	recordBackup(t, b, c, again)
	wantThere(t, b, again)
}

func removedNothing(t *testing.T, b recovery.Blobs, c Containers) {
	p := recordPoint(1, "a.apimbackup")
	check(t, b.Remove(t.Context(), Backups, p.Blob)) // nor is the container, maybe
	c.Put(Backups, "b.apimbackup", 1)
	check(t, b.Remove(t.Context(), Backups, p.Blob))
	_, err := b.Record(t.Context(), Backups, p) // a sidecar that outlived its backup
	check(t, err)
	check(t, b.Remove(t.Context(), Backups, p.Blob))
	wantGone(t, b, p)
	check(t, b.Remove(t.Context(), Backups, "b.apimbackup")) // it has no sidecar
	wantGone(t, b, job.Point{Blob: "b.apimbackup"})
}

func removedProtected(t *testing.T, b recovery.Blobs, c Containers) {
	one, other := recordPoint(1, "a.apimbackup"), recordPoint(1000, "b.apimbackup")
	recordBackup(t, b, c, one)
	recordBackup(t, b, c, other)
	lift := c.Protect(Backups, one.Blob)
	for range 2 {
		wantRefused(t, b.Remove(t.Context(), Backups, one.Blob))
		wantThere(t, b, one)
	}
	check(t, b.Remove(t.Context(), Backups, other.Blob))
	wantGone(t, b, other)
	lift()
	check(t, b.Remove(t.Context(), Backups, one.Blob))
	wantGone(t, b, one)
}
