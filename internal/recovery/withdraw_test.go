package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/event"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// withdrawing is a world for p after two nights, with a point of each.
func withdrawing(t *testing.T, p *plan.Plan) (w *recoverytest.World, older, newest job.Point) {
	t.Helper()
	w = recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
	w.Run(t.Context(), 26*time.Hour)
	points := w.Store.Catalogue("apim-weu")
	if len(points) != 2 {
		t.Fatalf("%d points after two nights", len(points))
	}
	return w, points[0], points[1]
}

// gone tells the engine that a blob was deleted.
func gone(t *testing.T, w *recoverytest.World, blob string) {
	t.Helper()
	b := event.BlobDeleted{ID: "gone", At: time.Now(), Account: "stbackups", Container: "apim", Blob: blob}
	if err := w.Engine.BlobDeleted(t.Context(), b); err != nil {
		t.Fatalf("deletion of %s: %v", blob, err)
	}
}

// newestPoint is the blob that apim-weu's summary names.
func newestPoint(t *testing.T, w *recoverytest.World) string {
	t.Helper()
	s, err := w.Store.Summary(t.Context(), "apim-weu")
	if err != nil {
		t.Fatal(err)
	}
	return s.PointBlob
}

// withdrawn checks which points were withdrawn, in the table and in their
// sidecars.
func withdrawn(t *testing.T, w *recoverytest.World, want ...string) {
	t.Helper()
	for _, p := range w.Store.Catalogue("apim-weu") {
		says, _ := w.Azure.Sidecar(p.Blob)
		wanted := strings.Contains(strings.Join(want, " "), p.Blob)
		if p.Live() == wanted || says.Live() == wanted || wanted && (p.WithdrawnWhy == "" || says.WithdrawnWhy == "") {
			t.Errorf("point %s is live: %t %q, in its sidecar: %t, want %t", p.Blob, p.Live(), p.WithdrawnWhy, says.Live(), !wanted)
		}
	}
}

func TestTheNewestPointIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, older, newest := withdrawing(t, hooksPlan(t, ""))
		w.Azure.Delete(newest.Blob)
		for range 3 { // and again, at any time
			gone(t, w, newest.Blob)
			w.Run(t.Context(), 40*time.Minute)
		}
		withdrawn(t, w, newest.Blob)
		if got := newestPoint(t, w); got != older.Blob {
			t.Errorf("the newest point is %s, want %s", got, older.Blob)
		}
		// The older one's age makes it late, and that is said as well.
		checkNotices(t, w, map[job.NoticeType]int{job.NoticePointWithdrawn: 1, job.NoticeLate: 1})
		for _, n := range w.Store.AllNotices() {
			if f := n.Facts; n.Type == job.NoticePointWithdrawn && (f.Point != newest.Blob || !f.Since.Equal(older.StartedAt) || !f.Until.Equal(older.StartedAt.Add(30*24*time.Hour)) || f.Message == "") {
				t.Errorf("it says %+v", f)
			}
		}
		w.Run(t.Context(), 24*time.Hour)
		checkNotices(t, w, map[job.NoticeType]int{job.NoticePointWithdrawn: 1, job.NoticeLate: 1, job.NoticeRecovered: 1})
	})
}

func TestAnOlderPointIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, older, newest := withdrawing(t, hooksPlan(t, ""))
		w.Azure.Delete(older.Blob)
		gone(t, w, older.Blob)
		w.Run(t.Context(), time.Hour)
		withdrawn(t, w, older.Blob)
		if got := newestPoint(t, w); got != newest.Blob {
			t.Errorf("the newest point is %s, want %s", got, newest.Blob)
		}
		checkNotices(t, w, map[job.NoticeType]int{job.NoticePointWithdrawn: 1})
		w.Azure.Delete(newest.Blob)
		gone(t, w, newest.Blob)
		if got := newestPoint(t, w); got != "" {
			t.Errorf("the newest point is %s, want none", got)
		}
	})
}

func TestAFailoverPicksWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, older, newest := withdrawing(t, failoverPlan(t, "auto", ""))
		w.Azure.Delete(newest.Blob)
		gone(t, w, newest.Blob)
		silence(w, "apim-weu")
		send(t, w, fired(time.Now()))
		w.Run(t.Context(), 2*time.Hour)
		restored(t, w)
		if got := last(t, w).Restore.Point.Blob; got != older.Blob {
			t.Errorf("restored %s, want %s", got, older.Blob)
		}
	})
}

func TestTheOnlyPointIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		only := w.Store.Catalogue("apim-weu")[0]
		w.Azure.Delete(only.Blob)
		gone(t, w, only.Blob)
		withdrawn(t, w, only.Blob)
		w.Run(t.Context(), time.Minute)
		checkNotices(t, w, map[job.NoticeType]int{job.NoticePointWithdrawn: 1, job.NoticeDown: 1})
		w.Run(t.Context(), 2*time.Hour)
		ask(t, w, request.Request{ID: "b", Kind: request.Backup, Service: "apim-weu"})
		w.Run(t.Context(), 2*time.Hour)
		checkNotices(t, w, map[job.NoticeType]int{job.NoticePointWithdrawn: 1, job.NoticeDown: 1, job.NoticeRecovered: 1})
	})
}

func TestNewsOfBlobsThatChangesNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		news    func(*recoverytest.World, job.Point) event.BlobDeleted
		ignored int64
	}{
		{"a blob that is there again", func(_ *recoverytest.World, p job.Point) event.BlobDeleted {
			return event.BlobDeleted{Account: "stbackups", Container: "apim", Blob: p.Blob}
		}, 0},
		{"a sidecar", func(_ *recoverytest.World, p job.Point) event.BlobDeleted {
			return event.BlobDeleted{Account: "stbackups", Container: "apim", Blob: p.Blob + ".lifeboat.json"}
		}, 1},
		{"an attempt that failed", func(w *recoverytest.World, _ job.Point) event.BlobDeleted {
			return event.BlobDeleted{Account: "stbackups", Container: "apim", Blob: w.Azure.Operations()[0].Blob}
		}, 1},
		{"another container", func(w *recoverytest.World, p job.Point) event.BlobDeleted {
			w.Azure.Delete(p.Blob)
			return event.BlobDeleted{Account: "stbackups", Container: "other", Blob: p.Blob}
		}, 1},
		{"another account", func(w *recoverytest.World, p job.Point) event.BlobDeleted {
			w.Azure.Delete(p.Blob)
			return event.BlobDeleted{Account: "stother", Container: "apim", Blob: p.Blob}
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
				first := true
				w.Azure.Spoil = func(o *recoverytest.Operation) {
					if first {
						first, o.Code, o.Message = false, "InternalServerError", "Something went wrong."
					}
				}
				w.Run(t.Context(), 3*time.Hour)
				points := w.Store.Catalogue("apim-weu")
				if len(points) != 1 || len(started(w)) != 2 {
					t.Fatalf("%d points of %d attempts", len(points), len(started(w)))
				}
				if err := w.Engine.BlobDeleted(t.Context(), c.news(w, points[0])); err != nil {
					t.Fatal(err)
				}
				w.Run(t.Context(), time.Hour)
				withdrawn(t, w)
				if got := newestPoint(t, w); got != points[0].Blob {
					t.Errorf("the newest point is %q", got)
				}
				checkNotices(t, w, nil)
				if got := counter(t, w, "events_ignored", "BlobNotOurs"); got != c.ignored {
					t.Errorf("%d events ignored, want %d", got, c.ignored)
				}
			})
		})
	}
}

// A blob is deleted while it is verified; the news comes at any effect from
// then on, and comes again until it is taken.
func TestABlobIsDeletedWhileItIsVerified(t *testing.T) {
	for number := 0; number < 8; number++ {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
				since, inside := -1, false
				var blob string
				take := func() bool {
					b := event.BlobDeleted{At: time.Now(), Account: "stbackups", Container: "apim", Blob: blob}
					return w.Engine.BlobDeleted(t.Context(), b) == nil
				}
				taken := false
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if inside || taken {
						return recoverytest.NoFault
					}
					if since >= 0 {
						since++
					}
					if e.Call == "blobs.Record" && since < 0 {
						blob = w.Azure.Operations()[0].Blob
						w.Azure.Delete(blob)
						since = 0
					}
					if since == number {
						inside = true
						taken = take()
						inside = false
					}
					return recoverytest.NoFault
				}
				w.Run(t.Context(), time.Hour)
				w.Effects.Judge = nil
				if !taken && !take() {
					t.Error("the news is never taken")
				}
				w.Run(t.Context(), 10*time.Minute)
				withdrawn(t, w, blob)
				if got := newestPoint(t, w); got != "" {
					t.Errorf("the newest point is %s", got)
				}
				checkNotices(t, w, map[job.NoticeType]int{job.NoticePointWithdrawn: 1, job.NoticeDown: 1})
			})
		})
	}
}

// A second instance takes the news of another point in the middle of each
// effect of the first.
func TestTwoDeletionsAtOneMoment(t *testing.T) {
	for number := 1; ; number++ {
		struck := false
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, older, newest := withdrawing(t, hooksPlan(t, ""))
				w.Azure.Delete(older.Blob)
				w.Azure.Delete(newest.Blob)
				before := len(w.Effects.Seen())
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Number-before == number && !struck {
						struck = true
						gone(t, w, older.Blob)
					}
					return recoverytest.NoFault
				}
				gone(t, w, newest.Blob)
				w.Effects.Judge = nil
				if !struck {
					return
				}
				withdrawn(t, w, older.Blob, newest.Blob)
				if got := newestPoint(t, w); got != "" {
					t.Errorf("the newest point is %s", got)
				}
				w.Run(t.Context(), time.Minute)
				if got := len(said(t, w, job.NoticePointWithdrawn)); got != 2 {
					t.Errorf("%d notices", got)
				}
			})
		})
		if !struck {
			return
		}
	}
}

// stubborn is a container whose sidecars answer err to any change.
type stubborn struct {
	*recoverytest.Azure
	err error
}

func (s stubborn) Amend(_ context.Context, _ job.Service, blob string, _ func(*job.Point)) error {
	return fmt.Errorf("amend the sidecar of %s: %w", blob, s.err)
}

func TestASidecarThatCantBeAmended(t *testing.T) {
	for name, err := range map[string]error{"immutable": job.ErrRefused, "gone too": job.ErrNotFound} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, older, newest := withdrawing(t, hooksPlan(t, ""))
				w.Engine.Blobs = stubborn{w.Azure, err}
				tell(t, w, changed(older.StartedAt.Add(time.Minute), "during"))
				w.Azure.Delete(newest.Blob)
				gone(t, w, newest.Blob)
				points := w.Store.Catalogue("apim-weu")
				if !points[0].ConcurrentChanges || points[1].Live() {
					t.Errorf("the rows don't say it: %+v", points)
				}
				if got := newestPoint(t, w); got != older.Blob {
					t.Errorf("the newest point is %s", got)
				}
				w.Run(t.Context(), time.Hour)
				checkNotices(t, w, map[job.NoticeType]int{job.NoticePointWithdrawn: 1, job.NoticeLate: 1})
			})
		})
	}
	t.Run("not now", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, older, newest := withdrawing(t, hooksPlan(t, ""))
			w.Engine.Blobs = stubborn{w.Azure, job.ErrUnavailable}
			w.Azure.Delete(newest.Blob)
			b := event.BlobDeleted{At: time.Now(), Account: "stbackups", Container: "apim", Blob: newest.Blob}
			if err := w.Engine.BlobDeleted(t.Context(), b); err == nil {
				t.Error("the event was taken")
			}
			if err := w.Engine.Change(t.Context(), changed(older.StartedAt.Add(time.Minute), "during")); err == nil {
				t.Error("the change was taken")
			}
			withdrawn(t, w) // the sidecar comes first
			w.Engine.Blobs = w.Azure
			gone(t, w, newest.Blob)
			withdrawn(t, w, newest.Blob)
		})
	})
}
