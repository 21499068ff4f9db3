package handlers

import (
	"bytes"
	"log/slog"
	"net/http"

	"lifeboat/internal/fleet"
	"lifeboat/internal/functions"
	"lifeboat/internal/metrics"
	"lifeboat/internal/recovery"
)

// metricsText answers with the state of the fleet in OpenMetrics text, read
// from the tables at the moment of the request. What can't be read whole is
// not shown in part: a scraper would take silence for zero.
func metricsText(engine *recovery.Engine, log *slog.Logger) functions.Registration {
	return functions.OnHTTP("Metrics", []string{http.MethodGet}, "metrics", func(w http.ResponseWriter, r *http.Request) {
		rows, err := engine.Rows(r.Context())
		var text bytes.Buffer
		if err == nil {
			err = metrics.Write(&text, fleet.View(engine.Plan, rows, nowOf(engine)))
		}
		if err != nil {
			log.ErrorContext(r.Context(), "metrics not computed", "error", err.Error())
			refuse(w, http.StatusServiceUnavailable, "the tables can't be read: see the log")
			return
		}
		w.Header().Set("Content-Type", metrics.ContentType)
		_, _ = w.Write(text.Bytes()) // the caller has gone if this fails
	})
}
