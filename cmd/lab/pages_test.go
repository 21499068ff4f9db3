package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"lifeboat/internal/emulator/host"
)

// shower is a Functions host whose handler shows a text on a page that the
// status page leads to, and one in the API's answers.
func shower(t *testing.T, s *stage, page, state string) *host.Host {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/status", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("service") == "" {
			fmt.Fprint(w, `<a href="#main">skip</a> <a href="?service=a&amp;live=on">a</a>`)
			return
		}
		fmt.Fprintf(w, `<a href="?">all</a><p>%s</p>`, html.EscapeString(page))
	})
	mux.HandleFunc("/api/state", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"words": state})
	})
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	return hosting(t, mux)
}

// hosting is a Functions host of the app's HTTP functions over a handler.
func hosting(t *testing.T, handler http.Handler) *host.Host {
	t.Helper()
	app, err := loadApp("../..")
	if err != nil {
		t.Fatal(err)
	}
	var kept []host.Function
	for _, f := range app.Functions {
		if f.Trigger == host.HTTPTrigger {
			kept = append(kept, f)
		}
	}
	app.Functions = kept
	h := host.New(app, host.Options{Worker: host.NewInProcess(handler), Log: slog.New(slog.DiscardHandler), FunctionKey: functionKey})
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Stop(context.Background()) })
	return h
}

// A scan of pages that nobody could read has proved nothing.
func TestPagesThatCannotBeReadAreToldOf(t *testing.T) {
	for name, c := range map[string]struct{ path, says string }{
		"the page": {"/api/status", "/api/status answered 503"},
		"the API":  {"/api/state", "/api/state answered 503"},
	} {
		t.Run(name, func(t *testing.T) {
			s := bareStage(t)
			s.host = hosting(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == c.path {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			}))
			if err := s.lookAround(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %s", err, c.says)
			}
		})
	}
}
