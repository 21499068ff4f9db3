package handlers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"lifeboat/internal/emulator"
)

// The app settings of the histories' plan. The receivers are called by their
// host names.
var historySettings = map[string]string{
	"OPS_URL":  "https://ops.example/hook/0f3b9c-s3cret",
	"OPS_KEY":  "whsec_aGlzdG9yaWVzLXNpZ25pbmcta2V5LXMzY3JldA==",
	"SEA_BEAT": "https://beat.example/7d1e-s3cret",
}

// receivers are a webhook and a heartbeat with a fate.
type receivers struct {
	*fates
	spy *spy

	mu    sync.Mutex
	taken map[string]string // bodies by the notice's id
	beats int
	wrong []string
}

// RoundTrip is webhook.Options.Transport.
func (v *receivers) RoundTrip(r *http.Request) (*http.Response, error) {
	dice, struck := v.strikes("hook " + r.Method + " " + r.URL.Host)
	if !struck && v.on.Load() && dice.Float64() < hookRate {
		struck = true // there are far fewer of these than of Azure's
	}
	if !struck {
		return v.take(r)
	}
	fault := hookFaults[dice.IntN(len(hookFaults))]
	v.count("hook " + fault.name)
	return fault.do(r, v, dice)
}

// hookRate is how many more of the calls of a receiver meet a fault.
const hookRate = 0.2

// take is what a receiver does that works.
func (v *receivers) take(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.URL.Host == "beat.example" {
		v.beats++
		return reply(r, http.StatusOK, "OK"), nil
	}
	v.spy.look("notice", "body", string(body))
	var e struct{ ID string }
	id := r.Header.Get("webhook-id")
	switch err := json.Unmarshal(body, &e); {
	case err != nil || e.ID == "" || strings.ReplaceAll(e.ID, ".", "_") != id || !strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,"):
		v.wrong = append(v.wrong, fmt.Sprintf("notice %q is unsigned or malformed: %s", id, body))
	case v.taken[e.ID] != "" && v.taken[e.ID] != string(body):
		v.wrong = append(v.wrong, fmt.Sprintf("notice %s came with two bodies:\n%s\n%s", e.ID, v.taken[e.ID], body))
	}
	v.taken[e.ID] = string(body)
	return reply(r, http.StatusNoContent, ""), nil
}

// hookFault is one way in which a call of a receiver goes wrong.
type hookFault struct {
	name string
	do   func(r *http.Request, v *receivers, dice *rand.Rand) (*http.Response, error)
}

var hookFaults = []hookFault{
	refusing("404", http.StatusNotFound), refusing("410", http.StatusGone), refusing("500", http.StatusInternalServerError), refusing("502", http.StatusBadGateway), refusing("503", http.StatusServiceUnavailable, "Retry-After", "120"),
	refusing("429 without a time", http.StatusTooManyRequests), refusing("429 in seconds", http.StatusTooManyRequests, "Retry-After", "30"), refusing("429 absurd", http.StatusTooManyRequests, "Retry-After", "99999999999999999999"),
	refusing("302", http.StatusFound, "Location", "http://169.254.169.254/metadata"),
	{"timeout", func(r *http.Request, _ *receivers, _ *rand.Rand) (*http.Response, error) {
		drop(r)
		<-r.Context().Done()
		return nil, r.Context().Err()
	}},
	{"timeout after", func(r *http.Request, v *receivers, _ *rand.Rand) (*http.Response, error) {
		if _, err := v.take(r); err != nil {
			return nil, err
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	}},
	{"reset before", func(r *http.Request, _ *receivers, _ *rand.Rand) (*http.Response, error) { return nil, reset(r) }},
	{"reset after", func(r *http.Request, v *receivers, _ *rand.Rand) (*http.Response, error) {
		_, _ = v.take(r)
		return nil, reset(r)
	}},
	{"500 after", func(r *http.Request, v *receivers, _ *rand.Rand) (*http.Response, error) {
		_, _ = v.take(r)
		return reply(r, http.StatusInternalServerError, ""), nil
	}},
}

func refusing(name string, status int, header ...string) hookFault {
	f := instead(name, status, "no", header...)
	return hookFault{name, func(r *http.Request, _ *receivers, dice *rand.Rand) (*http.Response, error) {
		return f.do(r, nil, dice)
	}}
}

// check wants every notice to be with whom it is for, and nothing else there.
func (v *receivers) check(t *testing.T, a *emulator.Azure) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range v.wrong {
		t.Error(w)
	}
	known := map[string]bool{}
	for _, row := range a.Storage.Entities(emulator.StateTable) {
		id, ok := strings.CutPrefix(row["RowKey"].(string), "notice|")
		if !ok {
			continue
		}
		known[id] = true
		told := strings.Contains(fmt.Sprint(row["Done"]), "ops")
		if row["State"] != "Delivered" || told != (v.taken[id] != "") {
			t.Errorf("notice %s is %v after %v attempts, told %v, arrived: %t: %v", id, row["State"], row["Attempts"], row["Done"], v.taken[id] != "", row["LastError"])
		}
	}
	for id := range v.taken {
		if !known[id] {
			t.Errorf("notice %s came and is in no row", id)
		}
	}
	if v.beats == 0 {
		t.Error("no heartbeat")
	}
}
