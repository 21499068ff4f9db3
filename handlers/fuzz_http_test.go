package handlers_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"lifeboat/handlers"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/web"
)

// FuzzHTTP: whatever anybody asks of the functions that the host forwards to,
// nothing panics, the answer has a status of the contract and no header of the
// caller's, pages hold no script and no link elsewhere, the API answers one
// JSON object, and a look changes nothing.
func FuzzHTTP(f *testing.F) {
	for _, path := range []string{"/api/status", "/api/state", "/api/metrics", "/api/alert", "/API/Status/", "/api/status/..%2f", "/api//status", "/api/status/%00", "/status", "/api/state;a=b", "/JobStep"} {
		for _, query := range []string{
			"", "service=apim-weu", "job=apim-weu-x", "service=apim-weu&job=apim-weu-x&live=on", "service=%3Cscript%3E", "job=..%2F..%2Fetc", "service=%0d%0aSet-Cookie:a=b", "code=k&CODE=k", "%zz", "service=a;b",
			"job=" + strings.Repeat("a", 2000), "service=apim-weu%27%20or%20PartitionKey%20ne%20%27", "live=on&live=off&service=%ff",
		} {
			f.Add("GET", path, query, "", []byte(nil))
		}
		f.Add("POST", path, "", "application/json", []byte(`{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertRule":"gateway down","monitorCondition":"Fired"}}}`))
		f.Add("HEAD", path, "", "text/html\r\nX-Evil: 1", []byte("x"))
		f.Add("TRACE", path, "service=apim-weu", "", []byte(nil))
	}
	p, err := plan.Parse("lifeboat.yaml", []byte(strings.ReplaceAll(fuzzPlan, "ID", "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/")))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, query, accept string, body []byte) {
		if method == "" || strings.ContainsFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' }) || len(query) > 64<<10 {
			return // net/http does not let it through
		}
		at, err := url.ParseRequestURI("http://app.example/" + strings.TrimPrefix(path, "/"))
		if err != nil {
			return // likewise
		}
		at.RawQuery = query
		var log bytes.Buffer
		logger := slog.New(functions.LogHandler(slog.NewJSONHandler(&log, nil)))
		w := recoverytest.NewWorld(p, logger)
		w.Engine.Now = func() time.Time { return time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC) }
		h := handlers.New(w.Engine, logger, admitting(everybody))
		if strings.EqualFold(method, "POST") && invoked(h, at.Path) {
			return // FuzzFunctions'
		}
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(method, "http://app.example/", bytes.NewReader(body))
		r.URL, r.RequestURI = at, at.RequestURI()
		r.Header.Set("Accept", accept)
		h.ServeHTTP(answer, r)
		logged(t, log.String())
		switch answer.Code {
		case 200, 202, 400, 404, 405, 413, 503:
		default:
			t.Errorf("%s %s = %d", method, at, answer.Code)
		}
		for name, values := range answer.Header() {
			if strings.EqualFold(name, "Set-Cookie") || strings.EqualFold(name, "X-Evil") || strings.ContainsFunc(strings.Join(values, ""), unicode.IsControl) {
				t.Errorf("header %q: %q", name, values)
			}
		}
		text := answer.Body.String()
		switch kind := answer.Header().Get("Content-Type"); {
		case strings.HasPrefix(kind, "text/html"):
			if strings.Contains(strings.ToLower(text), "<script") || strings.Contains(text, `href="http`) || !strings.Contains(answer.Header().Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s is no page to show: %.500s", at, text)
			}
		case kind == "application/json" && method != http.MethodHead && answer.Header().Get("Cache-Control") == web.Headers()["Cache-Control"]:
			var object map[string]any
			if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
				t.Errorf("%s is no JSON object: %v", at, err)
			}
		}
		if n := len(w.Store.Jobs("apim-weu")); n > 0 {
			t.Errorf("%s %s made %d jobs", method, at, n)
		}
	})
}

// invoked reports whether a path is one at which the host invokes a function.
func invoked(h *functions.Handler, path string) bool {
	for _, f := range h.Functions() {
		if f.Trigger != functions.HTTPTrigger && path == "/"+f.Name {
			return true
		}
	}
	return false
}
