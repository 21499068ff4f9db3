package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/handlers"
	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/web"
)

var asked = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// shelf is a store with a few rows of apim-weu, which is all that the pages
// read. Reading fails with broken, and lists with incomplete after their rows.
type shelf struct {
	recovery.Store // nil: whatever else the pages call is a panic
	broken         error
	incomplete     error
	calm           bool // no incident is open
	reads          map[string]int
}

func (s *shelf) read(what string) { s.reads[what]++ }

func yielded[T any](s *shelf, what string, all ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		s.read(what)
		var none T
		if s.broken != nil {
			yield(none, s.broken)
			return
		}
		for _, x := range all {
			if !yield(x, nil) {
				return
			}
		}
		if s.incomplete != nil {
			yield(none, s.incomplete)
		}
	}
}

func (s *shelf) backup() job.Job {
	started := asked.Add(-11 * time.Hour)
	j := job.NewBackup("apim-weu", started, started, job.Rules{Deadline: time.Hour}, started)
	j.State, j.EndedAt = job.Succeeded, started.Add(40*time.Minute)
	j.Attempt = job.Attempt{Number: 1, StartedAt: started, Blob: "b", ResumeToken: "secret-token"}
	return j
}

func (s *shelf) point() job.Point {
	j := s.backup()
	return job.Point{Service: "apim-weu", Job: j.ID, Blob: "b", Size: 7 << 20, StartedAt: j.Attempt.StartedAt, VerifiedAt: j.EndedAt}
}

func (s *shelf) summary() job.Summary {
	j := s.backup()
	incident := "inc1"
	if s.calm {
		incident = ""
	}
	return job.SummaryMove{Ended: &j, Point: ptr(s.point()), ProtectedSince: ptr(asked.Add(-1000 * time.Hour)), Incident: &incident}.Apply(job.Summary{Service: "apim-weu"})
}

func ptr[T any](x T) *T { return &x }

func (s *shelf) restore() job.Job {
	order := job.RestoreOrder{Source: "apim-weu", Incident: "inc1", Gates: []job.Gate{{Name: "cooldown", Outcome: "Refused", Sentence: "the cool-down is not over"}}}
	j := job.NewRestore("apim-weu-dr", "inc1", order, job.Rules{Deadline: time.Hour}, asked.Add(-time.Hour))
	j.State, j.EndedAt, j.Code = job.Failed, asked.Add(-time.Hour), job.CodeGateRefused
	return j
}

func (s *shelf) incident() job.StoredIncident {
	return job.StoredIncident{Incident: job.Incident{ID: "inc1", Service: "apim-weu", Rule: "gateway-down", OpenedAt: asked.Add(-time.Hour), Restore: s.restore().ID, Target: "apim-weu-dr"}}
}

func (s *shelf) Summaries(context.Context) iter.Seq2[job.Summary, error] {
	return yielded(s, "summaries", s.summary())
}
func (s *shelf) Unfinished(context.Context) iter.Seq2[job.Job, error] {
	return yielded[job.Job](s, "unfinished")
}
func (s *shelf) Notices(context.Context) iter.Seq2[job.StoredNotice, error] {
	return yielded[job.StoredNotice](s, "notices")
}
func (s *shelf) Incidents(context.Context) iter.Seq2[job.StoredIncident, error] {
	return yielded(s, "incidents", s.incident())
}
func (s *shelf) Counters(context.Context) iter.Seq2[job.Counter, error] {
	return yielded[job.Counter](s, "counters")
}
func (s *shelf) Points(context.Context, string) iter.Seq2[job.Point, error] {
	return yielded(s, "points", s.point())
}
func (s *shelf) Incident(context.Context, string, string) (job.StoredIncident, error) {
	s.read("incident")
	return s.incident(), s.broken
}
func (s *shelf) Summary(_ context.Context, service string) (job.Summary, error) {
	s.read("summary")
	if service != "apim-weu" {
		return job.Summary{}, fmt.Errorf("summary of %s: %w", service, job.ErrNotFound)
	}
	return s.summary(), s.broken
}
func (s *shelf) Point(_ context.Context, service, blob string) (job.StoredPoint, error) {
	s.read("point")
	return job.StoredPoint{Point: s.point()}, s.broken
}
func (s *shelf) Job(_ context.Context, service, id string) (job.Stored, error) {
	s.read("job")
	for _, j := range []job.Job{s.backup(), s.restore()} {
		if s.broken == nil && j.ID == id && j.Service == service {
			return job.Stored{Job: j}, nil
		}
	}
	return job.Stored{}, fmt.Errorf("job %s: %w", id, cause(s.broken))
}

func cause(err error) error {
	if err == nil {
		return job.ErrNotFound
	}
	return err
}

// archive is a shelf that can list past jobs.
type archive struct{ *shelf }

func (h archive) Jobs(_ context.Context, service string) iter.Seq2[job.Job, error] {
	if service == "apim-weu" {
		return yielded(h.shelf, "jobs", h.backup())
	}
	return yielded(h.shelf, "jobs", h.restore())
}

// visit asks the app over store for path.
func visit(t *testing.T, store recovery.Store, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	p := samplePlanWithStandby(t)
	app := handlers.New(&recovery.Engine{Plan: p, Store: store, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return asked }},
		slog.New(slog.NewTextHandler(t.Output(), nil)), admitting(everybody))
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func admitting(admits func(*http.Request) bool) func(*functions.Options) {
	return func(o *functions.Options) { o.Admits = admits }
}

func everybody(*http.Request) bool { return true }

func newShelf() *shelf { return &shelf{reads: map[string]int{}} }

func TestStatusPages(t *testing.T) {
	s := newShelf()
	for _, c := range []struct {
		name, query string
		status      int
		want        []string
	}{
		{"the fleet", "", 200, []string{"Not everything is restorable: 1 service has no restorable backup (apim-neu). The newest backup of apim-weu is 11 h old.", "11 h / 26 h", "gateway-down", "the cool-down is not over", "1 incident is open"}},
		{"a service", "?service=apim-weu", 200, []string{"apim-weu is restorable: its newest backup is 11 h old.", "1 good backup and 0 failed", "the cool-down is not over", "apim-weu-dr"}},
		{"a job", "?service=apim-weu&job=" + s.backup().ID, 200, []string{"The backup of apim-weu succeeded.", "7.0 MB", "All services"}},
		{"a job without its service", "?job=" + s.restore().ID, 200, []string{"The restore of apim-weu onto apim-weu-dr failed.", "GateRefused", "the cool-down is not over"}},
		{"live", "?live=on", 200, []string{`<meta http-equiv="refresh" content="30">`, "reloads every 30\u00a0s"}},
		{"live with another word", "?live=yes", 200, []string{"reload every 30\u00a0s"}},
		{"a service that is not there", "?service=nobody", 404, []string{"The plan has no service &#34;nobody&#34;."}},
		{"a job that is not there", "?service=apim-weu&job=nothing", 404, []string{"There is no job &#34;nothing&#34;."}},
		{"a job of nobody", "?job=nothing", 404, []string{"There is no job"}},
		{"a name that is an attack", "?service=%3Cscript%3Ealert(1)%3C/script%3E", 404, []string{"&lt;script&gt;"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := visit(t, archive{s}, "GET", "/api/status"+c.query)
			if w.Code != c.status {
				t.Errorf("status = %d, want %d", w.Code, c.status)
			}
			for _, text := range c.want {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("no %q in\n%s", text, w.Body)
				}
			}
			if strings.Contains(w.Body.String(), "secret-token") || strings.Contains(w.Body.String(), "<script") {
				t.Error("a secret or a script is on the page")
			}
			if reloads := strings.Contains(w.Body.String(), "http-equiv"); reloads != (c.name == "live") {
				t.Errorf("reloads by itself: %t", reloads)
			}
			guarded(t, w.Header(), "text/html; charset=utf-8")

			w = visit(t, archive{s}, "GET", "/api/state"+c.query)
			if w.Code != c.status || !json.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), "secret-token") {
				t.Errorf("as JSON: %d %s", w.Code, w.Body)
			}
			guarded(t, w.Header(), "application/json")
		})
	}
}

// guarded checks the headers that keep a page from doing harm.
func guarded(t *testing.T, h http.Header, contentType string) {
	t.Helper()
	want := web.Headers()
	want["Content-Type"] = contentType
	for name, value := range want {
		if got := h.Get(name); got != value || value == "" {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	policy := h.Get("Content-Security-Policy")
	for _, must := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "style-src 'sha256-"} {
		if !strings.Contains(policy, must) {
			t.Errorf("the policy does not say %s: %s", must, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("the policy lets scripts run: %s", policy)
	}
}

func TestStatusIsReadOnly(t *testing.T) {
	for _, path := range []string{"/api/status", "/api/state"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			if w := visit(t, newShelf(), method, path); w.Code != 405 {
				t.Errorf("%s %s = %d, want 405", method, path, w.Code)
			}
		}
		if w := visit(t, newShelf(), "HEAD", path); w.Code != 200 {
			t.Errorf("HEAD %s = %d, want 200", path, w.Code)
		}
	}
}

// The fleet's page costs the same lists however much has happened, and that of
// incidents only while one is open.
func TestTheFleetsPageReadsNoHistory(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"calm":             {"summaries": 1, "unfinished": 1, "notices": 1},
		"an open incident": {"summaries": 1, "unfinished": 1, "notices": 1, "incidents": 1, "job": 1},
	} {
		s := newShelf()
		s.calm = name == "calm"
		visit(t, archive{s}, "GET", "/api/status")
		if diff := cmp.Diff(want, s.reads); diff != "" {
			t.Errorf("%s (-want +reads):\n%s", name, diff)
		}
	}
}

func TestStatusWithoutTables(t *testing.T) {
	for _, query := range []string{"", "?service=apim-weu", "?job=" + newShelf().backup().ID} {
		s := newShelf()
		s.broken = errors.New("dial tcp: no route to sv=secret")
		w := visit(t, archive{s}, "GET", "/api/status"+query)
		if w.Code != 503 || !strings.Contains(w.Body.String(), "The tables can&#39;t be read") || strings.Contains(w.Body.String(), "sv=secret") {
			t.Errorf("%q = %d\n%s", query, w.Code, w.Body)
		}
		guarded(t, w.Header(), "text/html; charset=utf-8")
	}
}

func TestStatusThatIsIncompletePromisesNothing(t *testing.T) {
	for _, query := range []string{"", "?service=apim-weu"} {
		s := newShelf()
		s.incomplete = errors.New("a row can't be decoded")
		w := visit(t, archive{s}, "GET", "/api/status"+query)
		if w.Code != 503 || !strings.Contains(w.Body.String(), "Not everything could be read") || strings.Contains(w.Body.String(), " is restorable") {
			t.Errorf("%q = %d\n%s", query, w.Code, w.Body)
		}
	}
}

// What could not be read is said to be unknown, not absent: apim-neu's row may
// be the one that can't be decoded, and so may be a notice's.
func TestStatusThatIsIncompleteDeniesNothing(t *testing.T) {
	for path, want := range map[string]struct{ yes, no []string }{
		"/api/status":                  {[]string{"not known"}, []string{"Every notice", "none restorable", "no backup yet"}},
		"/api/state":                   {[]string{`"name":"apim-neu","unknown":true,"health":"unknown"`, `"incomplete":true`}, nil},
		"/api/status?service=apim-weu": {[]string{"gaps can&#39;t be told", "As far as could be read: 1 good backup"}, []string{"was never older"}},
		"/api/state?service=apim-weu":  {[]string{`"incomplete":true}`}, nil},
	} {
		s := newShelf()
		s.incomplete = errors.New("a row can't be decoded")
		w := visit(t, archive{s}, "GET", path)
		for _, text := range want.yes {
			if w.Code != 503 || !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s = %d without %q", path, w.Code, text)
			}
		}
		for _, text := range want.no {
			if strings.Contains(w.Body.String(), text) {
				t.Errorf("%s says %q", path, text)
			}
		}
	}
}

// An incident that can't be read leaves no hole in the past.
func TestAnUnreadIncidentLeavesThePastWhole(t *testing.T) {
	w := visit(t, forgetful{archive{newShelf()}}, "GET", "/api/status?service=apim-weu")
	if w.Code != 503 || !strings.Contains(w.Body.String(), "Incomplete:") || strings.Contains(w.Body.String(), "gaps can&#39;t be told") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

// forgetful is an archive whose incident can't be read.
type forgetful struct{ archive }

func (forgetful) Incident(context.Context, string, string) (job.StoredIncident, error) {
	return job.StoredIncident{}, errors.New("a row can't be decoded")
}

// The metrics are of the engine's now, as the pages are.
func TestMetricsAreOfTheEnginesNow(t *testing.T) {
	w := visit(t, archive{newShelf()}, "GET", "/api/metrics")
	if want := `lifeboat_rpo_seconds{service="apim-weu"} 39600.0`; w.Code != 200 || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d without an age of 11 h:\n%s", w.Code, w.Body)
	}
}

// A store that can't list past jobs makes a page that says so.
func TestAServiceWithoutHistory(t *testing.T) {
	w := visit(t, newShelf(), "GET", "/api/status?service=apim-weu")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Past jobs can&#39;t be listed here") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func samplePlanWithStandby(t testing.TB) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("status.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *, jitter: 10m}
services:
  apim-weu:
    resourceId: `+samples+`apim-weu
    standbys: {apim-weu-dr: {resourceId: `+samples+`apim-weu-dr}}
  apim-neu: {resourceId: `+samples+`apim-neu}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Through the Functions host and the real SDK, after a night and with the
// tables gone.
func TestStatusAfterANight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names, instances := fleet(2)
		a := start(t, samplePlan(t, names...), instances)
		defer a.stop()
		time.Sleep(59 * time.Minute)
		ask := func(method, path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			a.host.HTTP().ServeHTTP(w, httptest.NewRequest(method, path, nil))
			return w
		}
		id := a.jobs(names[0])[0]["RowKey"].(string)[len("job|"):]
		before := a.azure.Requests()
		for path, want := range map[string]string{
			"/api/status":                     "Everything is restorable.",
			"/api/status?service=" + names[0]: "1 good backup and 0 failed",
			"/api/status?job=" + id:           "The backup of " + names[0] + " succeeded.",
			"/api/state?job=" + id:            `"state":"Succeeded"`,
		} {
			if w := ask("GET", path); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s = %d without %q\n%s", path, w.Code, want, w.Body)
			}
			if w := ask("HEAD", path); w.Code != 200 {
				t.Errorf("HEAD %s = %d", path, w.Code)
			}
		}
		if after := a.azure.Requests(); after.ARMPost != before.ARMPost || after.ARMGet != before.ARMGet || after.ServiceBusSend != before.ServiceBusSend {
			t.Errorf("looking changed something: %+v, then %+v", before, after)
		}
		back := a.away("table")
		if w := ask("GET", "/api/status"); w.Code != 503 || !strings.Contains(w.Body.String(), "nothing can be said of the backups") {
			t.Errorf("without the table: %d\n%s", w.Code, w.Body)
		}
		back()
	})
}
