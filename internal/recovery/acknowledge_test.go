package recovery_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// failedOver lets a failover of apim-weu end well.
func failedOver(t *testing.T, w *recoverytest.World, a request.Alert) {
	t.Helper()
	send(t, w, a)
	w.Run(t.Context(), 2*time.Hour)
	if w.Store.SummaryOf("apim-neu").ServingFor != "apim-weu" {
		t.Fatalf("the standby does not serve: %+v", last(t, w))
	}
}

// An acknowledgement is about what had begun when it was sent: a copy that
// comes after the next failover changes nothing of that.
func TestALateAcknowledgementLeavesTheNextFailoverAlone(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		failedOver(t, w, a)
		ack := request.Request{ID: "ack", Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: request.Failback, EnqueuedAt: time.Now()}
		ask(t, w, ack)
		send(t, w, resolved(a))
		time.Sleep(time.Hour)
		next := fired(time.Now())
		next.ID = "/alerts/next"
		failedOver(t, w, next)
		source, target := w.Store.SummaryOf("apim-weu"), w.Store.SummaryOf("apim-neu")

		if err := w.Engine.Request(t.Context(), ack); !errors.Is(err, recovery.ErrRefused) {
			t.Errorf("the copy: %v, want it refused", err)
		}
		if now := w.Store.SummaryOf("apim-weu"); now != source {
			t.Errorf("the source was %+v and is %+v", source, now)
		}
		if now := w.Store.SummaryOf("apim-neu"); now != target {
			t.Errorf("the standby was %+v and is %+v", target, now)
		}
		ack.EnqueuedAt = time.Now()
		ask(t, w, ack)
		if now := w.Store.SummaryOf("apim-neu"); now.ServingFor != "" || !now.Acknowledged {
			t.Errorf("what is acknowledged anew: %+v", now)
		}
	})
}

// An instance that is held up between the look at a standby and the word about
// it does not speak of the failover that has begun meanwhile.
func TestAnAcknowledgementThatAFailoverOvertakes(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		failedOver(t, w, a)
		ack := request.Request{ID: "ack", Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: request.Failback, EnqueuedAt: time.Now()}
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "store.Transit" || e.Call == "store.Note" { // another instance takes the first copy, and time passes
				w.Effects.Judge = nil
				ask(t, w, ack)
				send(t, w, resolved(a))
				time.Sleep(time.Hour)
				next := fired(time.Now())
				next.ID = "/alerts/next"
				failedOver(t, w, next)
			}
			return recoverytest.NoFault
		}
		if err := w.Engine.Request(t.Context(), ack); !errors.Is(err, recovery.ErrRefused) {
			t.Errorf("the copy that was held up: %v, want it refused", err)
		}
		if now := w.Store.SummaryOf("apim-neu"); now.ServingFor != "apim-weu" || now.Acknowledged {
			t.Errorf("the standby that serves is %+v", now)
		}
	})
}

// Of two words about maintenance the one that was sent last counts, in whatever
// order and however often they come.
func TestTheLastWordAboutMaintenanceCounts(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
		on := request.Request{ID: "on", Kind: request.Maintenance, Service: "apim-weu", By: "ann", On: true, Until: time.Now().Add(8 * time.Hour), EnqueuedAt: time.Now()}
		off := request.Request{ID: "off", Kind: request.Maintenance, Service: "apim-weu", By: "ann", EnqueuedAt: time.Now().Add(time.Minute)}
		for _, order := range [][]request.Request{{on, off, on}, {off, on}} {
			for n, r := range order {
				err := w.Engine.Request(t.Context(), r)
				if overtaken := n > 0 && r.ID == "on"; overtaken != errors.Is(err, recovery.ErrRefused) || !overtaken && err != nil {
					t.Errorf("%s as number %d of %d: %v", r.ID, n+1, len(order), err)
				}
			}
			if until := w.Store.SummaryOf("apim-weu").MaintenanceUntil; !until.IsZero() {
				t.Errorf("maintenance until %s although its end was sent last", until)
			}
		}
	})
}

// A request that is sent again, because storage was away, is as old as it was.
func TestARequestThatIsSentAgainIsAsOldAsItWas(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, _ request.Alert) {
		sent := time.Now().Add(-3 * time.Hour)
		w.Effects.Judge = func(e recoverytest.Effect) recoverytest.Fault {
			if e.Call == "store.Transit" {
				return recoverytest.FailInstead
			}
			return recoverytest.NoFault
		}
		d := letter(recovery.RequestQueue, maintenance)
		d.EnqueuedAt = sent
		if err := w.Engine.DeadRequest(context.Background(), d); err != nil {
			t.Fatal(err)
		}
		w.Effects.Judge = nil
		w.Run(t.Context(), time.Hour)
		if asked := w.Store.SummaryOf("apim-weu").MaintenanceAsked; !asked.Equal(sent) {
			t.Errorf("sent at %s, and counts as sent at %s", sent, asked)
		}
		if last := (recovery.DeadLetter{EnqueuedAt: sent}).FirstSent(); !last.Equal(sent) {
			t.Errorf("first sent at %s, want %s", last, sent)
		}
	})
}

// The log tells of an acknowledgement that ended something, and of no other.
func TestAnAcknowledgementOfNothingIsToldAsThat(t *testing.T) {
	inBubble(t, "auto", "", func(t *testing.T, w *recoverytest.World, a request.Alert) {
		var log strings.Builder
		w.Engine.Log = slog.New(slog.NewTextHandler(&log, nil))
		said := func() [2]int {
			return [2]int{strings.Count(log.String(), "failover acknowledged"), strings.Count(log.String(), "nothing to acknowledge")}
		}
		ack := request.Request{ID: "ack", Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: request.Failback}
		ask(t, w, ack)
		if got, want := said(), [2]int{0, 1}; got != want {
			t.Errorf("before any failover: %d, want %d", got, want)
		}
		failedOver(t, w, a)
		ask(t, w, ack)
		ask(t, w, ack)
		if got, want := said(), [2]int{1, 2}; got != want {
			t.Errorf("after one, twice: %d, want %d", got, want)
		}
	})
}
