package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// struck is a sender whose nth message to the queue of requests meets a fault.
type struck struct {
	recovery.Sender
	worker func() // dies
	fault  string
	nth    int

	asked, sent int // messages to the queue of requests
}

var errStruck = errors.New("the queue says no")

func (s *struck) Send(ctx context.Context, m job.Message) error {
	if m.Queue != recovery.RequestQueue {
		return s.Sender.Send(ctx, m)
	}
	s.asked++
	fault := s.fault
	if s.asked != s.nth {
		fault = ""
	}
	switch fault {
	case "dies before":
		s.worker()
		return errStruck
	case "fails":
		return errStruck
	}
	err := s.Sender.Send(context.WithoutCancel(ctx), m)
	if err == nil {
		s.sent++
	}
	switch fault {
	case "dies after":
		s.worker()
		return errStruck
	case "fails after":
		return errStruck
	}
	return err
}

// hooked is an app whose AlertHook sends through s.
func hooked(t *testing.T, s *struck) *app {
	a := &app{t: t, azure: emulator.New(emulator.Options{Services: emulator.SampleServices(), Account: "stbackups"})}
	log := slog.New(functions.LogHandler(slog.NewTextHandler(t.Output(), nil)))
	engine := a.engine(standbyPlan(t, "approve"), log)
	s.Sender, s.worker = engine.Queue, func() { a.worker.Restart() }
	engine.Queue = s
	a.worker = host.NewInProcess(handlers.New(engine, log, admitting(everybody)))
	a.serve(a.worker)
	return a
}

// AlertHook sends, and does nothing else. Whatever befalls that, whoever posts
// hears a yes only if the queue has the alert, and posts again until then. However
// many copies that makes, they are one incident and one restore.
func TestAlertHookIsCrashed(t *testing.T) {
	for _, fault := range []string{"", "dies before", "dies after", "fails", "fails after"} {
		for nth := range 3 { // a no may come more than once
			t.Run(fmt.Sprint(fault, " ", nth+1), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &struck{fault: fault, nth: nth + 1}
					a := hooked(t, s)
					defer a.stop()
					body := string(alert(t, time.Now()))
					for range nth + 2 { // the last one meets nothing
						a.posts(s, body)
					}
					time.Sleep(10 * time.Minute)
					if n := len(a.rows("apim-weu", "incident|")); n != 1 {
						t.Errorf("%d incidents, want 1", n)
					}
					if n := len(a.jobs("apim-neu")); n != 1 {
						t.Errorf("%d restores, want 1", n)
					}
				})
			})
		}
	}
}

// posts is one copy of an alert, posted as an action group does: until it is taken.
func (a *app) posts(s *struck, body string) {
	a.t.Helper()
	for range 5 {
		before := s.sent
		w := httptest.NewRecorder()
		a.host.HTTP().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/alert", strings.NewReader(body)))
		yes := w.Code/100 == 2
		if yes && s.sent == before {
			a.t.Errorf("answered %d, and the queue has no message", w.Code)
		}
		if struck := s.asked == s.nth && s.fault != ""; yes == struck {
			a.t.Errorf("answered %d to a message that meets %q", w.Code, s.fault)
		}
		if yes {
			return
		}
		// An action group tries again after this, and after no 500.
		if strings.HasPrefix(s.fault, "fails") && w.Code != http.StatusServiceUnavailable {
			a.t.Errorf("answered %d to a message that meets %q, want 503", w.Code, s.fault)
		}
		time.Sleep(time.Minute)
	}
	a.t.Error("the alert was never taken")
}
