package host

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Admin answers POST /admin/functions/<name> with {"input": ".."}, which runs a
// function by hand: 202 at once, the result is an invocation like any other.
func (h *Host) Admin() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/admin/functions/")
		var body *struct{ Input string }
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body)
		_, unknown := h.fireable(name)
		switch {
		case !ok || r.Method != http.MethodPost:
			http.NotFound(w, r)
		case err != nil || body == nil:
			http.Error(w, `want a body such as {"input": ""}`, http.StatusBadRequest)
		case unknown != nil:
			http.NotFound(w, r)
		default:
			go func() {
				if _, err := h.Fire(name, body.Input); err != nil {
					h.options.Log.Warn("manual run", "error", err)
				}
			}()
			w.WriteHeader(http.StatusAccepted)
		}
	})
}
