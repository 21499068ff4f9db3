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
//
// The host lets anybody call it, because a link can't carry a function key: so
// it answers only whom admits lets in.
func statusPage(engine *recovery.Engine, log *slog.Logger, admits func(*http.Request) bool) functions.Registration {
	s := state{engine: engine, log: log}
	return functions.OnHTTP("StatusPage", []string{http.MethodGet, http.MethodHead}, "status", func(w http.ResponseWriter, r *http.Request) {
		if admits == nil || !admits(r) {
			log.WarnContext(r.Context(), "page refused: nobody has signed in")
			refuse(w, http.StatusForbidden, "the status page is for those who have signed in: turn App Service authentication on and require it for /api/status; \"lifeboat status\" says the same")
			return
		}
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
