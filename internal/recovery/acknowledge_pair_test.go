package recovery_test

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// A standby may be protected too, by its source or by a third. Who acknowledges
// the source says nothing about the standby's own failover.
func TestAStandbysOwnFailoverIsItsOwn(t *testing.T) {
	for _, third := range []string{"apim-weu", "apim-neu-2", "apim"} {
		t.Run(third, func(t *testing.T) {
			p := testPlan(t, `    standbys: {apim-neu: {resourceId: `+id+`apim-neu}}
    failover: {mode: auto, rules: [down]}
  apim-neu:
    resourceId: `+id+`apim-neu
    standbys: {`+third+`: {resourceId: `+id+third+`}}
    failover: {mode: auto, rules: [neu down]}
`)
			synctest.Test(t, func(t *testing.T) {
				w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
				w.Run(t.Context(), 2*time.Hour)
				silence(w, "apim-neu")
				a := fired(time.Now())
				a.Rule = "neu down"
				send(t, w, a)
				w.Run(t.Context(), 2*time.Hour)
				if s := w.Store.SummaryOf(third); s.ServingFor != "apim-neu" {
					t.Fatalf("%s does not serve: %+v", third, s)
				}
				for n, service := range []string{"apim-weu", "apim-neu"} {
					ask(t, w, request.Request{ID: fmt.Sprint("ack", n), Kind: request.Acknowledge, Service: service, By: "ann", EnqueuedAt: time.Now()})
					if got, want := w.Store.SummaryOf("apim-neu").Acknowledged, service == "apim-neu"; got != want {
						t.Errorf("after the acknowledgement of %s, that of apim-neu's failover is %t", service, got)
					}
				}
				if !w.Store.SummaryOf(third).Acknowledged {
					t.Errorf("%s still cools down", third)
				}
			})
		})
	}
}

// Who acknowledges a standby that serves, in place of what it serves for, does
// not end the cool-down of the failover onto it.
func TestAFailoverOntoAServiceIsNotItsOwn(t *testing.T) {
	p := testPlan(t, `    standbys: {apim-neu: {resourceId: `+id+`apim-neu}}
    failover: {mode: auto, rules: [down]}
  apim-neu:
    resourceId: `+id+`apim-neu
`)
	for _, cleaned := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := recoverytest.NewWorld(p, slog.New(slog.DiscardHandler))
			w.Run(t.Context(), 2*time.Hour)
			silence(w, "apim-weu")
			send(t, w, fired(time.Now()))
			w.Run(t.Context(), 2*time.Hour)
			standby := w.Store.SummaryOf("apim-neu")
			if standby.ServingFor != "apim-weu" {
				t.Fatalf("apim-neu does not serve: %+v", standby)
			}
			if cleaned {
				row, err := w.Store.Job(t.Context(), "apim-neu", standby.FailoverJob)
				if err != nil {
					t.Fatal(err)
				}
				if err := w.Store.Remove(t.Context(), job.Finished{Job: &row}); err != nil {
					t.Fatal(err)
				}
			}
			ask(t, w, request.Request{ID: "wrong", Kind: request.Acknowledge, Service: "apim-neu", By: "ann", Outcome: request.Failback})
			if now := w.Store.SummaryOf("apim-neu"); now != standby {
				t.Errorf("apim-neu was %+v and is %+v", standby, now)
			}
			ask(t, w, request.Request{ID: "right", Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: request.Failback})
			if now := w.Store.SummaryOf("apim-neu"); !now.Acknowledged || now.ServingFor != "" {
				t.Errorf("after what it served for was acknowledged: %+v", now)
			}
		})
	}
}
