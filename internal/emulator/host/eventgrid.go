package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// eventsPath is the webhook of the Event Grid extension; the router ignores
// its case.
const eventsPath = "/runtime/webhooks/eventgrid"

// maxDelivery bounds what is read of a delivery; Event Grid's own limit is 1 MB.
const maxDelivery = 2 << 20

// The values of the header that says what a delivery is.
const (
	eventHeader  = "aeg-event-type"
	validation   = "SubscriptionValidation"
	notification = "Notification"
	unsubscribe  = "Unsubscribe"
)

// origins are Event Grid's in the clouds that the extension knows; it answers
// every other with the first.
var origins = []string{
	"eventgrid.azure.net", "eventgrid.azure.us", "eventgrid.azure.eaglex.ic.gov", "eventgrid.azure.microsoft.scloud", "eventgrid.azure.cn",
}

// events answers Event Grid as the extension does: the handler sees events
// only, never a handshake.
func (h *Host) events(w http.ResponseWriter, r *http.Request) {
	f, known := h.subscribed(r)
	kind := r.Header.Get(eventHeader)
	switch {
	case !slices.Contains([]string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions}, r.Method):
		w.WriteHeader(http.StatusNotFound)
	case !carries(r, h.options.EventGridKey):
		w.WriteHeader(http.StatusUnauthorized)
	case !known:
		http.Error(w, fmt.Sprintf("cannot find function: '%s'", queryValue(r, "functionName")), http.StatusNotFound)
	case r.Method == http.MethodOptions:
		w.Header().Set("Webhook-Allowed-Origin", allowedOrigin(r))
	case strings.EqualFold(kind, validation):
		h.shakeHands(w, r)
	case strings.EqualFold(kind, notification):
		h.notify(w, r, f)
	case strings.EqualFold(kind, unsubscribe):
		w.WriteHeader(http.StatusAccepted)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// subscribed finds the function that a delivery names; unlike the path, a
// function's name has its case.
func (h *Host) subscribed(r *http.Request) (Function, bool) {
	name := queryValue(r, "functionName")
	i := slices.IndexFunc(h.app.Functions, func(f Function) bool { return f.Trigger == EventGridTrigger && f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return h.app.Functions[i], true
}

func allowedOrigin(r *http.Request) string {
	origin := r.Header.Get("WebHook-Request-Origin")
	if slices.Contains(origins, origin) {
		return origin
	}
	return origins[0]
}

// shakeHands returns the code that proves whose endpoint this is. A body that
// has none makes the extension throw.
func (h *Host) shakeHands(w http.ResponseWriter, r *http.Request) {
	code, err := validationCode(w, r)
	if err != nil {
		h.options.Log.Warn("event subscription", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(encode(object{{"validationResponse", code}}))
}

func validationCode(w http.ResponseWriter, r *http.Request) (string, error) {
	all, err := delivery(w, r)
	if err != nil {
		return "", err
	}
	var event struct{ Data json.RawMessage }
	if len(all) == 0 || json.Unmarshal(all[0], &event) != nil {
		return "", errors.New("a validation without an event")
	}
	data := []byte(event.Data)
	var text string
	if json.Unmarshal(data, &text) == nil { // the cloud event's is encoded twice
		data = []byte(text)
	}
	var said struct{ ValidationCode string }
	if err := json.Unmarshal(data, &said); err != nil || said.ValidationCode == "" {
		return "", errors.New("a validation without a code")
	}
	return said.ValidationCode, nil
}

// delivery reads the events of a request: an array, or one event alone.
func delivery(w http.ResponseWriter, r *http.Request) ([]json.RawMessage, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
	if err != nil {
		return nil, err
	}
	var all []json.RawMessage
	if json.Unmarshal(body, &all) == nil && all != nil {
		return all, nil
	}
	if !isObject(body) {
		return nil, errors.New("a delivery that is neither an event nor an array of them")
	}
	return []json.RawMessage{body}, nil
}

func isObject(raw json.RawMessage) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(raw, &members) == nil && members != nil
}

// notify runs the function for every event of a delivery, all at once. If one
// fails Event Grid hears of it, and sends all of them again.
func (h *Host) notify(w http.ResponseWriter, r *http.Request, f Function) {
	all, err := delivery(w, r)
	if err != nil {
		h.options.Log.Warn("event delivery", "function", f.Name, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if !h.enter() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer h.running.Done()
	failures := make([]string, len(all))
	var running sync.WaitGroup
	for i, event := range all {
		running.Go(func() { failures[i] = h.runEvent(f, event) })
	}
	running.Wait()
	if i := slices.IndexFunc(failures, func(s string) bool { return s != "" }); i >= 0 {
		http.Error(w, failures[i], http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// runEvent returns why the event's invocation failed, or "".
func (h *Host) runEvent(f Function, event json.RawMessage) (failure string) {
	if !isObject(event) {
		return fmt.Sprintf("Exception while executing function: %s. The event is no object.", f.Name)
	}
	in := h.invoke(f, h.posting(f, func(s sys) []byte { return eventEnvelope(f, event, s) }))
	h.report(in)
	if in.Outcome == Succeeded {
		return ""
	}
	return fmt.Sprintf("Exception while executing function: %s. %s", f.Name, in.Reason)
}
