package host_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/host"
)

// grid is an app with an Event Grid function and one that is none.
var grid = map[string]string{"Change/function.json": eventFile, "Tick/function.json": timerFile}

const eventsURL = "/runtime/webhooks/eventgrid?functionName=Change"

// deliver is one request of Event Grid.
func deliver(kind, url, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("aeg-event-type", kind)
	}
	return r
}

// events are the ids of the events that the handler got, in order.
func events(t *testing.T, h *recorder) []string {
	t.Helper()
	var ids []string
	for _, r := range h.requests() {
		var e struct {
			Data     struct{ Event struct{ ID string } }
			Metadata struct{ Sys struct{ MethodName string } }
		}
		if err := json.Unmarshal([]byte(r.envelope), &e); err != nil || r.path != "/Change" || e.Metadata.Sys.MethodName != "Change" {
			t.Errorf("POST %s %s (%v), want an event for Change", r.path, r.envelope, err)
		}
		ids = append(ids, e.Data.Event.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestEventGridEndpoint(t *testing.T) {
	const one, two = `{"id":"a","eventType":"x","data":{}}`, `{"specversion":"1.0","id":"b","type":"y"}`
	for _, tt := range []struct {
		name, kind, url, body string
		want                  int
		events                []string
	}{
		{"an array", "Notification", eventsURL, "[" + one + "," + two + "]", 202, []string{"a", "b"}},
		{"one event alone", "Notification", eventsURL, two, 202, []string{"b"}},
		{"an empty array", "Notification", eventsURL, "[]", 202, nil},
		{"a header in another case", "notification", eventsURL, one, 202, []string{"a"}},
		{"a path in another case", "Notification", "/Runtime/Webhooks/EventGrid/?FUNCTIONNAME=Change", one, 202, []string{"a"}},
		{"no header", "", eventsURL, one, 400, nil},
		{"another header", "Greeting", eventsURL, one, 400, nil},
		{"the end of a subscription", "Unsubscribe", eventsURL, "", 202, nil},
		{"an unknown function", "Notification", "/runtime/webhooks/eventgrid?functionName=Nobody", one, 404, nil},
		{"a function's name in another case", "Notification", "/runtime/webhooks/eventgrid?functionName=change", one, 404, nil},
		{"a function of another trigger", "Notification", "/runtime/webhooks/eventgrid?functionName=Tick", one, 404, nil},
		{"no function", "Notification", "/runtime/webhooks/eventgrid", one, 404, nil},
		{"another extension", "Notification", "/runtime/webhooks/durabletask?functionName=Change", one, 404, nil},
		{"no JSON", "Notification", eventsURL, "hello", 500, nil},
		{"null", "Notification", eventsURL, "null", 500, nil},
		{"an event that is no object", "Notification", eventsURL, "[" + one + ",7]", 500, []string{"a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, grid, func(t *testing.T, app host.App) {
				b := setup(t, app)
				w := b.call(deliver(tt.kind, tt.url, tt.body))
				if diff := cmp.Diff(tt.events, events(t, b.handler)); diff != "" || w.Code != tt.want {
					t.Errorf("answer = %d %s, want %d; events (-want +got):\n%s", w.Code, w.Body, tt.want, diff)
				}
				if n := len(b.ended()); n != len(tt.events) {
					t.Errorf("%d invocations, want %d", n, len(tt.events))
				}
			})
		})
	}
}

// The host shakes hands alone: the handler never hears of it.
func TestEventGridHandshakes(t *testing.T) {
	for name, body := range map[string]string{
		"an Event Grid event":            `[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"5 < 12","validationUrl":"https://x"}}]`,
		"a cloud event":                  `{"specversion":"1.0","data":"{\"validationCode\":\"5 < 12\"}"}`,
		"a cloud event's data as it was": `{"specversion":"1.0","data":{"validationCode":"5 < 12"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, grid, func(t *testing.T, app host.App) {
				b := setup(t, app)
				w := b.call(deliver("SubscriptionValidation", eventsURL, body))
				if w.Code != 200 || w.Body.String() != `{"validationResponse":"5 < 12"}` || len(b.handler.requests()) != 0 {
					t.Errorf("answer = %d %s after %d calls, want the code and no call", w.Code, w.Body, len(b.handler.requests()))
				}
			})
		})
	}
	for name, body := range map[string]string{"nothing": "", "no event": "[]", "no code": `[{"data":{}}]`, "no data": `[{}]`, "a number": "7"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, grid, func(t *testing.T, app host.App) {
				if w := setup(t, app).call(deliver("SubscriptionValidation", eventsURL, body)); w.Code != 500 {
					t.Errorf("answer = %d %s, want 500", w.Code, w.Body)
				}
			})
		})
	}
}

func TestCloudEventsHandshake(t *testing.T) {
	for origin, want := range map[string]string{
		"":                         "eventgrid.azure.net",
		"eventgrid.azure.us":       "eventgrid.azure.us",
		"eventgrid.azure.cn":       "eventgrid.azure.cn",
		"eventgrid.azure.net.evil": "eventgrid.azure.net",
	} {
		t.Run(origin, func(t *testing.T) {
			bubble(t, grid, func(t *testing.T, app host.App) {
				r := httptest.NewRequest(http.MethodOptions, eventsURL, nil)
				r.Header.Set("WebHook-Request-Origin", origin)
				w := setup(t, app).call(r)
				if got := w.Header().Get("Webhook-Allowed-Origin"); w.Code != 200 || got != want {
					t.Errorf("answer = %d, allows %q, want %q", w.Code, got, want)
				}
			})
		})
	}
}

func TestEventGridKey(t *testing.T) {
	for _, tt := range []struct {
		method, query, header string
		want                  int
	}{
		{"POST", "&code=system", "", 202},
		{"POST", "", "system", 202},
		{"OPTIONS", "&code=system", "", 200},
		{"POST", "", "", 401},
		{"POST", "&code=key", "", 401}, // a function's key is another
		{"POST", "&code=system", "wrong", 401},
		{"OPTIONS", "", "", 401},
		{"PATCH", "&code=system", "", 404},
	} {
		t.Run(tt.method+tt.query+" with "+tt.header, func(t *testing.T) {
			bubble(t, grid, func(t *testing.T, app host.App) {
				b := setup(t, app, func(_ *bundle, o *host.Options) { o.FunctionKey, o.EventGridKey = "key", "system" })
				r := deliver("Notification", eventsURL+tt.query, `{"id":"a"}`)
				r.Method = tt.method
				if tt.header != "" {
					r.Header.Set("x-functions-key", tt.header)
				}
				if w := b.call(r); w.Code != tt.want || (len(b.handler.requests()) == 1) != (tt.want == 202) {
					t.Errorf("answer = %d after %d calls, want %d", w.Code, len(b.handler.requests()), tt.want)
				}
			})
		})
	}
}

// The events of one delivery run at once, each in an invocation of its own,
// and the answer waits for the last.
func TestADeliverysEventsRunInParallel(t *testing.T) {
	bubble(t, grid, func(t *testing.T, app host.App) {
		var running, most atomic.Int32
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, _ *http.Request) {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Minute)
				running.Add(-1)
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, success)
			}
		})
		began := time.Now()
		w := b.call(deliver("Notification", eventsURL, `[{"id":"a"},{"id":"b"},{"id":"c"}]`))
		if took := time.Since(began); w.Code != 202 || took != time.Minute || most.Load() != 3 {
			t.Errorf("answer = %d after %v with %d at once, want 202 after a minute with 3", w.Code, took, most.Load())
		}
		ids := map[string]bool{}
		for _, r := range b.handler.requests() {
			ids[r.id] = true
		}
		if len(ids) != 3 {
			t.Errorf("%d invocation ids, want 3", len(ids))
		}
	})
}

// One failure fails the delivery, whatever became of the others.
func TestOneFailedEventFailsTheDelivery(t *testing.T) {
	bubble(t, grid, func(t *testing.T, app host.App) {
		var calls atomic.Int32
		b := setup(t, app, func(b *bundle, _ *host.Options) {
			b.handler.answer = func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) == 2 {
					w.WriteHeader(http.StatusInternalServerError)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, success)
			}
		})
		const delivery = `[{"id":"a"},{"id":"b"},{"id":"c"}]`
		if w := b.call(deliver("Notification", eventsURL, delivery)); w.Code != 500 || !strings.Contains(w.Body.String(), "does not indicate success") {
			t.Errorf("answer = %d %s, want 500 and the reason", w.Code, w.Body)
		}
		if w := b.call(deliver("Notification", eventsURL, delivery)); w.Code != 202 {
			t.Errorf("sent again = %d, want 202", w.Code)
		}
		if diff := cmp.Diff([]string{"a", "a", "b", "b", "c", "c"}, events(t, b.handler)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestEventGridFindsNobodyAfterTheEnd(t *testing.T) {
	bubble(t, grid, func(t *testing.T, app host.App) {
		b := setup(t, app)
		if err := b.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := b.call(deliver("Notification", eventsURL, `{"id":"a"}`)); w.Code != 503 {
			t.Errorf("answer = %d, want 503", w.Code)
		}
	})
}
