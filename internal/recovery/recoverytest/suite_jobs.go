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

var jobCases = []StoreCase{
	{"a job that is not there is not found", unknownJob},
	{"a job is made once", makeOnce},
	{"every field of a job comes back", everyField},
	{"a job with odd words comes back", oddWords},
	{"a save from an old read is a conflict and changes nothing", oldRead},
	{"a save of a job that is not there is a conflict", saveNothing},
	{"of sixteen saves at once one wins", race},
	{"jobs that have not ended are found whenever they are due, and no others", unfinished},
	{"a listing can be left early", leaveEarly},
}

func unknownJob(t *testing.T, s recovery.Store) {
	_, err := s.Job(t.Context(), "apim-weu", "apim-weu-20260301T010000Z-backup")
	wantIs(t, err, job.ErrNotFound)
	create(t, s, pending("apim-weu"))
	_, err = s.Job(t.Context(), "apim-weu", "another")
	wantIs(t, err, job.ErrNotFound)
	_, err = s.Job(t.Context(), "apim-neu", pending("apim-weu").ID)
	wantIs(t, err, job.ErrNotFound)
	_, err = s.Job(t.Context(), "apim-weu", "no/such\\job'#?\n")
	wantIs(t, err, job.ErrNotFound)
}

func makeOnce(t *testing.T, s recovery.Store) {
	j := pending("apim-weu")
	first := create(t, s, j)
	want(t, "job", first.Job, j)
	again, waiting := j, "somebody else"
	again.Reason = "made again"
	wantIs(t, s.Create(t.Context(), again, job.SummaryMove{Waiting: &waiting}), job.ErrExists)
	want(t, "job", read(t, s, j), first)
	want(t, "waiting", summary(t.Context(), t, s, "apim-weu").Waiting, j.ID)

	other := pending("apim-neu")
	check(t, s.Create(t.Context(), other, job.SummaryMove{}))
	want(t, "job", read(t, s, other).Job, other)
	_, err := s.Summary(t.Context(), "apim-neu")
	wantIs(t, err, job.ErrNotFound)
}

// A property that a store forgets comes back zero after the first fill, and a
// zero that it leaves out of an update comes back as it was before.
func everyField(t *testing.T, s recovery.Store) {
	filled := func(seed int) job.Job {
		var j job.Job
		fill(reflect.ValueOf(&j).Elem(), "Job", &seed)
		return identified(j)
	}
	one, two := filled(1), filled(1000)
	check(t, s.Create(t.Context(), one, job.SummaryMove{}))
	for _, next := range []job.Job{two, identified(job.Job{}), one} {
		from := read(t, s, one)
		check(t, s.Save(t.Context(), job.Move{From: from, To: next}))
		want(t, "saved job", read(t, s, one).Job, next)
	}
}

// identified is j as a job whose moves touch nothing but its own row.
func identified(j job.Job) job.Job {
	j.ID, j.Service, j.State = "apim-weu-20260301T010000Z-backup", "apim-weu", job.InProgress
	return j
}

// fill gives every field below v a value of its own.
func fill(v reflect.Value, name string, seed *int) {
	*seed++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(begin.Add(time.Duration(*seed) * 1100 * time.Nanosecond)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, seed)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), name, seed)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), name, seed)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, seed)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, name, seed)
			fill(value, name, seed)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("%s %d", name, *seed))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*seed))
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic(fmt.Sprintf("%s is a %s, which fill does not know", name, v.Type()))
	}
}

func oddWords(t *testing.T, s recovery.Store) {
	j := pending("apim-weu")
	j.Reason = "it's \"quoted\", <tagged> & 100%\r\n\tdone: datetime'x' — zażółć 🛟"
	j.Message, j.Warnings = "1:2", []string{"", "[\"", "true", "1"}
	j.Attempt.Settings = map[string]string{"": "", j.Reason: j.Reason, "null": "null"}
	j.Restore = &job.RestoreOrder{Why: j.Reason, Gates: []job.Gate{{}, {Name: "{", Sentence: j.Reason}}}
	want(t, "job", create(t, s, j).Job, j)
}

func oldRead(t *testing.T, s recovery.Store) {
	old := create(t, s, pending("apim-weu"))
	now := move(t, s, old, job.Deferred{Reason: "first"})
	before := summary(t.Context(), t, s, "apim-weu")

	plain := after(t, old, job.Deferred{Reason: "second"})
	wantIs(t, s.Save(t.Context(), plain), job.ErrConflict)
	// This one would take the lease and change the summary too.
	wantIs(t, s.Save(t.Context(), after(t, old, job.Start{Owner: "late"})), job.ErrConflict)

	want(t, "job", read(t, s, old.Job), now)
	want(t, "summary", summary(t.Context(), t, s, "apim-weu"), before)
	move(t, s, now, job.Start{Owner: "in time"}) // the lease is still free
}

func saveNothing(t *testing.T, s recovery.Store) {
	other := create(t, s, pending("apim-weu"))
	gone := job.Stored{Job: pending("apim-neu"), ETag: other.ETag}
	wantIs(t, s.Save(t.Context(), after(t, gone, job.Deferred{})), job.ErrConflict)
	wantIs(t, s.Save(t.Context(), after(t, gone, job.Start{Owner: "o"})), job.ErrConflict)
	unread := job.Stored{Job: other.Job}
	wantIs(t, s.Save(t.Context(), after(t, unread, job.Deferred{})), job.ErrConflict)
	_, err := s.Job(t.Context(), "apim-neu", gone.ID)
	wantIs(t, err, job.ErrNotFound)
}

func race(t *testing.T, s recovery.Store) {
	from := create(t, s, pending("apim-weu"))
	errs := make([]error, 16)
	var group sync.WaitGroup
	for i := range errs {
		m := after(t, from, job.Start{Owner: fmt.Sprint("owner ", i)})
		group.Go(func() { errs[i] = s.Save(t.Context(), m) })
	}
	group.Wait()
	winner := slices.Index(errs, nil)
	if winner < 0 {
		t.Fatalf("nobody won: %v", errs)
	}
	for i, err := range errs {
		if i != winner && !errors.Is(err, job.ErrConflict) {
			t.Errorf("save %d lost with %v, want a conflict; save %d won", i, err, winner)
		}
	}
	want(t, "owner", read(t, s, from.Job).Attempt.Owner, fmt.Sprint("owner ", winner))
}

func unfinished(t *testing.T, s recovery.Store) {
	want(t, "unfinished jobs", collect(t, s.Unfinished(t.Context())), nil)
	var all []string
	for _, service := range []string{"apim-a", "apim-b"} {
		for n, events := range [][]job.Event{{job.Cancel{}}, {}, {job.Start{Owner: "o"}, job.Accepted{ResumeToken: "token"}}} {
			j := pending(service)
			j.ID, j.NotBefore = fmt.Sprintf("%s-%d", service, n), begin.AddDate(1, 0, 0)
			at := create(t, s, j)
			for _, e := range events {
				at = move(t, s, at, e)
			}
			if n > 0 {
				all = append(all, j.ID)
			}
		}
	}
	found := collect(t, s.Unfinished(t.Context()))
	want(t, "unfinished jobs", ids(found), all)
	for _, j := range found {
		want(t, "unfinished job", j, read(t, s, j).Job)
	}
}

func ids(jobs []job.Job) (all []string) {
	for _, j := range jobs {
		all = append(all, j.ID)
	}
	slices.Sort(all)
	return all
}

func leaveEarly(t *testing.T, s recovery.Store) {
	create(t, s, pending("apim-a"))
	create(t, s, pending("apim-b"))
	seen := 0
	for range s.Unfinished(t.Context()) {
		seen++
		break
	}
	for range s.Summaries(t.Context()) {
		seen++
		break
	}
	want(t, "rows seen", seen, 2)
}
