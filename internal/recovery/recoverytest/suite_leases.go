package recoverytest

import (
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var leaseCases = []StoreCase{
	{"a lease is held by one job and comes free with its end", leaseLife},
	{"a lease that is held fails the whole save", leased},
	{"a lease can be read by itself", readLease},
	{"leases of different services don't meet", leasesApart},
	{"a stranded job's lease stays, orphaned", orphaned},
	{"an orphan's handle can be added later", follow},
	{"an orphan is released once, and only as it was read", release},
}

// second is another job of j's service.
func second(j job.Job) job.Job {
	j.ID += "-2"
	return j
}

// accepted is from after a start that Azure took.
func accepted(t *testing.T, s recovery.Store, from job.Stored, token string) job.Stored {
	t.Helper()
	started := move(t, s, from, job.Start{Owner: "owner"})
	return move(t, s, started, job.Accepted{ResumeToken: token})
}

func leaseLife(t *testing.T, s recovery.Store) {
	first := create(t, s, pending("apim-weu"))
	next := create(t, s, second(first.Job))
	running := accepted(t, s, first, "token")
	verifying := move(t, s, running, job.OperationSucceeded{})
	wantIs(t, s.Save(t.Context(), after(t, next, job.Start{Owner: "o"})), job.ErrLeased)
	pruning := move(t, s, verifying, job.Verified{})
	wantIs(t, s.Save(t.Context(), after(t, next, job.Start{Owner: "o"})), job.ErrLeased)
	move(t, s, pruning, job.Pruned{})
	move(t, s, next, job.Start{Owner: "o"})
	want(t, "orphans", collect(t, s.Orphans(t.Context())), nil)
}

func leased(t *testing.T, s recovery.Store) {
	first := create(t, s, pending("apim-weu"))
	held := move(t, s, first, job.Start{Owner: "owner"})
	next := create(t, s, second(first.Job))
	before := summary(t.Context(), t, s, "apim-weu")
	wantIs(t, s.Save(t.Context(), after(t, next, job.Start{Owner: "o"})), job.ErrLeased)
	want(t, "job", read(t, s, next.Job), next)
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), before)

	move(t, s, held, job.Busy{Reason: "gives the lease back"})
	move(t, s, next, job.Start{Owner: "o"})
}

func readLease(t *testing.T, s recovery.Store) {
	_, err := s.Lease(t.Context(), "apim-weu")
	wantIs(t, err, job.ErrNotFound)
	running := accepted(t, s, create(t, s, pending("apim-weu")), "token")
	held, err := s.Lease(t.Context(), "apim-weu")
	check(t, err)
	want(t, "lease", held.Lease, job.Lease{Service: "apim-weu", Job: running.ID})
	strand(t, s, running)
	wantIs(t, s.Release(t.Context(), held), job.ErrConflict)
	orphan, err := s.Lease(t.Context(), "apim-weu")
	check(t, err)
	want(t, "orphans", collect(t, s.Orphans(t.Context())), []job.StoredLease{orphan})
	check(t, s.Release(t.Context(), orphan))
	_, err = s.Lease(t.Context(), "apim-weu")
	wantIs(t, err, job.ErrNotFound)
}

func leasesApart(t *testing.T, s recovery.Store) {
	for _, service := range []string{"apim-a", "apim-b"} {
		move(t, s, create(t, s, pending(service)), job.Start{Owner: "o"})
	}
}

// strand ends from, whose operation goes on, by its deadline.
func strand(t *testing.T, s recovery.Store, from job.Stored) job.Stored {
	t.Helper()
	to, err := job.Apply(from.Job, job.Deferred{Reason: "no answer"}, rules, from.Deadline)
	check(t, err)
	if !to.Stranded {
		t.Fatalf("job is not stranded: %+v", to)
	}
	check(t, s.Save(t.Context(), job.Move{From: from, To: to}))
	return read(t, s, from.Job)
}

func orphaned(t *testing.T, s recovery.Store) {
	var leases []job.Lease
	for _, service := range []string{"apim-a", "apim-b"} {
		running := accepted(t, s, create(t, s, pending(service)), "token of "+service)
		strand(t, s, running)
		leases = append(leases, job.Lease{Service: service, Job: running.ID, Orphaned: true, ResumeToken: "token of " + service})
	}
	move(t, s, create(t, s, pending("apim-c")), job.Start{Owner: "o"}) // held, not orphaned
	var found []job.Lease
	for _, l := range collect(t, s.Orphans(t.Context())) {
		if l.ETag == "" {
			t.Errorf("lease of %s was read without a tag", l.Service)
		}
		found = append(found, l.Lease)
	}
	want(t, "orphans", found, leases)
	next := create(t, s, second(pending("apim-a")))
	wantIs(t, s.Save(t.Context(), after(t, next, job.Start{Owner: "o"})), job.ErrLeased)
}

func follow(t *testing.T, s recovery.Store) {
	started := move(t, s, create(t, s, pending("apim-weu")), job.Start{Owner: "o"})
	id := started.ID
	wantIs(t, s.Follow(t.Context(), "apim-weu", id, "token"), job.ErrNotFound) // not orphaned yet
	strand(t, s, started)
	wantIs(t, s.Follow(t.Context(), "apim-weu", "another", "token"), job.ErrNotFound)
	wantIs(t, s.Follow(t.Context(), "apim-neu", id, "token"), job.ErrNotFound)
	old := collect(t, s.Orphans(t.Context()))
	check(t, s.Follow(t.Context(), "apim-weu", id, "token"))

	now := collect(t, s.Orphans(t.Context()))
	if len(old) != 1 || len(now) != 1 {
		t.Fatalf("orphans %v, then %v, want one", old, now)
	}
	wanted := old[0].Lease
	wanted.ResumeToken = "token"
	want(t, "orphan", now[0].Lease, wanted)
	wantIs(t, s.Release(t.Context(), old[0]), job.ErrConflict)
	check(t, s.Release(t.Context(), now[0]))
	wantIs(t, s.Follow(t.Context(), "apim-weu", id, "token"), job.ErrNotFound)
}

func release(t *testing.T, s recovery.Store) {
	running := accepted(t, s, create(t, s, pending("apim-weu")), "token")
	strand(t, s, running)
	orphans := collect(t, s.Orphans(t.Context()))
	if len(orphans) != 1 {
		t.Fatalf("orphans %v, want one", orphans)
	}
	check(t, s.Release(t.Context(), orphans[0]))
	wantIs(t, s.Release(t.Context(), orphans[0]), job.ErrNotFound)
	want(t, "orphans", collect(t, s.Orphans(t.Context())), nil)

	next := move(t, s, create(t, s, second(pending("apim-weu"))), job.Start{Owner: "o"})
	wantIs(t, s.Release(t.Context(), orphans[0]), job.ErrConflict) // another job's by now
	move(t, s, next, job.Busy{})
}
