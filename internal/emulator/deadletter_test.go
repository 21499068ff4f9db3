package emulator

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/host"
	"lifeboat/internal/emulator/servicebus"
)

// app writes an app whose functions receive from queues, by their names.
func app(t *testing.T, queues map[string]string) host.App {
	t.Helper()
	dir := t.TempDir()
	write := func(file, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("host.json", `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`)
	for name, queue := range queues {
		write(name+"/function.json", `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"msg","queueName":"`+queue+`","connection":"Bus","dataType":"binary"}]}`)
	}
	read, err := host.Load(dir, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// letter is what a handler sees of a message.
type letter struct {
	Function, Body   string
	Count, Source    string
	Reason, Describe string
}

// reader is a handler that notes messages and answers with the next status;
// 200 when there is none left.
type reader struct {
	mu       sync.Mutex
	letters  []letter
	statuses []int
}

func (h *reader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		return
	}
	var e struct {
		Data     struct{ Msg []byte }
		Metadata struct {
			DeliveryCount, DeadLetterSource string
			ApplicationProperties           struct{ DeadLetterReason, DeadLetterErrorDescription string }
		}
	}
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p := e.Metadata.ApplicationProperties
	h.mu.Lock()
	defer h.mu.Unlock()
	h.letters = append(h.letters, letter{r.URL.Path, string(e.Data.Msg), e.Metadata.DeliveryCount, e.Metadata.DeadLetterSource, p.DeadLetterReason, p.DeadLetterErrorDescription})
	w.Header().Set("Content-Type", "application/json")
	if len(h.statuses) > 0 {
		w.WriteHeader(h.statuses[0])
		h.statuses = h.statuses[1:]
	}
	_, _ = io.WriteString(w, `{"Outputs":{},"Logs":[],"ReturnValue":null}`)
}

// receive runs an app on a's queues until the bubble is idle.
func (h *reader) receive(t *testing.T, a *Azure, app host.App) {
	t.Helper()
	front := host.New(app, host.Options{Worker: host.NewInProcess(h), Queues: a.Queues(), Log: slog.New(slog.DiscardHandler)})
	if err := front.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	synctest.Wait()
	if err := front.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A message that nobody takes ends as a dead letter; a function on the
// dead-letter queue gets it with the reason, and gets it again for as long as
// it says no. Nothing counts there, and nothing moves it on.
func TestDeadLettersReachTheirFunction(t *testing.T) {
	for _, queue := range []string{StepQueue + "/$deadletterqueue", StepQueue + "/$DeadLetterQueue"} {
		t.Run(queue, func(t *testing.T) {
			steps, dead := app(t, map[string]string{"Step": StepQueue}), app(t, map[string]string{"Dead": queue})
			synctest.Test(t, func(t *testing.T) {
				a := New(Options{})
				defer a.Close()
				if err := a.Broker.Send(StepQueue, servicebus.Message{ID: "m", Body: []byte("poison"), ApplicationProperties: map[string]any{"mine": "kept"}}); err != nil {
					t.Fatal(err)
				}
				no := &reader{statuses: []int{500, 500, 500, 500, 500, 500, 500, 500, 500, 500}}
				no.receive(t, a, steps)
				if active, _, deadLetters := a.Broker.Counts(StepQueue); active != 0 || deadLetters != 1 || len(no.letters) != 10 {
					t.Fatalf("%d messages and %d dead letters after %d deliveries, want 0, 1 and 10", active, deadLetters, len(no.letters))
				}

				again := &reader{statuses: []int{500, 503, 500, 404, 500, 500, 500, 500, 500, 500, 500, 500}}
				again.receive(t, a, dead)
				want := letter{"/Dead", "poison", "11", `"job-steps"`, "MaxDeliveryCountExceeded", "Message could not be consumed after 10 delivery attempts."}
				if len(again.letters) != 13 {
					t.Fatalf("%d deliveries, want one a no and the last", len(again.letters))
				}
				for _, got := range again.letters {
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("dead letter (-want +got):\n%s", diff)
					}
				}
				if active, _, deadLetters := a.Broker.Counts(StepQueue); active != 0 || deadLetters != 0 {
					t.Errorf("%d messages and %d dead letters are left, want none", active, deadLetters)
				}
			})
		})
	}
}

// A dead letter that is locked by a host that dies comes back after its lock.
func TestADeadLetterOutlivesTheHost(t *testing.T) {
	dead := app(t, map[string]string{"Dead": StepQueue + "/$deadletterqueue"})
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{})
		defer a.Close()
		if err := a.Broker.Send(StepQueue, servicebus.Message{ID: "m", Body: []byte("why")}); err != nil {
			t.Fatal(err)
		}
		d, err := a.Broker.Receive(t.Context(), StepQueue)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.DeadLetter("Malformed", "not an object"); err != nil {
			t.Fatal(err)
		}
		for range 3 { // nobody settles these
			if _, err := a.Broker.Receive(t.Context(), StepQueue+"/$DeadLetterQueue"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
		}
		yes := &reader{}
		yes.receive(t, a, dead)
		want := []letter{{"/Dead", "why", "1", `"job-steps"`, "Malformed", "not an object"}}
		if diff := cmp.Diff(want, yes.letters); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
	})
}
