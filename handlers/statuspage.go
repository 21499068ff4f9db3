package handlers

import (
	"log/slog"
	"net/http"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
	"lifeboat/internal/web"
)

// statusPage answers people with how everything is, read from the tables at
// the moment of the request: the fleet, ?service=NAME one service, ?job=ID one
// job. live=on lets the page reload by itself. It changes nothing.
func statusPage(engine *recovery.Engine, log *slog.Logger) functions.Registration {
	s := state{engine: engine, log: log}
	return functions.OnHTTP("StatusPage", []string{http.MethodGet, http.MethodHead}, "status", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		found := s.find(r.Context(), query)
		page, err := found.page(query.Get("live") == "on")
		if err != nil {
			log.ErrorContext(r.Context(), "page not drawn", "error", err.Error())
			refuse(w, http.StatusInternalServerError, "the page can't be drawn: see the log")
			return
		}
		send(w, found.status, "text/html; charset=utf-8", page)
	})
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	for name, value := range web.Headers() {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone if this fails
}
