package bench

import (
	"context"
	"iter"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/job"
)

// counts part the table requests of a night: those that there are for each job,
// its making included, and those of the timers' runs, which come every five
// minutes whatever there is to do.
type counts struct {
	calls   emulator.Requests // of the stand-ins for tables and blobs
	before  emulator.Requests // until the night began
	created int               // by which jobs were made
	cleanup int               // by which the watchdog looked for what is over
	timers  int               // of the timers' runs, without both
	ticks   int               // the timers' runs
}

// all are the requests so far; a call of a stand-in is one.
func (w *night) all() emulator.Requests {
	all := w.azure.Requests()
	all.Table += w.calls.Table
	all.Blob += w.calls.Blob
	return all
}

// ofJobs are the night's requests without those to the table that the timers'
// runs are named for.
func (w *night) ofJobs() emulator.Requests {
	own := minus(w.all(), w.before)
	own.Table -= w.timers + w.cleanup
	return own
}

// begin is when a fleet that the watchdog has seen before is due.
func (w *night) begin(t testing.TB) {
	t.Helper()
	if err := w.engine.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now, w.before, w.cleanup = nightBegin, w.all(), 0
}

// tick is one run of the timers.
func (w *night) tick(t testing.TB) {
	t.Helper()
	before, others := w.all().Table, w.created+w.cleanup
	if err := w.engine.Schedule(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.timers += w.all().Table - before - (w.created + w.cleanup - others)
	w.ticks++
}

func minus(a, b emulator.Requests) emulator.Requests {
	return emulator.Requests{
		ARMPost: a.ARMPost - b.ARMPost, ARMGet: a.ARMGet - b.ARMGet, Table: a.Table - b.Table, Blob: a.Blob - b.Blob,
		ServiceBusSend: a.ServiceBusSend - b.ServiceBusSend,
	}
}

// Create is the job's own, although a timer makes it.
func (e endings) Create(ctx context.Context, j job.Job, m job.SummaryMove) (err error) {
	e.night.count(&e.night.created, func() { err = e.Store.Create(ctx, j, m) })
	return err
}

// Finished is where the clean-up of a partition begins.
func (e endings) Finished(ctx context.Context, service string, before time.Time) iter.Seq2[job.Finished, error] {
	return func(yield func(job.Finished, error) bool) {
		e.night.count(&e.night.cleanup, func() { e.Store.Finished(ctx, service, before)(yield) })
	}
}

// Note is where the clean-up of a partition ends.
func (e endings) Note(ctx context.Context, service string, m job.SummaryMove) (err error) {
	if m.CleanedAt == nil {
		return e.Store.Note(ctx, service, m)
	}
	e.night.count(&e.night.cleanup, func() { err = e.Store.Note(ctx, service, m) })
	return err
}

// count adds the table requests of ask to sum.
func (w *night) count(sum *int, ask func()) {
	before := w.all().Table
	ask()
	*sum += w.all().Table - before
}
