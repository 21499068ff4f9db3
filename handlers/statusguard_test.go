package handlers_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

const functionKey = "key-that-is-a-secret"

// guardedHost is the Functions host with a function key, in front of an app
// that admits those whom admits names. What it logs goes to log.
func guardedHost(t *testing.T, admits func(*http.Request) bool, log *bytes.Buffer) http.Handler {
	t.Helper()
	engine := &recovery.Engine{Plan: samplePlanWithStandby(t), Store: archive{newShelf()}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return asked }}
	logger := slog.New(functions.LogHandler(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	app, err := host.Load(root, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	// Without its timers and queues nothing else runs.
	app.Functions = httpOnly(app.Functions)
	h := host.New(app, host.Options{
		Worker: host.NewInProcess(handlers.New(engine, logger, admitting(admits))), Log: slog.New(slog.DiscardHandler), FunctionKey: functionKey,
	})
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Stop(context.Background()) })
	return h.HTTP()
}

func httpOnly(all []host.Function) (kept []host.Function) {
	for _, f := range all {
		if f.Trigger == host.HTTPTrigger {
			kept = append(kept, f)
		}
	}
	return kept
}

// The page is for those who signed in, whatever key they have; the API is for
// those who have the key.
func TestWhoSeesTheStatus(t *testing.T) {
	for _, c := range []struct {
		name             string
		admits           func(*http.Request) bool
		header, value    string
		page, programsTo int
	}{
		{"nobody in particular", functions.SignedIn, "", "", 403, 401},
		{"one who has signed in", functions.SignedIn, "X-MS-CLIENT-PRINCIPAL-ID", "b3f1", 200, 401},
		{"one who says so, where sign-in is off", nil, "X-MS-CLIENT-PRINCIPAL-ID", "b3f1", 403, 401},
		{"one with an empty name", functions.SignedIn, "X-MS-CLIENT-PRINCIPAL-ID", "", 403, 401},
		{"one with the key", functions.SignedIn, "x-functions-key", functionKey, 403, 200},
		{"one with a wrong key", functions.SignedIn, "x-functions-key", "guess", 403, 401},
		{"a developer", everybody, "", "", 200, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			app := guardedHost(t, c.admits, &log)
			for path, want := range map[string]int{"/api/status": c.page, "/api/STATUS/": c.page, "/api/status?service=apim-weu": c.page, "/api/state": c.programsTo} {
				r := httptest.NewRequest("GET", path, nil)
				if c.header != "" {
					r.Header.Set(c.header, c.value)
				}
				w := httptest.NewRecorder()
				app.ServeHTTP(w, r)
				if w.Code != want {
					t.Errorf("%s = %d, want %d", path, w.Code, want)
				}
				if told := strings.Contains(w.Body.String(), "apim-weu"); told != (want == 200) {
					t.Errorf("%s = %d, tells of services: %t", path, w.Code, told)
				}
			}
		})
	}
}

// A function key in the page's address goes nowhere from there.
func TestAKeyGetsIntoNoLinkAndNoLog(t *testing.T) {
	var log bytes.Buffer
	app := guardedHost(t, everybody, &log)
	for _, path := range []string{
		"/api/status?code=" + functionKey, "/api/status?service=apim-weu&code=" + functionKey + "&live=on", "/api/status?CODE=" + functionKey + "&job=nothing",
		"/api/state?code=" + functionKey, "/api/state?job=nothing&code=" + functionKey,
	} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Referer", "https://app.example"+path)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 404 {
			t.Errorf("%s = %d", path, w.Code)
		}
		if strings.Contains(w.Body.String(), functionKey) {
			t.Errorf("%s repeats the key", path)
		}
	}
	if strings.Contains(log.String(), functionKey) {
		t.Errorf("the key is in the log:\n%s", &log)
	}
}

// Every link leads to this page again, so that whoever was let in gets on.
func TestLinksStayOnThePage(t *testing.T) {
	var log bytes.Buffer
	app := guardedHost(t, everybody, &log)
	seen, next := map[string]bool{}, []string{"?"}
	for len(next) > 0 {
		query := next[0]
		next = next[1:]
		if seen[query] {
			continue
		}
		seen[query] = true
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/api/status"+query, nil))
		if w.Code != 200 {
			t.Errorf("%s = %d", query, w.Code)
		}
		for _, rest := range strings.Split(w.Body.String(), `href="`)[1:] {
			to, _, _ := strings.Cut(rest, `"`)
			switch {
			case strings.HasPrefix(to, "?"):
				next = append(next, strings.ReplaceAll(to, "&amp;", "&"))
			case to != "#main" && to != "data:,":
				t.Errorf("%s links to %s", query, to)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %d pages: %v", len(seen), seen)
	}
}
