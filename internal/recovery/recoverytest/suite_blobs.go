package recoverytest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// BlobsCase is one promise of recovery.Blobs. Run gets empty containers and
// what a case may do to them from outside.
type BlobsCase struct {
	Name string
	Run  func(t *testing.T, b recovery.Blobs, c Containers)
}

// Containers are the backup containers without the port.
type Containers struct {
	// Put puts a blob of some size into a service's container.
	Put func(service job.Service, blob string, size int)
	// Protect has storage refuse to remove a blob, though not its sidecar,
	// until lift is called.
	Protect func(service job.Service, blob string) (lift func())
	// Spoil lets there be a sidecar of a blob that can't be read.
	Spoil func(service job.Service, blob string)
	// Drop removes a service's container with all that is in it.
	Drop func(service job.Service)
}

// TestBlobs checks that the containers which open makes keep the promises of
// recovery.Blobs. They must be empty.
func TestBlobs(t *testing.T, open func(t *testing.T) (recovery.Blobs, Containers)) {
	for _, one := range BlobsCases() {
		t.Run(one.Name, func(t *testing.T) {
			b, c := open(t)
			one.Run(t, b, c)
		})
	}
}

// BlobsCases are the cases of TestBlobs, for a caller that wants each in a
// bubble.
func BlobsCases() []BlobsCase {
	return slices.Concat([]BlobsCase{
		{"a blob that is not there is not found", noBlob},
		{"a blob is found by exactly its name, with its size", artefact},
		{"a record comes back whole", record},
		{"the first record stands", recordOnce},
		{"of records at once one stands", recordRace},
		{"a record that is not there is not amended", amendNothing},
		{"an amended record keeps all that is known from the start", amend},
		{"of amendments at once one stands whole", amendRace},
		{"amendments of different things keep each other", amendParts},
		{"what is of the table only is not recorded", tableOnly},
	}, removalCases, recordedCases, authorityCases)
}

// Backups are where the suites' backups go.
var Backups = job.Service{Name: "apim-weu", Account: "devstoreaccount1", Container: "backups"}

func noBlob(t *testing.T, b recovery.Blobs, c Containers) {
	_, err := b.Artefact(t.Context(), Backups, "missing.apimbackup") // nor is the container, maybe
	wantIs(t, err, job.ErrNotFound)
	c.Put(Backups, "missing.apimbackup.other", 1)
	_, err = b.Artefact(t.Context(), Backups, "missing.apimbackup")
	wantIs(t, err, job.ErrNotFound)
}

func artefact(t *testing.T, b recovery.Blobs, c Containers) {
	for blob, size := range map[string]int{"empty.apimbackup": 0, "full.apimbackup": 12345} {
		c.Put(Backups, blob, size)
		got, err := b.Artefact(t.Context(), Backups, blob)
		check(t, err)
		want(t, "artefact", got, job.Artefact{Name: blob, Size: int64(size)})
	}
}

// filledPoint has a value in every field.
func filledPoint(seed int, blob string) job.Point {
	var p job.Point
	fill(reflect.ValueOf(&p).Elem(), "Point", &seed)
	p.Blob = blob
	return p
}

// recordPoint has a value in every field that a sidecar keeps.
func recordPoint(seed int, blob string) job.Point {
	p := filledPoint(seed, blob)
	p.Pinned, p.Removing, p.Remover, p.RemovingSince = "", false, "", time.Time{}
	return p
}

func record(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "full.apimbackup", 1)
	c.Put(Backups, "bare.apimbackup", 1)
	bare := job.Point{Service: "apim-weu", Blob: "bare.apimbackup", StartedAt: begin, VerifiedAt: begin.Add(time.Hour)}
	bare.After.APIs = job.NewTally(nil) // counted, and none
	for _, p := range []job.Point{recordPoint(1, "full.apimbackup"), bare} {
		for range 2 {
			got, err := b.Record(t.Context(), Backups, p)
			check(t, err)
			want(t, "recorded point", got, p)
		}
	}
}

func recordOnce(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "full.apimbackup", 1)
	first, other := recordPoint(1, "full.apimbackup"), recordPoint(1000, "full.apimbackup")
	_, err := b.Record(t.Context(), Backups, first)
	check(t, err)
	got, err := b.Record(t.Context(), Backups, other)
	check(t, err)
	want(t, "recorded point", got, first)
}

func recordRace(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "full.apimbackup", 1)
	got, errs := make([]job.Point, 8), make([]error, 8)
	var group sync.WaitGroup
	for i := range got {
		group.Go(func() {
			got[i], errs[i] = b.Record(t.Context(), Backups, recordPoint(1000*i, "full.apimbackup"))
		})
	}
	group.Wait()
	check(t, errors.Join(errs...))
	for _, p := range got {
		want(t, "recorded point", p, got[0])
	}
}

func recorded(t *testing.T, b recovery.Blobs, blob string) job.Point {
	t.Helper()
	says, err := b.Record(t.Context(), Backups, recordPoint(5000, blob)) // what stands, stands
	check(t, err)
	return says
}

func amendNothing(t *testing.T, b recovery.Blobs, c Containers) {
	p := recordPoint(1, "full.apimbackup")
	wantIs(t, b.Amend(t.Context(), Backups, p.Blob, Later(p)), job.ErrNotFound) // nor is the container, maybe
	c.Put(Backups, p.Blob, 1)
	wantIs(t, b.Amend(t.Context(), Backups, p.Blob, Later(p)), job.ErrNotFound)
	other := recordPoint(1000, p.Blob)
	got, err := b.Record(t.Context(), Backups, other)
	check(t, err)
	want(t, "recorded point", got, other)
}

func amend(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "full.apimbackup", 1)
	p := recordPoint(1, "full.apimbackup")
	p.ConcurrentChanges, p.Held, p.HeldBy, p.Withdrawn, p.WithdrawnWhy = false, "", "", time.Time{}, ""
	_, err := b.Record(t.Context(), Backups, p)
	check(t, err)
	for range 2 {
		for _, next := range []func(){
			func() { p.ConcurrentChanges = true },
			func() { p.Withdrawn, p.WithdrawnWhy = begin.Add(time.Hour), "it's <gone> & \"lost\" – zażółć" },
			func() { p.Held, p.HeldBy = "kept for the <audit>", "Ala" },
			func() { p.WithdrawnWhy = "another reason" },
			func() { p.HeldBy = "Ola" },
			func() { p.Held = "" },
			func() { p.HeldBy = "" },
			func() { p.ConcurrentChanges = false },
			func() { p.Withdrawn, p.WithdrawnWhy = time.Time{}, "" },
		} {
			next()
			later := recordPoint(1000, p.Blob) // of which all else is known from the start
			later.ConcurrentChanges, later.Withdrawn, later.WithdrawnWhy = p.ConcurrentChanges, p.Withdrawn, p.WithdrawnWhy
			later.Held, later.HeldBy = p.Held, p.HeldBy
			for range 2 {
				check(t, b.Amend(t.Context(), Backups, later.Blob, Later(later)))
				want(t, "amended point", recorded(t, b, p.Blob), p)
			}
		}
	}
}

func amendRace(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "full.apimbackup", 1)
	first := recordPoint(1, "full.apimbackup")
	_, err := b.Record(t.Context(), Backups, first)
	check(t, err)
	errs := make([]error, 4)
	var group sync.WaitGroup
	amended := func(i int) job.Point {
		p := first
		p.ConcurrentChanges, p.Withdrawn, p.WithdrawnWhy = i%2 == 0, begin.Add(time.Duration(i)*time.Hour), fmt.Sprint("reason ", i)
		p.Held, p.HeldBy = fmt.Sprint("hold ", i), fmt.Sprint("person ", i)
		return p
	}
	for i := range errs {
		group.Go(func() { errs[i] = b.Amend(t.Context(), Backups, amended(i).Blob, Later(amended(i))) })
	}
	group.Wait()
	check(t, errors.Join(errs...))
	got, last := recorded(t, b, first.Blob), 0
	_, err = fmt.Sscanf(got.WithdrawnWhy, "reason %d", &last)
	check(t, err)
	want(t, "amended point", got, amended(last))
}

// Amendments of different things, at once: none takes another's back.
func amendParts(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "full.apimbackup", 1)
	p := recordPoint(1, "full.apimbackup")
	p.ConcurrentChanges, p.Held, p.HeldBy, p.Withdrawn, p.WithdrawnWhy = false, "", "", time.Time{}, ""
	_, err := b.Record(t.Context(), Backups, p)
	check(t, err)
	parts := []func(*job.Point){
		func(p *job.Point) { p.ConcurrentChanges = true },
		func(p *job.Point) { p.Held, p.HeldBy = "kept for the audit", "Ala" },
		func(p *job.Point) { p.Withdrawn, p.WithdrawnWhy = begin.Add(time.Hour), "its blob is gone" },
	}
	errs := make([]error, len(parts))
	var group sync.WaitGroup
	for i, part := range parts {
		group.Go(func() { errs[i] = b.Amend(t.Context(), Backups, p.Blob, part) })
	}
	group.Wait()
	check(t, errors.Join(errs...))
	for _, part := range parts {
		part(&p)
	}
	check(t, b.Amend(t.Context(), Backups, p.Blob, func(p *job.Point) { p.Size, p.Blob = 0, "another" })) // not known later
	want(t, "amended point", recorded(t, b, p.Blob), p)
}

func tableOnly(t *testing.T, b recovery.Blobs, c Containers) {
	c.Put(Backups, "full.apimbackup", 1)
	p, known := filledPoint(1, "full.apimbackup"), recordPoint(1, "full.apimbackup")
	for range 2 {
		got, err := b.Record(t.Context(), Backups, p)
		check(t, err)
		want(t, "recorded point", got, known)
		p.Held, known.Held = p.Held+"!", known.Held+"!"
		check(t, b.Amend(t.Context(), Backups, p.Blob, Later(p)))
		want(t, "amended point", recorded(t, b, p.Blob), known)
	}
}
