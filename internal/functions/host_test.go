package functions_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"lifeboat/internal/emulator/host"
	"lifeboat/internal/functions"
)

// What the host's stand-in lets through reaches the function, and what the
// function answers reaches the caller; between them, the key gets lost.
func TestHTTPBehindTheHost(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"host.json":               `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},"enableForwardingHttpRequest":true}}`,
		"AlertHook/function.json": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"function","methods":["post"],"route":"alerts/v1"},{"type":"http","direction":"out","name":"res"}]}`,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	app, err := host.Load(dir, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h, k := newHook(functions.Options{})
		k.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "queued")
		}
		front := host.New(app, host.Options{Worker: host.NewInProcess(h), Log: slog.New(slog.DiscardHandler), FunctionKey: functionKey})
		if err := front.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer front.Crash()
		for _, path := range []string{"/api/alerts/v1", "/API/Alerts/v1/"} {
			w := httptest.NewRecorder()
			front.HTTP().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path+"?x=1&code="+functionKey, strings.NewReader("{}")))
			if w.Code != http.StatusAccepted || w.Body.String() != "queued" || k.body != "{}" || k.request.URL.RawQuery != "x=1" {
				t.Errorf("%s = %d %s, called with %q %q", path, w.Code, w.Body, k.request.URL.RawQuery, k.body)
			}
			if id := functions.InvocationID(k.request.Context()); len(id) != 36 {
				t.Errorf("invocation %q, want the host's", id)
			}
		}
		if strings.Contains(k.log.String(), functionKey) {
			t.Errorf("the log has the key:\n%s", k.log.String())
		}
	})
}
