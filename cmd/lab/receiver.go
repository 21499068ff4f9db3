package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// receiver is whom the lab's plans tell: a webhook that takes CloudEvents,
// signed by Standard Webhooks, and heartbeats of services.
type receiver struct {
	token string // makes its addresses secret, as those of real ones are
	key   []byte
	heard func(cloudEvent) // called when a notice is taken for the first time
	now   func() time.Time

	mu     sync.Mutex
	refuse int // posts to come
	said   []string
	mail   inbox
}

// inbox is what a receiver got.
type inbox struct {
	taken   map[string]cloudEvent // by id
	posts   map[string]int        // by id, refused ones included
	refused int
	forged  int            // without a good signature, or malformed
	beats   map[string]int // by service and beat, such as "apim-weu/start"
}

// cloudEvent is a notice as it arrives.
type cloudEvent struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Type        string `json:"type"`
	Data        struct {
		Type    string `json:"type"`
		Service string `json:"service"`
		Subject string `json:"subject"`
		What    string `json:"what"`
		Facts   struct {
			Excerpt string `json:"excerpt"`
		} `json:"facts"`
	} `json:"data"`

	at time.Time
}

// receiverService is what the Tap calls a receiver.
const receiverService = "receiver"

// The paths of a receiver; what follows them is secret.
const (
	hookPath = "/hook/"
	pingPath = "/ping/"
)

func newReceiver(heard func(cloudEvent)) *receiver {
	r := &receiver{token: rand.Text(), key: make([]byte, 32), heard: heard, now: time.Now}
	_, _ = rand.Read(r.key) // never fails
	r.mail = inbox{taken: map[string]cloudEvent{}, posts: map[string]int{}, beats: map[string]int{}}
	return r
}

// signingKey is the app setting that lets a sender sign.
func (r *receiver) signingKey() string { return "whsec_" + base64.StdEncoding.EncodeToString(r.key) }

func (r *receiver) hookURL(base string) string { return base + hookPath + r.token }

// pingURL is the heartbeat of a service.
func (r *receiver) pingURL(base, service string) string {
	return base + pingPath + r.token + "/" + service
}

// refuseNext lets the next n posts fail.
func (r *receiver) refuseNext(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = n
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if beat, ok := strings.CutPrefix(q.URL.Path, pingPath+r.token+"/"); ok {
		r.beaten(beat)
		return
	}
	if q.URL.Path != hookPath+r.token || q.Method != http.MethodPost {
		http.NotFound(w, q)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(r.posted(q.Header, body))
}

// beaten counts a ping: a service, or a service, a slash and what it does.
func (r *receiver) beaten(beat string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.Contains(beat, "/") {
		beat += "/success"
	}
	r.mail.beats[beat]++
}

// posted takes a notice, or not, and returns the status.
func (r *receiver) posted(h http.Header, body []byte) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, string(body))
	var e cloudEvent
	id := h.Get("webhook-id")
	err := json.Unmarshal(body, &e)
	if err != nil || e.SpecVersion != "1.0" || e.ID == "" || strings.ReplaceAll(e.ID, ".", "_") != id || !r.signed(h, id, body) {
		r.mail.forged++
		return http.StatusUnauthorized
	}
	r.mail.posts[e.ID]++
	if r.refuse > 0 {
		r.refuse--
		r.mail.refused++
		return http.StatusServiceUnavailable
	}
	if _, again := r.mail.taken[e.ID]; !again {
		e.at = r.now()
		r.mail.taken[e.ID] = e
		r.heard(e)
	}
	return http.StatusNoContent
}

// signed checks a signature of Standard Webhooks 1.0.0: of the id, the time
// and the body, with full stops between them.
func (r *receiver) signed(h http.Header, id string, body []byte) bool {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(id + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Fields(h.Get("webhook-signature")), want)
}

// bodies are all posts, taken or not.
func (r *receiver) bodies() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}

// got is what has arrived so far.
func (r *receiver) got() inbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	mail := r.mail
	mail.taken, mail.posts, mail.beats = maps.Clone(mail.taken), maps.Clone(mail.posts), maps.Clone(mail.beats)
	return mail
}
