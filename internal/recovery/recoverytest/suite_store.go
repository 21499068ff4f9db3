package recoverytest

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// StoreCase is one promise of recovery.Store. Run gets an empty store.
type StoreCase struct {
	Name string
	Run  func(t *testing.T, s recovery.Store)
}

// TestStore checks that the stores which open makes keep the promises of
// recovery.Store. Each store must be empty.
func TestStore(t *testing.T, open func(t *testing.T) recovery.Store) {
	for _, c := range StoreCases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, open(t)) })
	}
}

// StoreCases are the cases of TestStore, for a caller that wants each in a
// bubble.
func StoreCases() []StoreCase {
	var all []StoreCase
	for _, some := range [][]StoreCase{jobCases, orderCases, leaseCases, summaryCases, pointCases, incidentCases, alertCases, pointRemovalCases, transitCases, addedCases, noticeCases, announcedCases, counterCases, finishedCases} {
		all = append(all, some...)
	}
	return all
}

// begin is where the suites' clocks start.
var begin = time.Date(2026, 3, 1, 1, 0, 0, 123456700, time.UTC)

// pending is a new backup of service.
func pending(service string) job.Job {
	return job.NewBackup(service, begin.Truncate(time.Hour), begin, rules, begin)
}

var rules = job.Rules{Deadline: 6 * time.Hour, OperationDeadline: 4 * time.Hour, PollMin: time.Minute, PollMax: 5 * time.Minute, Settling: 5 * time.Minute, Attempts: 3}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantIs checks that err is want and none of the other sentinels that a
// caller of a store branches on.
func wantIs(t *testing.T, err, want error) {
	t.Helper()
	for _, other := range []error{job.ErrNotFound, job.ErrExists, job.ErrConflict, job.ErrLeased, job.ErrNewerSchema} {
		if got := errors.Is(err, other); got != (other == want) {
			t.Fatalf("error %v: is %q = %t, want only %q", err, other, got, want)
		}
	}
}

// wantRefused checks that err is a refusal and nothing else that a caller
// branches on.
func wantRefused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, job.ErrRefused) {
		t.Fatalf("error %v, want a refusal", err)
	}
	for _, other := range []error{job.ErrNotFound, job.ErrConflict} {
		if errors.Is(err, other) {
			t.Fatalf("refusal %v is %q too", err, other)
		}
	}
}

// sameTime holds for times in UTC that agree to 100 ns, which is as much as a
// store keeps.
var sameTime = cmp.Comparer(func(a, b time.Time) bool {
	const kept = 100 * time.Nanosecond
	return a.Truncate(kept).Equal(b.Truncate(kept)) && a.Location() == b.Location()
})

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, sameTime); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func create(t *testing.T, s recovery.Store, j job.Job) job.Stored {
	t.Helper()
	check(t, s.Create(t.Context(), j, job.SummaryMove{Waiting: &j.ID}))
	return read(t, s, j)
}

func read(t *testing.T, s recovery.Store, j job.Job) job.Stored {
	t.Helper()
	stored, err := s.Job(t.Context(), j.Service, j.ID)
	check(t, err)
	if stored.ETag == "" {
		t.Errorf("job %s was read without a tag", j.ID)
	}
	return stored
}

// after is from's move by e, at the suite's clock.
func after(t *testing.T, from job.Stored, e job.Event) job.Move {
	t.Helper()
	to, err := job.Apply(from.Job, e, rules, from.UpdatedAt.Add(time.Minute))
	check(t, err)
	return job.Move{From: from, To: to}
}

// move saves from's move by e and reads it back.
func move(t *testing.T, s recovery.Store, from job.Stored, e job.Event) job.Stored {
	t.Helper()
	m := after(t, from, e)
	check(t, s.Save(t.Context(), m))
	to := read(t, s, from.Job)
	want(t, "saved job", to.Job, m.To)
	return to
}

// collect is everything that seq yields, without a look at its order.
func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for x, err := range seq {
		check(t, err)
		all = append(all, x)
	}
	return all
}

func summary(ctx context.Context, t *testing.T, s recovery.Store, service string) job.Summary {
	t.Helper()
	found, err := s.Summary(ctx, service)
	check(t, err)
	return found
}
