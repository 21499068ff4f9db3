package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// yes is bob's approval of exactly what j waits for.
func yes(j job.Job) request.Approval {
	return request.Approval{ID: "yes", Approved: true, Job: j.ID, Point: j.Restore.Point.Blob, Target: j.Service, By: "bob"}
}

// awaiting brings w to where ann's request waits for an approval.
func awaiting(t *testing.T, w *recoverytest.World) job.Job {
	t.Helper()
	ask(t, w, request.Request{ID: "r", Kind: request.Restore, Service: "apim-weu", By: "ann"})
	w.Run(t.Context(), time.Minute)
	j := last(t, w)
	if j.State != job.AwaitingApproval {
		t.Fatalf("job is %s: %s %s", j.State, j.Message, j.Reason)
	}
	return j
}

func TestAnAlertWaitsForAPerson(t *testing.T) {
	for name, extra := range map[string]string{"plain": "", "with a safety backup that outlasts the approval": ", safetyBackup: true, approvalExpiry: 5m"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "approve", extra, func(t *testing.T, w *recoverytest.World, a request.Alert) {
				send(t, w, a)
				w.Run(t.Context(), 8*time.Minute)
				ended(t, w, last(t, w), job.AwaitingApproval, "", 0)
				if err := w.Engine.Approval(t.Context(), yes(last(t, w))); err != nil {
					t.Fatal(err)
				}
				w.Run(t.Context(), 3*time.Hour)
				restored(t, w)
			})
		})
	}
}

func TestApprovalsThatDoNotCount(t *testing.T) {
	for name, change := range map[string]func(*request.Approval){
		"the requester's own":           func(a *request.Approval) { a.By = "ann" },
		"the requester's, written else": func(a *request.Approval) { a.By = " ANN " },
		"nobody's":                      func(a *request.Approval) { a.By = " " },
		"of another point":              func(a *request.Approval) { a.Point = "other" },
		"of another target":             func(a *request.Approval) { a.Target = "apim-weu" },
		"of another job":                func(a *request.Approval) { a.Job = "apim-neu-reqx-restore" },
		"of a service that is not in the plan": func(a *request.Approval) {
			a.Job = "x-restore"
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "approve", "", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
				a := yes(awaiting(t, w))
				change(&a)
				if err := w.Engine.Approval(t.Context(), a); !errors.Is(err, recovery.ErrRefused) {
					t.Errorf("Approval(%+v) = %v, want ErrRefused", a, err)
				}
				w.Run(t.Context(), time.Hour)
				ended(t, w, last(t, w), job.Canceled, job.CodeApprovalExpired, 0)
			})
		})
	}
}

func TestAnApprovalThatComesTooLate(t *testing.T) {
	inBubble(t, "approve", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		w.Run(t.Context(), 6*time.Minute)
		j := last(t, w)
		time.Sleep(15 * time.Minute) // the prompt that ends the job is late too
		if err := w.Engine.Approval(t.Context(), yes(j)); !errors.Is(err, recovery.ErrRefused) {
			t.Errorf("late approval: %v", err)
		}
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Canceled, job.CodeApprovalExpired, 0)
		if !strings.Contains(last(t, w).Message, "nothing was done") {
			t.Errorf("message %q", last(t, w).Message)
		}
		// The incident's restore touched nothing, so a person may ask for one.
		j = awaiting(t, w)
		if err := w.Engine.Approval(t.Context(), yes(j)); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), time.Hour)
		ended(t, w, last(t, w), job.Succeeded, "", 1)
	})
}

// A queue delivers to the millisecond, and counts a second as punctual.
func TestAPromptJustBeforeTheExpiry(t *testing.T) {
	inBubble(t, "approve", "", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
		j := awaiting(t, w)
		w.Run(t.Context(), time.Until(j.NotBefore)-500*time.Millisecond)
		if err := w.Engine.Step(t.Context(), recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}); err != nil {
			t.Error(err)
		}
		ended(t, w, last(t, w), job.AwaitingApproval, "", 0)
		w.Run(t.Context(), time.Minute)
		ended(t, w, last(t, w), job.Canceled, job.CodeApprovalExpired, 0)
	})
}

// An approval may be waited for longer than a job may take, and what is
// approved in time is restored: the wait costs the restore none of its own time.
func TestAnApprovalInTimeIsCarriedOut(t *testing.T) {
	for name, c := range map[string]struct {
		extra    string
		approved time.Duration
	}{
		"just before the first deadline":    {", approvalExpiry: 8h", 7*time.Hour + 57*time.Minute},
		"so that the restore passes it":     {", approvalExpiry: 8h", 7*time.Hour + 50*time.Minute},
		"long after it":                     {", approvalExpiry: 24h", 20 * time.Hour},
		"long after it, and backs up first": {", approvalExpiry: 24h, safetyBackup: true", 20 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "approve", c.extra, func(t *testing.T, w *recoverytest.World, _ request.Alert) {
				j := awaiting(t, w)
				w.Run(t.Context(), time.Until(j.CreatedAt.Add(c.approved)))
				if err := w.Engine.Approval(t.Context(), yes(last(t, w))); err != nil {
					t.Fatal(err)
				}
				w.Run(t.Context(), 3*time.Hour)
				ended(t, w, last(t, w), job.Succeeded, "", 1)
				if serving := w.Store.SummaryOf("apim-neu").ServingFor; serving == "" {
					t.Error("the standby is not marked serving")
				}
			})
		})
	}
}

func TestAnApprovalThatNobodyGivesInADay(t *testing.T) {
	inBubble(t, "approve", ", approvalExpiry: 24h", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
		awaiting(t, w)
		w.Run(t.Context(), 23*time.Hour)
		ended(t, w, last(t, w), job.AwaitingApproval, "", 0)
		w.Run(t.Context(), 2*time.Hour)
		ended(t, w, last(t, w), job.Canceled, job.CodeApprovalExpired, 0)
	})
}

// The plan may begin to ask for approvals while a safety backup runs.
func TestThePlanAsksForApprovalLater(t *testing.T) {
	inBubble(t, "auto", ", safetyBackup: true", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		send(t, w, a)
		w.Run(t.Context(), 8*time.Minute)
		w.Engine.Plan = failoverPlan(t, "approve", ", safetyBackup: true")
		w.Run(t.Context(), 15*time.Minute)
		ended(t, w, last(t, w), job.AwaitingApproval, "", 0)
		if err := w.Engine.Approval(t.Context(), yes(last(t, w))); err != nil {
			t.Fatal(err)
		}
		w.Run(t.Context(), time.Hour)
		restored(t, w)
	})
}

// Two words about one job come at the same moment: whichever effect of the
// first the second comes in, exactly one of them wins.
func TestWordsThatRace(t *testing.T) {
	type word struct {
		name string
		say  func(*recoverytest.World, job.Job, request.Alert) error
	}
	words := []word{
		{"approval", func(w *recoverytest.World, j job.Job, _ request.Alert) error {
			return w.Engine.Approval(context.Background(), yes(j))
		}},
		{"rejection", func(w *recoverytest.World, j job.Job, _ request.Alert) error {
			return w.Engine.Approval(context.Background(), request.Approval{ID: "no", Job: j.ID, By: "cleo", Reason: "no"})
		}},
		{"cancel", func(w *recoverytest.World, j job.Job, _ request.Alert) error {
			return w.Engine.Request(context.Background(), request.Request{ID: "c", Kind: request.Cancel, Job: j.ID, By: "ann"})
		}},
		{"resolved", func(w *recoverytest.World, _ job.Job, a request.Alert) error {
			return w.Engine.Alert(context.Background(), resolved(a))
		}},
		{"expiry", func(w *recoverytest.World, j job.Job, _ request.Alert) error {
			other := *w.Engine
			other.Now = func() time.Time { return j.NotBefore }
			return other.Step(context.Background(), recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision})
		}},
	}
	codes := map[string]string{"approval": "", "rejection": job.CodeRejected, "cancel": job.CodeCanceled, "resolved": job.CodeResolved, "expiry": job.CodeApprovalExpired}
	for _, first := range words {
		for _, second := range words {
			if first.name == second.name {
				continue
			}
			for offset := 1; offset <= 5; offset++ {
				t.Run(fmt.Sprintf("%s in effect %d of %s", second.name, offset, first.name), func(t *testing.T) {
					inBubble(t, "approve", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
						send(t, w, a)
						w.Run(t.Context(), 6*time.Minute)
						j, start, said := last(t, w), len(w.Effects.Seen()), false
						w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
							if e.Number == start+offset && !said {
								said = true
								_ = second.say(w, j, a) // either may lose
							}
							return recoverytest.NoFault
						}
						err := first.say(w, j, a)
						w.Effects.Judge = nil
						if errors.Is(err, job.ErrConflict) { // the queue delivers again
							err = first.say(w, j, a)
						}
						if err != nil && !errors.Is(err, recovery.ErrRefused) {
							t.Error(err)
						}
						one := last(t, w)
						if one.Revision != j.Revision+1 && !(one.Revision == j.Revision+2 && one.Restore.Approval.By != "" && one.State == job.Canceled) {
							t.Errorf("%d moves", one.Revision-j.Revision)
						}
						w.Run(t.Context(), time.Hour)
						one = last(t, w)
						if one.Code != codes[first.name] && one.Code != codes[second.name] {
							// A resolved incident's gate may also be what stops it.
							t.Errorf("job is %s %s: %s", one.State, one.Code, one.Message)
						}
						if got, want := len(restores(w)) == 1, one.State == job.Succeeded; got != want {
							t.Errorf("restored %t, and the job is %s", got, one.State)
						}
					})
				})
			}
		}
	}
}
