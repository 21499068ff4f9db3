// Package echo is what Lifeboat's handler is measured against: the least that
// a custom handler in Go can be. It reads an invocation's JSON and answers with
// it.
package echo

import (
	"encoding/json"
	"net/http"
)

// Handler answers a JSON object with itself.
func Handler(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the caller has gone
}
