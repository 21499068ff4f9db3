package recoverytest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var authorityCases = []BlobsCase{
	{"nobody has the authority until it is claimed", claim},
	{"an authority that has changed is not claimed", claimStale},
	{"of claims at once one is made", claimRace},
	{"each container has an authority of its own", claimApart},
	{"a claim that names no table or no epoch is not made", claimUseless},
	{"an authority is no record, and no backup's removal takes it", claimBeside},
}

func claimOf(epoch int) job.Authority {
	return job.Authority{Table: fmt.Sprint("account/table", epoch), Epoch: epoch, At: begin.Add(time.Duration(epoch) * time.Hour), By: fmt.Sprint("person <", epoch, ">")}
}

func authorityOf(t *testing.T, b recovery.Blobs) job.StoredAuthority {
	t.Helper()
	a, err := b.Authority(t.Context(), Backups)
	check(t, err)
	if a.ETag == "" {
		t.Error("an authority was read without a tag")
	}
	return a
}

func contained(c Containers) { c.Put(Backups, "apim-weu-0.apimbackup", 1) }

func claim(t *testing.T, b recovery.Blobs, c Containers) {
	contained(c)
	_, err := b.Authority(t.Context(), Backups)
	wantIs(t, err, job.ErrNotFound)
	var from job.StoredAuthority
	for epoch := range 4 {
		a := claimOf(epoch + 1)
		if epoch == 2 {
			a.By = "" // the app itself
		}
		check(t, b.Claim(t.Context(), Backups, from, a))
		now := authorityOf(t, b)
		want(t, "authority", now.Authority, a)
		want(t, "authority read again", authorityOf(t, b), now)
		if now.ETag == from.ETag {
			t.Error("the authority has changed, its tag has not")
		}
		from = now
	}
}

func claimStale(t *testing.T, b recovery.Blobs, c Containers) {
	contained(c)
	stale := job.StoredAuthority{Authority: claimOf(1), ETag: `"0x8DE0000000000"`}
	wantIs(t, b.Claim(t.Context(), Backups, stale, claimOf(2)), job.ErrConflict)
	_, err := b.Authority(t.Context(), Backups)
	wantIs(t, err, job.ErrNotFound)
	check(t, b.Claim(t.Context(), Backups, job.StoredAuthority{}, claimOf(1)))
	first := authorityOf(t, b)
	for _, from := range []job.StoredAuthority{{}, stale} {
		wantIs(t, b.Claim(t.Context(), Backups, from, claimOf(2)), job.ErrConflict)
		want(t, "authority", authorityOf(t, b), first)
	}
	check(t, b.Claim(t.Context(), Backups, first, claimOf(2)))
	second := authorityOf(t, b)
	wantIs(t, b.Claim(t.Context(), Backups, first, claimOf(3)), job.ErrConflict)
	want(t, "authority", authorityOf(t, b), second)
}

func claimRace(t *testing.T, b recovery.Blobs, c Containers) {
	contained(c)
	var from job.StoredAuthority
	for range 2 {
		errs := make([]error, 8)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { errs[i] = b.Claim(t.Context(), Backups, from, claimOf(i+1)) })
		}
		group.Wait()
		winner := slices.Index(errs, nil)
		if winner < 0 {
			t.Fatalf("nobody won: %v", errs)
		}
		for i, err := range errs {
			if i != winner {
				wantIs(t, err, job.ErrConflict)
			}
		}
		from = authorityOf(t, b)
		want(t, "authority", from.Authority, claimOf(winner+1))
	}
}

func claimApart(t *testing.T, b recovery.Blobs, c Containers) {
	contained(c)
	other := Backups
	other.Container = "others"
	c.Put(other, "apim-neu-0.apimbackup", 1)
	check(t, b.Claim(t.Context(), Backups, job.StoredAuthority{}, claimOf(1)))
	_, err := b.Authority(t.Context(), other)
	wantIs(t, err, job.ErrNotFound)
	check(t, b.Claim(t.Context(), other, job.StoredAuthority{}, claimOf(2)))
	want(t, "authority", authorityOf(t, b).Authority, claimOf(1))
	// Services that share a container share its authority.
	shared, err := b.Authority(t.Context(), named("apim-neu"))
	check(t, err)
	want(t, "authority", shared, authorityOf(t, b))
}

func claimUseless(t *testing.T, b recovery.Blobs, c Containers) {
	contained(c)
	for _, spoil := range []func(*job.Authority){
		func(a *job.Authority) { a.Table = "" },
		func(a *job.Authority) { a.Epoch = 0 },
		func(a *job.Authority) { a.At = time.Time{} },
	} {
		a := claimOf(1)
		spoil(&a)
		err := b.Claim(t.Context(), Backups, job.StoredAuthority{}, a)
		if err == nil {
			t.Errorf("%+v was claimed", a)
		}
		wantIs(t, err, errors.New("something else"))
		_, err = b.Authority(t.Context(), Backups)
		wantIs(t, err, job.ErrNotFound)
	}
}

func claimBeside(t *testing.T, b recovery.Blobs, c Containers) {
	p := ownRecord(1, "lifeboat", "1")
	recordBackup(t, b, c, p)
	check(t, b.Claim(t.Context(), Backups, job.StoredAuthority{}, claimOf(1)))
	wantRecorded(t, b, named("lifeboat"), p)
	check(t, b.Remove(t.Context(), Backups, p.Blob))
	want(t, "authority", authorityOf(t, b).Authority, claimOf(1))
}
