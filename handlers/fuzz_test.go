package handlers_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery/recoverytest"
)

// envelope is what the host posts for a body to a function of a trigger.
func envelope(trigger functions.Trigger, body []byte) []byte {
	switch trigger {
	case functions.ServiceBusTrigger:
		return fmt.Appendf(nil, `{"Data":{"message":%q},"Metadata":{"MessageId":"\"m1\"","DeliveryCount":"10","SequenceNumber":"7","EnqueuedTimeUtc":"\"2026-03-01T01:00:00Z\""}}`,
			base64.StdEncoding.EncodeToString(body))
	case functions.EventGridTrigger:
		return append(append([]byte(`{"Data":{"event":`), body...), '}', '}')
	}
	return body
}

// FuzzFunctions: whatever body reaches whatever function, its answer is one
// JSON object; dead letters are always taken; and each line of the log is one
// JSON object of bounded size.
func FuzzFunctions(f *testing.F) {
	for _, body := range []string{
		`{"schema":1,"service":"apim-weu","job":"apim-weu-x","revision":1}`,
		`{"schema":1,"id":"r1","kind":"Backup","service":"apim-weu"}`,
		`{"schema":1,"id":"r1","kind":"Restore","service":"apim-weu","by":"ann","reason":"a drill"}`,
		`{"schema":1,"id":"r1","kind":"Acknowledge","service":"apim-weu","by":"ann","reason":"over","outcome":"failback"}`,
		`{"schema":1,"id":"a1","verdict":"Approve","job":"apim-weu-x","point":"p","target":"apim-neu","by":"ann"}`,
		`{"schema":1,"service":"apim-weu","notice":"apim-weu:1:Late","attempt":0}`,
		`{"schema":2,"service":"apim-weu","job":"j","revision":1}`, "", "{}", "null", "[]", "\x00\xff", strings.Repeat("a", 3000),
	} {
		for i := range 13 {
			f.Add(uint8(i), []byte(body))
		}
	}
	for _, pattern := range []string{"../internal/event/testdata/*.json", "../internal/request/testdata/alerts/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(3), text)
			f.Add(uint8(6), text)
		}
	}
	p, err := plan.Parse("lifeboat.yaml", []byte(strings.ReplaceAll(fuzzPlan, "ID", "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/")))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		synctest.Test(t, func(t *testing.T) { tryFunction(t, p, which, body) })
	})
}

// tryFunction calls one of the functions with what its trigger has brought.
func tryFunction(t *testing.T, p *plan.Plan, which uint8, body []byte) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(functions.LogHandler(slog.NewJSONHandler(&log, nil)))
	w := recoverytest.NewWorld(p, logger)
	w.Engine.Now = func() time.Time { return time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC) }
	h := handlers.New(w.Engine, logger)
	all := h.Functions()
	called := all[int(which)%len(all)]
	if called.Trigger == functions.HTTPTrigger {
		return // FuzzHTTP's
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("POST", "/"+called.Name, bytes.NewReader(envelope(called.Trigger, body))))
	var object map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &object); err != nil || object == nil || answer.Body.Len() > 8<<10 {
		t.Errorf("%s answered %.200q, want a small JSON object", called.Name, answer.Body)
	}
	if strings.HasPrefix(called.Name, "Dead") && answer.Code != 200 {
		t.Errorf("%s said %d %s: nobody counts its deliveries", called.Name, answer.Code, answer.Body)
	}
	logged(t, log.String())
}

const fuzzPlan = `version: 1
defaults: {storageAccount: stbackups, container: apim}
services:
  apim-weu:
    resourceId: IDapim-weu
    standbys: {apim-neu: {resourceId: IDapim-neu}}
    failover: {mode: auto, rules: [gateway down], minFor: 0s, cooldown: 0s}
`

// logged checks that each line of a log is a JSON object that is not large. The
// two longest things in one are an excerpt of a message and a panic's stack.
func logged(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil || len(line) > 8<<10 {
			t.Errorf("no line for a log: %v: %.300q", err, line)
		}
		if object["msg"] == "invocation panicked" {
			t.Errorf("panic: %s", line)
		}
	}
}
