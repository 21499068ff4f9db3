package handlers_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/internal/emulator"
)

// spy looks for secrets in whatever Lifeboat shows or writes down.
type spy struct {
	mu      sync.Mutex
	secrets map[string]hidden // by what they are
	found   map[string]string // where a secret stood first, by kind of place and secret
	looked  map[string]int    // texts, by kind of place
	showed  map[string]int    // pages that were answered in full, by path
	seen    map[string]bool   // open words that were met anywhere
	open    []string
}

// hidden is a secret in the ways in which it may be written down.
type hidden struct {
	forms []string
	may   []string // kinds of places where it may stand, as resume tokens may in rows
}

func newSpy() *spy {
	return &spy{secrets: map[string]hidden{}, found: map[string]string{}, looked: map[string]int{}, showed: map[string]int{}, seen: map[string]bool{}}
}

// hide plants a secret that may be spelled in some ways, and may stand in
// places of some kinds.
func (s *spy) hide(what string, forms []string, may ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[what] = hidden{forms, may}
}

// spelled are the ways in which a secret may be written down.
func spelled(secret string) []string {
	return slices.Compact([]string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(fmt.Sprintf("%q", secret), `"`), fmt.Sprintf("%x", secret),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="), strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
	})
}

// expect names words that are no secret and come from where secrets do: where
// they are met nowhere, nothing was proved.
func (s *spy) expect(words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, words)
}

// signed matches what is a secret whoever made it.
var signed = regexp.MustCompile(`(?i)[?&;]sig=[a-z0-9%]|SharedKey(Lite)? [a-z0-9]+:[a-z0-9+/]|Bearer [a-z0-9_-]{8}`)

var unquoted = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">", `\"`, `"`, `\\`, `\`)

// look searches a text as it stands, as a browser shows it and as JSON has it.
// kind is that of the place: "row", "page", "log" and so on.
func (s *spy) look(kind, where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked[kind]++
	texts := []string{text}
	if strings.ContainsAny(text, `&\`) {
		texts = append(texts, html.UnescapeString(text), unquoted.Replace(text))
	}
	for _, text := range texts {
		for what, secret := range s.secrets {
			i := slices.IndexFunc(secret.forms, func(form string) bool { return strings.Contains(text, form) })
			if i >= 0 && !slices.Contains(secret.may, kind) {
				s.keep(kind, where, what, text, secret.forms[i])
			}
		}
		for _, hint := range []string{"ig=", "hared", "earer "} { // the expression is slow
			if !strings.Contains(text, hint) {
				continue
			}
			if m := signed.FindString(text); m != "" {
				s.keep(kind, where, "a signature or a token", text, m)
			}
		}
		if kind != "row" && strings.Contains(text, "pollURL") {
			s.keep(kind, where, "a resume token", text, "pollURL")
		}
		for _, words := range s.open {
			s.seen[words] = s.seen[words] || strings.Contains(text, words)
		}
	}
}

// keep notes the first place of a kind in which a secret stands, with the
// piece of text that it stands in.
func (s *spy) keep(kind, where, what, text, secret string) {
	if _, known := s.found[kind+": "+what]; !known {
		i := strings.Index(text, secret)
		s.found[kind+": "+what] = fmt.Sprintf("%s: %q", where, text[max(0, i-80):min(len(text), i+len(secret)+40)])
	}
}

// Write takes lines of a log.
func (s *spy) Write(line []byte) (int, error) {
	s.look("log", "line", string(line))
	return len(line), nil
}

// learning stands between a client and Azure and learns the tokens that it
// sends.
type learning struct {
	*spy
	next policy.Transporter
}

func (l learning) Do(r *http.Request) (*http.Response, error) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		l.mu.Lock()
		_, known := l.secrets["token "+token]
		l.mu.Unlock()
		if !known {
			l.hide("token "+token, []string{token})
		}
	}
	return l.next.Do(r)
}

var leadsTo = regexp.MustCompile(`href="(\?[^"]*)"`)

// pages reads the status page, up to most of the pages that it leads to, the
// same as JSON, and the metrics. Without tables they are answered, too, but with
// nothing in them that could tell: report counts those that were answered in full.
func (s *spy) pages(app http.Handler, most int) {
	get := func(path string) string {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		header, _ := json.Marshal(w.Header())
		s.look("page", path, string(header)+w.Body.String())
		if w.Code == http.StatusOK {
			s.mu.Lock()
			s.showed[strings.Split(path, "?")[0]]++
			s.mu.Unlock()
		}
		return w.Body.String()
	}
	get("/api/metrics")
	next, known := []string{""}, map[string]bool{"": true}
	for ; len(next) > 0 && most > 0; next, most = next[1:], most-1 {
		get("/api/state" + next[0])
		for _, to := range leadsTo.FindAllStringSubmatch(get("/api/status"+next[0]), -1) {
			if query := html.UnescapeString(to[1]); !known[query] {
				known[query] = true
				next = append(next, query)
			}
		}
	}
}

// stored reads every row, sidecar and message that is there.
func (s *spy) stored(a *emulator.Azure) {
	for _, row := range a.Storage.Entities(emulator.StateTable) {
		s.look("row", fmt.Sprint(row["PartitionKey"], "/", row["RowKey"]), fmt.Sprint(row))
	}
	for _, b := range a.Storage.ListBlobs("apim", "") {
		if body, metadata, err := a.Storage.GetBlob("apim", b.Name); err == nil && strings.HasSuffix(b.Name, ".json") {
			s.look("sidecar", b.Name, fmt.Sprint(string(body), metadata))
		}
	}
	for _, queue := range []string{emulator.StepQueue, emulator.RequestQueue, emulator.ApprovalQueue, emulator.NoticeQueue} {
		for _, m := range append(a.Broker.Peek(queue), a.Broker.Peek(queue+deadLetters)...) {
			s.look("message", queue, fmt.Sprint(m.ID, string(m.Body), m.ApplicationProperties))
		}
	}
}

// report fails the test for every secret that was found, and for every kind of
// place but the spared, and every page, of which nothing was looked at.
func (s *spy) report(t *testing.T, spared ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, place := range slices.Sorted(maps.Keys(s.found)) {
		t.Errorf("a secret stands in a %s, %s", place, s.found[place])
	}
	for _, missing := range s.unseen(spared...) {
		t.Error(missing)
	}
	for _, words := range s.open {
		if !s.seen[words] {
			t.Errorf("%q was met nowhere: its secrets were not tried", words)
		}
	}
}

// unseen says of what nothing was looked at.
func (s *spy) unseen(spared ...string) (missing []string) {
	for _, kind := range []string{"row", "page", "log", "message", "notice", "sidecar"} {
		if s.looked[kind] == 0 && !slices.Contains(spared, kind) {
			missing = append(missing, "no "+kind+" was looked at")
		}
	}
	for _, path := range []string{"/api/status", "/api/state", "/api/metrics"} {
		if s.showed[path] == 0 {
			missing = append(missing, path+" was never answered with 200")
		}
	}
	return missing
}

// An answer without anything in it can't show a secret, and proves nothing.
func TestPagesThatRefuseAreNotLookedAt(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusServiceUnavailable, http.StatusOK} {
		s := newSpy()
		for _, kind := range []string{"row", "log", "message", "notice", "sidecar"} {
			s.look(kind, "here", "something")
		}
		s.pages(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }), 3)
		want := []string{"/api/status was never answered with 200", "/api/state was never answered with 200", "/api/metrics was never answered with 200"}
		if status == http.StatusOK {
			want = nil
		}
		if got := s.unseen(); !slices.Equal(got, want) {
			t.Errorf("answers %d: %q, want %q", status, got, want)
		}
	}
}
