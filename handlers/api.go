package handlers

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// api answers programs with what the status page shows people, as JSON of the
// same structs and for the same parameters. Programs send a function key, which
// the host checks, in the header x-functions-key.
func api(engine *recovery.Engine, log *slog.Logger) functions.Registration {
	s := state{engine: engine, log: log}
	return functions.OnHTTP("Api", []string{http.MethodGet, http.MethodHead}, "state", func(w http.ResponseWriter, r *http.Request) {
		found := s.find(r.Context(), r.URL.Query())
		body, err := json.Marshal(found.view)
		if err != nil {
			log.ErrorContext(r.Context(), "state not encoded", "error", err.Error())
			refuse(w, http.StatusInternalServerError, "the state can't be encoded: see the log")
			return
		}
		send(w, found.status, "application/json", body)
	})
}
