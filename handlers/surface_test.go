package handlers_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// What a query has of an attack stays text: on the page, in JSON, and nowhere
// else. It leads to no other row, and makes no header.
func TestQueriesThatAttack(t *testing.T) {
	for name, query := range map[string]string{
		"a header":          "?service=a%0d%0aSet-Cookie:%20x=y",
		"a header by job":   "?job=a%0d%0aLocation:%20https://evil.example",
		"a script":          "?job=%3Cscript%3Ealert(1)%3C/script%3E",
		"an attribute":      "?service=%22%20onmouseover=%22alert(1)",
		"a link":            "?service=javascript:alert(1)",
		"a path":            "?job=../../../../etc/passwd&service=../apim-weu",
		"a filter":          "?service=apim-weu%27%20or%20PartitionKey%20ne%20%27",
		"a key":             "?service=apim-weu&job=x|lease",
		"a null byte":       "?service=apim-weu%00&job=%00",
		"no UTF-8":          "?job=%ff%fe",
		"a long name":       "?job=" + strings.Repeat("a", 30<<10),
		"many parameters":   "?" + strings.Repeat("job=x&", 5000),
		"direction of text": "?service=%e2%80%ae%e2%80%aeuew-mipa",
	} {
		t.Run(name, func(t *testing.T) {
			for path, contentType := range map[string]string{"/api/status": "text/html; charset=utf-8", "/api/state": "application/json"} {
				w := visit(t, archive{newShelf()}, "GET", path+query)
				body := w.Body.String()
				if w.Code != 404 || len(body) > 8<<10 {
					t.Errorf("%s = %d with %d bytes, want a small 404", path, w.Code, len(body))
				}
				guarded(t, w.Header(), contentType)
				if len(w.Header()) > 10 || w.Header().Get("Set-Cookie") != "" || w.Header().Get("Location") != "" {
					t.Errorf("%s: headers %v", path, w.Header())
				}
				if path == "/api/state" && !json.Valid(w.Body.Bytes()) {
					t.Errorf("no JSON: %q", body)
				}
				for _, live := range []string{"<script", `" onmouseover`, `href="javascript`, "\x00"} {
					if path == "/api/status" && strings.Contains(body, live) {
						t.Errorf("the page has %q", live)
					}
				}
			}
		})
	}
}

// A parameter that comes twice means its first.
func TestParametersThatComeTwice(t *testing.T) {
	w := visit(t, archive{newShelf()}, "GET", "/api/state?service=apim-weu&service=apim-evil")
	if w.Code != 200 || strings.Contains(w.Body.String(), "evil") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
