package functions_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lifeboat/internal/functions"
)

type passed struct{}

// watched keeps what an Around saw, and marks the context of what it runs.
type watched struct {
	invocations []functions.Invocation
	errs        []error
}

func (w *watched) around(ctx context.Context, i functions.Invocation, run func(context.Context) error) error {
	err := run(context.WithValue(ctx, passed{}, true))
	w.invocations, w.errs = append(w.invocations, i), append(w.errs, err)
	return err
}

func (w *watched) only(t *testing.T) (functions.Invocation, error) {
	t.Helper()
	if len(w.invocations) != 1 {
		t.Fatalf("%d invocations seen, want 1", len(w.invocations))
	}
	return w.invocations[0], w.errs[0]
}

func TestAroundSeesAMessage(t *testing.T) {
	var w watched
	h, s := newBundle(functions.Options{Around: w.around})
	if answer := post(h, "/onOrder", fixture(t, "servicebus_binary")); answer.Code != http.StatusOK {
		t.Fatalf("status = %d: %s", answer.Code, answer.Body)
	}
	i, err := w.only(t)
	if i.ID != invocationID || i.Function != "onOrder" || i.Trigger != functions.ServiceBusTrigger || i.Request != nil || i.Status != nil || err != nil {
		t.Errorf("invocation = %+v, %v", i, err)
	}
	if i.Message == nil || i.Message.ID != "order-1001" || i.Message.DeliveryCount != 1 || i.Message.Properties["tenant"] != "a" {
		t.Errorf("message = %+v", i.Message)
	}
	if len(s.messages) != 1 {
		t.Errorf("the function ran %d times", len(s.messages))
	}
}

func TestAroundSeesTimersAndEvents(t *testing.T) {
	for path, trigger := range map[string]functions.Trigger{"nightly": functions.TimerTrigger, "onBlob": functions.EventGridTrigger} {
		var w watched
		h, _ := newBundle(functions.Options{Around: w.around})
		post(h, "/"+path, fixture(t, map[string]string{"nightly": "timer", "onBlob": "eventgrid"}[path]))
		if i, err := w.only(t); i.Function != path || i.Trigger != trigger || i.Message != nil || err != nil {
			t.Errorf("invocation = %+v, %v", i, err)
		}
	}
}

// The host hears what the Around returns, and the Around hears of failures
// and panics alike.
func TestAroundHearsOfFailures(t *testing.T) {
	for _, panics := range []bool{false, true} {
		var w watched
		h, s := newBundle(functions.Options{Around: w.around})
		s.fail, s.panic = errors.New("no"), panics
		if answer := post(h, "/nightly", fixture(t, "timer")); answer.Code != http.StatusInternalServerError {
			t.Errorf("status = %d, want 500", answer.Code)
		}
		if _, err := w.only(t); err == nil {
			t.Error("the Around heard of no failure")
		}
	}
}

func TestAroundSeesAForwardedRequest(t *testing.T) {
	tests := []struct {
		name   string
		handle http.HandlerFunc
		status int
	}{
		{"an answer", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, http.StatusAccepted},
		{"nothing said", func(http.ResponseWriter, *http.Request) {}, http.StatusOK},
		{"a panic after half an answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Half", "yes")
			w.WriteHeader(http.StatusAccepted)
			panic("boom")
		}, http.StatusInternalServerError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w watched
			marked := false
			o := functions.Options{Around: w.around, Log: slog.New(slog.DiscardHandler)}
			h := functions.NewHandler(o, functions.OnHTTP("Hook", []string{"POST"}, "a/hook", func(w http.ResponseWriter, r *http.Request) {
				marked = r.Context().Value(passed{}) == true
				tt.handle(w, r)
			}))
			r := httptest.NewRequest(http.MethodPost, "/api/A/Hook?code=secret", strings.NewReader("{}"))
			r.Header.Set("X-Functions-Key", "secret")
			r.Header.Set("Traceparent", "here")
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			i, _ := w.only(t)
			if answer.Code != tt.status || i.Status() != tt.status {
				t.Errorf("answered %d, Status() = %d, want %d", answer.Code, i.Status(), tt.status)
			}
			if i.Route != "a/hook" || i.Request.Header.Get("Traceparent") != "here" || !marked {
				t.Errorf("invocation = %+v, its context came through: %v", i, marked)
			}
			if i.Request.Header.Get("X-Functions-Key") != "" || strings.Contains(i.Request.URL.String(), "secret") {
				t.Error("the Around saw the function key")
			}
			if answer.Header().Get("X-Half") != "" {
				t.Error("half an answer was sent")
			}
		})
	}
}

func TestAroundSeesNothingThatDoesNotRun(t *testing.T) {
	var w watched
	h, _ := newBundle(functions.Options{Around: w.around})
	post(h, "/nightly", strings.NewReader("{}"))
	post(h, "/nobody", strings.NewReader("{}"))
	if len(w.invocations) != 0 {
		t.Errorf("saw %+v", w.invocations)
	}
}
