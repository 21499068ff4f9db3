package recovery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// deaths are the engine's methods for dead letters, by queue.
func deaths(e *recovery.Engine) map[string]func(context.Context, recovery.DeadLetter) error {
	return map[string]func(context.Context, recovery.DeadLetter) error{
		recovery.StepQueue: e.DeadStep, recovery.RequestQueue: e.DeadRequest, recovery.ApprovalQueue: e.DeadApproval, recovery.NoticeQueue: e.DeadNotice,
	}
}

const gaveUp = "MaxDeliveryCountExceeded"

func letter(queue, body string) recovery.DeadLetter {
	return recovery.DeadLetter{Queue: queue, ID: "m1", Sequence: 7, Body: []byte(body), Reason: gaveUp, EnqueuedAt: time.Now()}
}

// bury delivers a dead letter, which must be taken at once.
func bury(t *testing.T, w *recoverytest.World, d recovery.DeadLetter) {
	t.Helper()
	if err := deaths(w.Engine)[d.Queue](t.Context(), d); err != nil {
		t.Errorf("dead letter of %s: %v", d.Queue, err)
	}
}

func TestDeadLettersThatNobodyCanUse(t *testing.T) {
	for name, c := range map[string]struct{ queue, body, about string }{
		"a prompt that is none":              {recovery.StepQueue, `{"schema":1`, ""},
		"a prompt for an unknown job":        {recovery.StepQueue, `{"schema":1,"service":"apim-weu","job":"apim-weu-x","revision":1}`, "apim-weu"},
		"a prompt for an unknown service":    {recovery.StepQueue, `{"schema":1,"service":"apim-x","job":"apim-x-x","revision":1}`, ""},
		"a request that is none":             {recovery.RequestQueue, `hello`, ""},
		"a request that is refused":          {recovery.RequestQueue, `{"schema":1,"id":"r1","kind":"Backup","service":"apim-x"}`, ""},
		"a cancellation that is refused":     {recovery.RequestQueue, `{"schema":1,"id":"r1","kind":"Cancel","service":"apim-weu","job":"apim-weu-x","by":"ann"}`, "apim-weu"},
		"an approval that is none":           {recovery.ApprovalQueue, `[]`, ""},
		"an approval of an unknown job":      {recovery.ApprovalQueue, `{"schema":1,"id":"a1","verdict":"Approve","job":"apim-weu-x","point":"p","target":"apim-neu","by":"ann"}`, ""},
		"a prompt for a notice that is none": {recovery.NoticeQueue, `{"schema":1,"service":""}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, hooksPlan(t, ""))
				d := letter(c.queue, c.body)
				bury(t, w, d)
				bury(t, w, d)                   // the settlement was lost
				w.Run(t.Context(), time.Minute) // nobody waits for the watchdog
				checkNotices(t, w, map[job.NoticeType]int{job.NoticeDeadMessage: 1})
				n := only(t, w, job.NoticeDeadMessage)
				if f := n.Facts; n.About != c.about || f.Queue != c.queue || f.Code != gaveUp || f.Message == "" || f.Excerpt != c.body {
					t.Errorf("about %q it says %+v", n.About, f)
				}
				d.Sequence++ // a sender may use an id twice
				bury(t, w, d)
				w.Run(t.Context(), time.Hour)
				checkNotices(t, w, map[job.NoticeType]int{job.NoticeDeadMessage: 2})
				if got := counter(t, w, "dead_letters", c.queue); got != 3 {
					t.Errorf("%d dead letters counted, want 3", got)
				}
			})
		})
	}
}

// What a newer version may understand waits for it for a day, and is told to
// people then.
func TestADeadRequestOfANewerVersion(t *testing.T) {
	const body = `{"schema":2,"id":"r1","kind":"Backup","service":"apim-weu"}`
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		d := letter(recovery.RequestQueue, body)
		bury(t, w, d)
		again := w.Queue.Take(time.Now().Add(time.Hour))
		if len(again) != 1 || again[0].Queue != d.Queue || string(again[0].Body) != body || !again[0].NotBefore.After(time.Now()) {
			t.Errorf("sent again: %+v, want the same, later", again)
		}
		checkNotices(t, w, map[job.NoticeType]int{})
		d.Properties = again[0].Properties
		time.Sleep(25 * time.Hour)
		bury(t, w, d)
		w.Run(t.Context(), time.Minute)
		if n := only(t, w, job.NoticeDeadMessage); n.Facts.Excerpt != body {
			t.Errorf("it says %+v", n.Facts)
		}
	})
}

// The row of a notice is there, for whoever understands it.
func TestADeadNoticePromptOfANewerVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		bury(t, w, letter(recovery.NoticeQueue, `{"schema":2,"service":"apim-weu","notice":"n","mood":"new"}`))
		checkNotices(t, w, map[job.NoticeType]int{})
	})
}

func TestDeadPromptsThatNobodyNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		tell(t, w, changed(time.Now(), "first"))
		w.Run(t.Context(), 15*time.Minute)
		jobs := w.Store.Jobs("apim-weu")
		sent := w.Queue.Sent()
		for _, j := range jobs {
			p := recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}
			if !j.State.Terminal() {
				p.Revision--
			}
			bury(t, w, letter(recovery.StepQueue, string(recovery.EncodePrompt(p))))
		}
		bury(t, w, letter(recovery.NoticeQueue, string(recovery.EncodeNoticePrompt(recovery.NoticePrompt{Service: "apim-weu", Notice: "x", FirstSeen: time.Now()}))))
		for i, j := range w.Store.Jobs("apim-weu") {
			if j.Revision != jobs[i].Revision {
				t.Errorf("job %s was moved", j.ID)
			}
		}
		if got := w.Queue.Sent(); got != sent {
			t.Errorf("%d messages were sent", got-sent)
		}
		w.Run(t.Context(), time.Hour)
		checkNotices(t, w, nil)
	})
}

// A job whose prompt was given up goes on, and keeps why it did not.
func TestADeadPromptOfAJobThatCanGoOn(t *testing.T) {
	for at := 2 * time.Minute; at < 22*time.Minute; at += 3 * time.Minute {
		t.Run(at.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(hooksPlan(t, "    jitter: 0s\n"), slog.New(slog.DiscardHandler))
				w.Azure.Duration = 20 * time.Minute
				w.Run(t.Context(), at)
				w.Queue.Take(time.Now().Add(24 * time.Hour))
				j := w.Store.Jobs("apim-weu")[0]
				time.Sleep(time.Until(j.NotBefore)) // the queue shows nothing before
				bury(t, w, prompting(j))
				kept := w.Store.Jobs("apim-weu")[0]
				if kept.State != j.State || !strings.Contains(kept.Reason, gaveUp) || time.Until(kept.NotBefore) > time.Minute {
					t.Errorf("job is %s until %s: %q", kept.State, kept.NotBefore, kept.Reason)
				}
				w.Run(t.Context(), 2*time.Minute)
				if got := w.Store.Jobs("apim-weu")[0]; got.Revision <= kept.Revision {
					t.Errorf("job did not go on: %+v", got)
				}
				w.Run(t.Context(), time.Hour)
				if got := w.Store.Jobs("apim-weu")[0]; got.State != job.Succeeded {
					t.Errorf("job is %s: %s", got.State, got.Message)
				}
				oneAtATime(t, w.Azure.Operations())
				checkNotices(t, w, nil)
			})
		})
	}
}

// prompting is the dead prompt for j's next move.
func prompting(j job.Job) recovery.DeadLetter {
	return letter(recovery.StepQueue, string(recovery.EncodePrompt(recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision})))
}

// One whose job waits for later, for a person for example, brings nothing
// forward and repairs nothing.
func TestADeadPromptOfAJobThatIsNotDue(t *testing.T) {
	inBubble(t, "approve", ", approvalExpiry: 50m", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		w.Run(t.Context(), 6*time.Minute)
		j := last(t, w)
		w.Queue.Take(time.Now().Add(24 * time.Hour))
		bury(t, w, prompting(j))
		sent := w.Queue.Sent()
		w.Run(t.Context(), 40*time.Minute)
		if got := last(t, w); got.Revision != j.Revision || got.State != job.AwaitingApproval || w.Queue.Sent() != sent {
			t.Errorf("job is %s, %d messages were sent", got.State, w.Queue.Sent()-sent)
		}
		w.Run(t.Context(), 10*time.Minute)
		ended(t, w, last(t, w), job.Canceled, job.CodeApprovalExpired, 0)
	})
}

func TestADeadPromptOfANewerVersionWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 12*time.Minute)
		j := w.Store.Jobs("apim-weu")[0]
		w.Queue.Take(time.Now().Add(24 * time.Hour))
		bury(t, w, letter(recovery.StepQueue, fmt.Sprintf(`{"schema":2,"service":"apim-weu","job":%q,"revision":%d,"new":1}`, j.ID, j.Revision)))
		waiting := w.Queue.Waiting()
		if len(waiting) != 1 || time.Until(waiting[0].NotBefore) < 5*time.Minute {
			t.Errorf("waiting: %v", waiting)
		}
		if got := w.Store.Jobs("apim-weu")[0]; got.Revision != j.Revision {
			t.Errorf("the job was moved: %+v", got)
		}
		w.Run(t.Context(), time.Hour)
		if got := w.Store.Jobs("apim-weu")[0]; got.State != job.Succeeded {
			t.Errorf("job is %s", got.State)
		}
		checkNotices(t, w, nil)
	})
}

// maintenance is a request that needs store.Transit and little else.
const maintenance = `{"schema":1,"id":"m","kind":"Maintenance","service":"apim-weu","by":"ann","state":"on","until":"2000-01-09T00:00:00Z"}`

// A request can't be carried out for a while: it is tried again, ever more
// seldom, for a day.
func TestADeadRequestIsTriedAgain(t *testing.T) {
	for fails, told := range map[time.Duration]bool{0: false, time.Hour: false, 20 * time.Hour: false, 30 * time.Hour: true} {
		t.Run(fails.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := changing(t, hooksPlan(t, ""))
				begin := time.Now()
				var tries []time.Time
				w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
					if e.Call != "store.Transit" || time.Since(begin) >= fails {
						return recoverytest.NoFault
					}
					tries = append(tries, time.Now())
					return recoverytest.FailInstead
				}
				d := letter(recovery.RequestQueue, maintenance)
				bury(t, w, d)
				w.Run(t.Context(), 32*time.Hour)
				w.Effects.Judge = nil
				s, err := w.Store.Summary(t.Context(), "apim-weu")
				if err != nil || s.MaintenanceUntil.IsZero() == !told {
					t.Errorf("maintenance until %s, %v", s.MaintenanceUntil, err)
				}
				want := map[job.NoticeType]int{}
				if told {
					want[job.NoticeDeadMessage] = 1
				}
				checkNotices(t, w, want)
				for _, n := range said(t, w, job.NoticeDeadMessage) {
					near(t, "it is told", n.At, begin.Add(24*time.Hour), 10*time.Minute)
				}
				if len(w.Buried) > 0 || len(w.Queue.Waiting()) > 0 {
					t.Errorf("buried: %v, waiting: %v", w.Buried, w.Queue.Waiting())
				}
				// The queue delivers ten times before each dead letter.
				for i := 12; i < len(tries); i++ {
					if tries[i].Sub(tries[i-12]) < 15*time.Second {
						t.Errorf("12 tries from %s to %s", tries[i-12], tries[i])
						break
					}
				}
			})
		})
	}
}

// The day begins when the message was sent.
func TestADeadRequestThatWaitedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := changing(t, hooksPlan(t, ""))
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "store.Transit" {
				return recoverytest.FailInstead
			}
			return recoverytest.NoFault
		}
		d := letter(recovery.RequestQueue, maintenance)
		d.EnqueuedAt = time.Now().Add(-25 * time.Hour)
		bury(t, w, d)
		w.Effects.Judge = nil
		w.Run(t.Context(), time.Minute)
		checkNotices(t, w, map[job.NoticeType]int{job.NoticeDeadMessage: 1})
	})
}

// Store and queue, or one of them, are away, and the host delivers again at
// once whatever is not taken: nothing spins, and nothing is lost.
func TestDeadLettersDoNotSpin(t *testing.T) {
	const bad = "not a message"
	for _, away := range []string{"store. queue.", "store.", "queue."} {
		for queue, bodies := range map[string][]string{
			recovery.StepQueue:     {bad, `{"schema":2,"service":"apim-weu","job":"%s","revision":%d}`, `{"schema":1,"service":"apim-weu","job":"%s","revision":%d}`},
			recovery.RequestQueue:  {bad, maintenance},
			recovery.ApprovalQueue: {bad, `{"schema":1,"id":"a1","verdict":"Approve","job":"%[1]s","point":"p","target":"apim-neu","by":"ann"}`},
			recovery.NoticeQueue:   {bad},
		} {
			for i, body := range bodies {
				t.Run(fmt.Sprintf("%s without %s, %d", queue, away, i), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
						w.Run(t.Context(), 12*time.Minute)
						j := w.Store.Jobs("apim-weu")[0]
						if strings.Contains(body, "%") {
							body = fmt.Sprintf(body, j.ID, j.Revision)
							body, _, _ = strings.Cut(body, "%!(EXTRA")
						}
						w.Queue.Take(time.Now().Add(24 * time.Hour))
						spins(t, w, away, letter(queue, body))
						w.Effects.Judge = nil
						w.Run(t.Context(), 2*time.Hour)
						want := map[job.NoticeType]int{}
						if body == bad || queue == recovery.ApprovalQueue {
							want[job.NoticeDeadMessage] = 1
						}
						checkNotices(t, w, want)
						if got := w.Store.Jobs("apim-weu")[0]; got.State != job.Succeeded {
							t.Errorf("job is %s", got.State)
						}
						if s, err := w.Store.Summary(t.Context(), "apim-weu"); err != nil || body == maintenance && s.MaintenanceUntil.IsZero() {
							t.Errorf("the request was lost: %+v, %v", s, err)
						}
					})
				})
			}
		}
	}
}

// spins delivers d again and again while something is away, and once more when
// it is back; each minute it may be delivered six times.
func spins(t *testing.T, w *recoverytest.World, away string, d recovery.DeadLetter) {
	t.Helper()
	begin, deliveries := time.Now(), 0
	w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
		port, _, _ := strings.Cut(e.Call, ".")
		if strings.Contains(away, port+".") && time.Since(begin) < 10*time.Minute {
			return recoverytest.FailInstead
		}
		return recoverytest.NoFault
	}
	for taken := false; !taken; deliveries++ {
		if most := int(time.Since(begin).Minutes()+1) * 6; deliveries > most {
			t.Fatalf("%d deliveries in %s", deliveries, time.Since(begin))
		}
		taken = deaths(w.Engine)[d.Queue](t.Context(), d) == nil
	}
}

// The living queues deliver again at once too.
func TestNoQueueSpins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 12*time.Minute)
		j := w.Store.Jobs("apim-weu")[0]
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if strings.HasPrefix(e.Call, "store.") || strings.HasPrefix(e.Call, "queue.") {
				return recoverytest.FailInstead
			}
			return recoverytest.NoFault
		}
		for name, deliver := range map[string]func(int) error{
			"Step": func(n int) error {
				return w.Engine.Step(t.Context(), recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision, EnqueuedAt: time.Now(), Deliveries: n})
			},
			"Deliver": func(n int) error {
				return w.Engine.Deliver(t.Context(), recovery.NoticePrompt{Service: "apim-weu", Notice: "n", FirstSeen: time.Now(), Deliveries: n})
			},
		} {
			begin, n := time.Now(), 1
			for deliver(n) != nil && n < 100 {
				n++
			}
			if n > 5 || time.Since(begin) < time.Duration(n-1)*10*time.Second {
				t.Errorf("%s: %d deliveries in %s", name, n, time.Since(begin))
			}
		}
	})
}

// secretive draws a message in which words of secrets stand, and nowhere else.
func secretive(t *rapid.T) (body string, secrets []string) {
	word := func() string {
		s := "zq" + rapid.StringMatching(`[A-Za-z0-9]{6,10}`).Draw(t, "word") + "qz"
		secrets = append(secrets, s)
		return s
	}
	value := func() any {
		switch rapid.IntRange(0, 6).Draw(t, "form") {
		case 0:
			return word()
		case 1:
			return word() + " " + word()
		case 2:
			return word() + `"` + word()
		case 3:
			return word() + `\` + word() + "\n" + word()
		case 4:
			return []string{word(), word()}
		case 5:
			return map[string]any{"value": word(), "x": []any{word()}}
		}
		return "ü" + word() + "," + word() + "}&;" + word()
	}
	name := rapid.SampledFrom([]string{"password", "Password", "sig", "key", "code", "token", "clientSecret", "apiKeyValue", "primary_key", "x-functions-key", "AccountKey", "SharedAccessSignature", "pwd", "accessKeys", "credentials"})
	message := map[string]any{}
	if rapid.Bool().Draw(t, "like a request") {
		message["a"], message["kind"], message["schema"] = "plain", "Backup", 1
	}
	for range rapid.IntRange(1, 3).Draw(t, "secrets") {
		message[name.Draw(t, "name")] = value()
	}
	if rapid.Bool().Draw(t, "a url") {
		message["url"] = "https://h.example/x?v=1&" + name.Draw(t, "parameter") + "=" + word() + "%2B" + word()
	}
	if rapid.Bool().Draw(t, "a header") {
		message["header"] = "Authorization: Bearer " + word() + "." + word()
	}
	if rapid.Bool().Draw(t, "a run") {
		run := word() + rapid.StringMatching(`[A-Za-z0-9+/_-]{50,200}`).Draw(t, "run")
		message["b"] = run
		secrets = append(secrets, run[14:30])
	}
	if rapid.Bool().Draw(t, "a named value in a name") {
		message["AccountKey="+word()] = 1
	}
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "json in json") {
		if text, err = json.Marshal(map[string]string{"message": string(text)}); err != nil {
			t.Fatal(err)
		}
	}
	noise := rapid.SampledFrom([]string{"", "\x00\x1b[31m\xff\xfe\u202e\t", "é\u2028"}).Draw(t, "noise")
	return noise + string(text), secrets
}

// An error may hold an excerpt of its own, which ends in the middle of a key.
func TestAKeyThatIsCutOff(t *testing.T) {
	w := recoverytest.NewWorld(hooksPlan(t, ""), slog.New(slog.DiscardHandler))
	key := strings.Repeat("Zq7Xv9Kd", 11)
	bury(t, w, letter(recovery.RequestQueue, `{"text":"`+strings.Repeat("two words ", 16)+key+`"}`))
	for _, n := range w.Store.AllNotices() {
		if text := n.Facts.Message + n.Facts.Excerpt; strings.Contains(text, key[:16]) {
			t.Errorf("%q holds a part of the key", text)
		}
	}
}

func TestExcerptsHoldNoSecret(t *testing.T) {
	p := hooksPlan(t, "")
	rapid.Check(t, func(t *rapid.T) {
		w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
		body, secrets := secretive(t)
		queue := rapid.SampledFrom([]string{recovery.StepQueue, recovery.RequestQueue, recovery.ApprovalQueue, recovery.NoticeQueue}).Draw(t, "queue")
		if err := deaths(w.Engine)[queue](context.Background(), letter(queue, body)); err != nil {
			t.Fatal(err)
		}
		all := w.Store.AllNotices()
		if len(all) != 1 {
			t.Fatalf("%d notices", len(all))
		}
		for _, text := range []string{all[0].Facts.Excerpt, all[0].Facts.Message} {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%q holds %q", text, s)
				}
			}
			if i := slices.IndexFunc([]rune(text), func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }); i >= 0 {
				t.Errorf("%q does not print at %d", text, i)
			}
			if n := len([]rune(text)); n > 400 {
				t.Errorf("%d runes", n)
			}
		}
	})
}
