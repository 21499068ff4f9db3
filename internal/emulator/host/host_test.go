package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/host"
	"lifeboat/internal/functions"
)

// bubble runs a test on virtual time; the app is read outside of it.
func bubble(t *testing.T, all map[string]string, test func(*testing.T, host.App)) {
	t.Helper()
	app := load(t, all)
	synctest.Test(t, func(t *testing.T) { test(t, app) })
}

var timers = map[string]string{"Tick/function.json": timerFile}

func messages(settings string) map[string]string {
	return map[string]string{"host.json": hostFile("", settings), "Step/function.json": messageFile}
}

func TestTimerFiresBySchedule(t *testing.T) {
	bubble(t, timers, func(t *testing.T, app host.App) {
		b := setup(t, app)
		time.Sleep(11 * time.Minute) // a bubble begins at midnight
		synctest.Wait()
		all := b.handler.requests()
		if len(all) != 2 {
			t.Fatalf("%d runs, want 2", len(all))
		}
		if got, want := all[1].at, time.Date(2000, 1, 1, 0, 10, 0, 0, time.UTC); !got.Equal(want) {
			t.Errorf("second run at %v, want %v", got, want)
		}
		first, pastDue := timerData(t, all[0])
		if want := (struct{ Last, Next, LastUpdated string }{"0001-01-01T00:00:00", "2000-01-01T00:05:00+00:00", "2000-01-01T00:00:00+00:00"}); first != want || pastDue {
			t.Errorf("first run's status = %v, past due %v, want %v", first, pastDue, want)
		}
		second, _ := timerData(t, all[1])
		if want := (struct{ Last, Next, LastUpdated string }{"2000-01-01T00:05:00+00:00", "2000-01-01T00:10:00+00:00", "2000-01-01T00:05:00+00:00"}); second != want {
			t.Errorf("second run's status = %v, want %v", second, want)
		}
	})
}

func TestMissedTimerRunsOnceAtTheNextStart(t *testing.T) {
	bubble(t, timers, func(t *testing.T, app host.App) {
		statuses := &host.Statuses{}
		keep := func(_ *bundle, o *host.Options) { o.Statuses = statuses }
		b := setup(t, app, keep)
		time.Sleep(6 * time.Minute)
		b.Stop(t.Context())
		time.Sleep(33 * time.Minute) // six occurrences
		b = setup(t, app, keep)
		time.Sleep(2 * time.Minute)
		all := b.handler.requests()
		if len(all) != 2 {
			t.Fatalf("%d runs, want the missed one and the one of 0:40", len(all))
		}
		if s, pastDue := timerData(t, all[0]); !pastDue || s.Last != "2000-01-01T00:05:00+00:00" || s.Next != "2000-01-01T00:10:00+00:00" {
			t.Errorf("missed run: past due %v, status %v", pastDue, s)
		}
		if _, pastDue := timerData(t, all[1]); pastDue {
			t.Error("the regular run is past due")
		}
	})
}

func TestChangedScheduleIsNotPastDue(t *testing.T) {
	hourly := load(t, map[string]string{"Tick/function.json": strings.Replace(timerFile, "*/5", "0", 1)})
	bubble(t, timers, func(t *testing.T, app host.App) {
		statuses := &host.Statuses{}
		keep := func(_ *bundle, o *host.Options) { o.Statuses = statuses }
		b := setup(t, app, keep)
		time.Sleep(6 * time.Minute)
		b.Stop(t.Context())
		time.Sleep(30 * time.Minute)
		b = setup(t, hourly, keep)
		time.Sleep(time.Minute)
		if got := b.handler.requests(); len(got) != 0 {
			t.Errorf("ran at %v", got[0].at)
		}
		if got, _ := statuses.Get("Tick"); got.Next.Hour() != 1 || !got.Last.IsZero() {
			t.Errorf("status = %+v", got)
		}
	})
}

func TestTimerNeverOverlapsItself(t *testing.T) {
	bubble(t, timers, func(t *testing.T, app host.App) {
		var running, most atomic.Int32
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, r *http.Request) {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(12 * time.Minute)
				running.Add(-1)
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		time.Sleep(34 * time.Minute)
		var at []string
		for _, r := range b.handler.requests() {
			at = append(at, r.at.UTC().Format("15:04"))
		}
		if diff := cmp.Diff([]string{"00:05", "00:20"}, at); diff != "" || most.Load() != 1 {
			t.Errorf("%d at once; runs (-want +got):\n%s", most.Load(), diff)
		}
	})
}

func TestStatusesOutliveAsJSON(t *testing.T) {
	var a, b host.Statuses
	a.Set("Tick", host.Status{Next: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	file, err := json.Marshal(&a)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &b); err != nil {
		t.Fatal(err)
	}
	if got, ok := b.Get("Tick"); !ok || got.Next.Year() != 2026 {
		t.Errorf("Get = %v, %v", got, ok)
	}
}

func TestFire(t *testing.T) {
	bubble(t, map[string]string{"Tick/function.json": timerFile, "Step/function.json": messageFile, "Change/function.json": eventFile}, func(t *testing.T, app host.App) {
		b := setup(t, app)
		for name, want := range map[string]string{"Tick": `"IsPastDue":false`, "Step": `{"msg":"aGk="}`, "Change": `{"event":{"id":"1"}}`} {
			in, err := b.Fire(name, map[string]string{"Step": "hi", "Change": `{"id":"1"}`}[name])
			if err != nil || in.Outcome != host.Succeeded || in.Status != 200 || !cmp.Equal(in.Logs, []string{"a line"}) {
				t.Errorf("Fire(%s) = %+v, %v", name, in, err)
			}
			all := b.handler.requests()
			last := all[len(all)-1]
			if last.path != "/"+name || last.id != in.ID || !strings.Contains(last.envelope, want) {
				t.Errorf("%s got %+v, want %s", name, last, want)
			}
		}
		if _, err := b.Fire("Nobody", ""); !errors.Is(err, host.ErrUnknownFunction) {
			t.Errorf("Fire(Nobody) = %v", err)
		}
		b.Stop(t.Context())
		if _, err := b.Fire("Tick", ""); err == nil {
			t.Error("a stopped host fires")
		}
	})
}

func TestRequest(t *testing.T) {
	bubble(t, timers, func(t *testing.T, app host.App) {
		var got *http.Request
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, r *http.Request) { got = r }
		})
		go b.Fire("Tick", "")
		synctest.Wait()
		header := map[string]string{}
		for _, name := range []string{"Content-Type", "X-Azure-Functions-Hostversion", "User-Agent"} {
			header[name] = got.Header.Get(name)
		}
		want := map[string]string{"Content-Type": "application/json; charset=utf-8", "X-Azure-Functions-Hostversion": "4.1037.0.0", "User-Agent": "Azure-Functions-Host/4.1037.0.0"}
		if diff := cmp.Diff(want, header); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if got.Method != "POST" || got.ContentLength != -1 || !cmp.Equal(got.TransferEncoding, []string{"chunked"}) {
			t.Errorf("%s with %d bytes, %v, want a chunked POST", got.Method, got.ContentLength, got.TransferEncoding)
		}
	})
}

func TestAdmin(t *testing.T) {
	bubble(t, timers, func(t *testing.T, app host.App) {
		b := setup(t, app)
		for _, tt := range []struct {
			method, path, body string
			want               int
		}{
			{"POST", "/admin/functions/Tick", "{}", 202},
			{"POST", "/admin/functions/Tick", "", 400},
			{"POST", "/admin/functions/Nobody", "{}", 404},
			{"GET", "/admin/functions/Tick", "{}", 404},
		} {
			w := httptest.NewRecorder()
			b.Admin().ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body)))
			if w.Code != tt.want {
				t.Errorf("%s %s %q = %d, want %d", tt.method, tt.path, tt.body, w.Code, tt.want)
			}
		}
		synctest.Wait()
		if got := len(b.ended()); got != 1 {
			t.Errorf("%d runs, want 1", got)
		}
	})
}

func TestSettlement(t *testing.T) {
	answer := func(status int, kind, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request)
		want   string
	}{
		{"the envelope", answer(200, "application/json; charset=utf-8", success), "complete m1"},
		{"an empty object", answer(201, "application/json", "{}"), "complete m1"},
		{"a 500", answer(500, "application/json", success), "abandon m1"},
		{"a 404", answer(404, "application/json", success), "abandon m1"},
		{"plain text", answer(200, "text/plain", success), "abandon m1"},
		{"a body that is no JSON", answer(200, "application/json", "ok"), "abandon m1"},
		{"logs that are no strings", answer(200, "application/json", `{"Logs":[{"a":1}]}`), "abandon m1"},
		{"an array", answer(200, "application/json", "[]"), "abandon m1"},
		{"a redirect to a page", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/Step/", http.StatusMovedPermanently)
		}, ""},
		{"a broken connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "abandon m1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, messages(""), func(t *testing.T, app host.App) {
				var once atomic.Bool
				b := setup(t, app, func(b *bundle, _ *host.Options) {
					b.handler.answer = func(w http.ResponseWriter, r *http.Request) {
						if once.Swap(true) {
							<-r.Context().Done() // the second delivery
							return
						}
						tt.answer(w, r)
					}
				})
				b.queue.send("m1")
				synctest.Wait()
				if got := strings.Join(b.queue.seen(), ", "); got != tt.want {
					t.Errorf("settled %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestAbandonedMessageComesBackAtOnce(t *testing.T) {
	bubble(t, messages(""), func(t *testing.T, app host.App) {
		var calls atomic.Int32
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) < 4 {
					w.WriteHeader(500)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, success)
			}
		})
		start := time.Now()
		b.queue.send("m1")
		synctest.Wait()
		if got := strings.Join(b.queue.seen(), ", "); got != "abandon m1, abandon m1, abandon m1, complete m1" {
			t.Errorf("settled %s", got)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("took %v: there is no back-off", got)
		}
		if got := b.handler.requests()[3].envelope; !strings.Contains(got, `"DeliveryCount":"4"`) {
			t.Errorf("last envelope = %s, want delivery 4", got)
		}
		settled := map[host.Settlement]int{}
		for _, in := range b.ended() {
			settled[in.Settlement]++
			if want := "Response status code does not indicate success: 500 (Internal Server Error)."; in.Outcome == host.Failed && (in.Status != 500 || in.Reason != want) {
				t.Errorf("failed with %d %q, want 500 %q", in.Status, in.Reason, want)
			}
		}
		if diff := cmp.Diff(map[host.Settlement]int{host.Abandoned: 3, host.Completed: 1}, settled); diff != "" {
			t.Errorf("settlements (-want +got):\n%s", diff)
		}
	})
}

func TestConcurrency(t *testing.T) {
	bubble(t, messages(`,"extensions":{"serviceBus":{"maxConcurrentCalls":3}}`), func(t *testing.T, app host.App) {
		var running, most atomic.Int32
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, _ *http.Request) {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Second)
				running.Add(-1)
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, success)
			}
		})
		for i := range 9 {
			b.queue.send(fmt.Sprint(i))
		}
		time.Sleep(3100 * time.Millisecond)
		if got := len(b.queue.seen()); got != 9 || most.Load() != 3 {
			t.Errorf("%d settled, %d at once, want 9 and 3", got, most.Load())
		}
	})
}

func TestLockIsRenewedForAWhile(t *testing.T) {
	bubble(t, messages(`,"functionTimeout":"00:30:00","extensions":{"serviceBus":{"maxAutoLockRenewalDuration":"00:03:00"}}`), func(t *testing.T, app host.App) {
		var calls atomic.Int32
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					time.Sleep(10 * time.Minute)
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, success)
			}
		})
		b.queue.send("m1")
		time.Sleep(11 * time.Minute)
		// Renewed after 50, 100 and 150 s; the lock ends at 210 s.
		if got := strings.Join(b.queue.seen(), ", "); got != "renew m1, renew m1, renew m1, expire m1, complete m1" {
			t.Errorf("history = %s", got)
		}
		all := b.ended()
		if got := all[len(all)-1]; got.Settlement != host.LockLost || got.Outcome != host.Succeeded || got.Duration != 10*time.Minute {
			t.Errorf("the slow one = %+v", got)
		}
	})
}

// An answer without a body never ends the invocation; when functionTimeout
// does, everything that runs dies with it.
func TestEmptyAnswerHangsAndKillsTheOthers(t *testing.T) {
	for _, body := range []string{"", "null"} {
		bubble(t, messages(`,"functionTimeout":"00:05:00","extensions":{"serviceBus":{"maxAutoLockRenewalDuration":"00:10:00"}}`), func(t *testing.T, app host.App) {
			b := setup(t, app, func(b *bundle, _ *host.Options) {
				var calls atomic.Int32
				b.handler.answer = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					switch calls.Add(1) {
					case 1:
						_, _ = io.WriteString(w, body)
					case 2:
						<-r.Context().Done()
					default:
						_, _ = io.WriteString(w, success)
					}
				}
			})
			b.queue.send("empty")
			time.Sleep(time.Minute)
			b.queue.send("innocent")
			time.Sleep(4*time.Minute - time.Second)
			if got := b.ended(); len(got) != 0 {
				t.Fatalf("ended early: %+v", got)
			}
			time.Sleep(2 * time.Second)
			outcomes := map[string][]host.Outcome{}
			for _, in := range b.ended() {
				outcomes[in.MessageID] = append(outcomes[in.MessageID], in.Outcome)
			}
			want := map[string][]host.Outcome{"empty": {host.TimedOut, host.Succeeded}, "innocent": {host.Failed, host.Succeeded}}
			if diff := cmp.Diff(want, outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlerDeathAbandons(t *testing.T) {
	bubble(t, messages(""), func(t *testing.T, app host.App) {
		var calls atomic.Int32
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					<-r.Context().Done()
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, success)
			}
		})
		b.queue.send("m1")
		synctest.Wait()
		b.worker.Restart()
		synctest.Wait()
		if got := strings.Join(b.queue.seen(), ", "); got != "abandon m1, complete m1" {
			t.Errorf("history = %s", got)
		}
	})
}

func TestHostDeathSettlesNothing(t *testing.T) {
	bubble(t, messages(""), func(t *testing.T, app host.App) {
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		})
		b.queue.send("m1")
		synctest.Wait()
		b.Crash()
		if got := b.queue.seen(); len(got) != 0 {
			t.Errorf("history = %v, want nothing settled", got)
		}
		next := setup(t, app, func(n *bundle, o *host.Options) { o.Queues = b.queue })
		time.Sleep(lock + time.Second)
		if got := strings.Join(b.queue.seen(), ", "); got != "expire m1, complete m1" || len(next.ended()) != 1 {
			t.Errorf("history = %s", got)
		}
	})
}

func TestStopLetsInvocationsEnd(t *testing.T) {
	bubble(t, messages(""), func(t *testing.T, app host.App) {
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(20 * time.Second)
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, success)
			}
		})
		b.queue.send("m1")
		synctest.Wait()
		start := time.Now()
		if err := b.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if got := time.Since(start); got != 20*time.Second {
			t.Errorf("Stop took %v, want 20s", got)
		}
		b.queue.send("m2")
		time.Sleep(time.Minute)
		if got := strings.Join(b.queue.seen(), ", "); got != "complete m1" {
			t.Errorf("history = %s", got)
		}
	})
}

func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	bubble(t, messages(""), func(t *testing.T, app host.App) {
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		})
		b.queue.send("m1")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		b.Stop(ctx)
		if got := time.Since(start); got != 10*time.Second || len(b.queue.seen()) != 0 {
			t.Errorf("Stop took %v, history %v", got, b.queue.seen())
		}
	})
}

func TestAQueueThatIsAwayIsAskedAgain(t *testing.T) {
	all := messages("")
	all["Step/function.json"] = strings.Replace(messageFile, "steps", "nowhere", 1)
	bubble(t, all, func(t *testing.T, app host.App) {
		var log strings.Builder
		setup(t, app, func(_ *bundle, o *host.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if got := strings.Count(log.String(), "no such queue"); got != 3 {
			t.Errorf("asked %d times, want 3", got)
		}
	})
}

// The product's own side of the envelope reads what this package writes.
func TestWithTheDeployedEnvelope(t *testing.T) {
	bubble(t, map[string]string{"Tick/function.json": timerFile, "Step/function.json": messageFile, "Change/function.json": eventFile}, func(t *testing.T, app host.App) {
		var timers []functions.Timer
		var messages []functions.Message
		var events []functions.Event
		handler := functions.NewHandler(functions.Options{Log: slog.New(slog.DiscardHandler)},
			functions.OnTimer("Tick", func(_ context.Context, v functions.Timer) error { timers = append(timers, v); return nil }),
			functions.OnMessage("Step", func(_ context.Context, v functions.Message) error {
				messages = append(messages, v)
				if v.DeliveryCount == 1 {
					return errors.New("not yet")
				}
				return nil
			}),
			functions.OnEvent("Change", func(_ context.Context, v functions.Event) error { events = append(events, v); return nil }),
		)
		b := setup(t, app, func(_ *bundle, o *host.Options) { o.Worker = host.NewInProcess(handler) })
		b.queue.send("m1")
		if _, err := b.Fire("Change", `{"id":"e1"}`); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if len(timers) != 1 || !timers[0].Last.IsZero() || timers[0].Next.Minute() != 5 {
			t.Errorf("timers = %+v", timers)
		}
		if len(messages) != 2 || messages[1].ID != "m1" || string(messages[1].Body) != `{"id":"m1"}` || messages[1].DeliveryCount != 2 {
			t.Errorf("messages = %+v", messages)
		}
		if len(events) != 1 || string(events[0].Raw) != `{"id":"e1"}` {
			t.Errorf("events = %+v", events)
		}
		if got := strings.Join(b.queue.seen(), ", "); got != "abandon m1, complete m1" {
			t.Errorf("history = %s", got)
		}
	})
}
