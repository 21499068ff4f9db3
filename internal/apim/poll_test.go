package apim_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/infra"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// An ordinary backup, as recorded: the first Location has two slashes, each
// poll renews the token, the last answer is the service.
func TestBackupFromStartToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		started, err := w.client.StartBackup(t.Context(), weu(), blob)
		if err != nil {
			t.Fatal(err)
		}
		if w.requests("POST") != 1 || started.RetryAfter != time.Minute || !strings.Contains(started.ResumeToken, "//operationresults/") {
			t.Errorf("started = %+v, want one POST, 1m and the Location as it came", started)
		}
		token := started.ResumeToken
		for polls := 1; ; polls++ {
			time.Sleep(started.RetryAfter)
			// Another process goes on: nothing but the token is kept.
			progress, err := w.connect(wire.Transport{Handler: w.network()}).Poll(t.Context(), weu(), token)
			if err != nil {
				t.Fatal(err)
			}
			if got := w.last().url; !strings.HasSuffix(got, "?api-version=2024-05-01") || strings.Contains(got, resource+"//") != (polls == 1) {
				t.Errorf("poll %d asked %s", polls, got)
			}
			if n := w.requests("GET"); n != 1 {
				t.Errorf("poll %d took %d requests", polls, n)
			}
			if progress.Done {
				want := job.Progress{Done: true, Facts: job.Facts{Tier: "Premium", Units: 2, Location: "West Europe"}}
				progress.Settings = nil // of a test of their own
				if diff := cmp.Diff(want, progress); diff != "" || polls != 8 || w.blobs["stbackups/apim/"+blob] == 0 {
					t.Errorf("poll %d, blobs %v, progress (-want +got):\n%s", polls, w.blobs, diff)
				}
				return
			}
			if progress.RetryAfter != time.Minute || polls == 1 && (progress.ResumeToken == token || strings.Contains(progress.ResumeToken, "//operationresults/")) {
				t.Errorf("poll %d = %+v, want 1m and a token with the new Location", polls, progress)
			}
			token = progress.ResumeToken
		}
	})
}

// Whatever Azure says that is not the operation's own end, the caller keeps its
// token; and what ended otherwise than well is for evidence to decide.
func TestPollAnswers(t *testing.T) {
	service := func(state string) string {
		return `{"name":"apim-weu","location":"West Europe","properties":{"provisioningState":"` + state + `"},"sku":{"name":"Premium","capacity":2}}`
	}
	const notSucceeded = "the operation has ended, but the service is not Succeeded"
	const notService = "the last answer is not this service's resource"
	tests := []struct {
		name  string
		fault wire.Fault
		want  job.AzureError
	}{
		{"400 is the operation's failure", wire.Fault{Status: 400, Body: armBody("BackupFailed", "Cannot backup: current SKU is 'StandardV2'.")},
			job.AzureError{Kind: job.ErrOperationFailed, Status: 400, Code: "BackupFailed", Message: "Cannot backup: current SKU is 'StandardV2'."}},
		{"409 is the operation's failure", wire.Fault{Status: 409, Body: armBody("Conflict", "No.")},
			job.AzureError{Kind: job.ErrOperationFailed, Status: 409, Code: "Conflict", Message: "No."}},
		{"401 is about the token", wire.Fault{Status: 401, Body: armBody("ExpiredAuthenticationToken", "Expired.")},
			job.AzureError{Kind: job.ErrUnavailable, Status: 401, Code: "ExpiredAuthenticationToken", Message: "Expired."}},
		{"403 is about the role", wire.Fault{Status: 403, Body: armBody("AuthorizationFailed", "No authorization.")},
			job.AzureError{Kind: job.ErrUnavailable, Status: 403, Code: "AuthorizationFailed", Message: "No authorization."}},
		{"404 is about the record", wire.Fault{Status: 404, Body: armBody("ResourceNotFound", "Operation 'x' was not found.")},
			job.AzureError{Kind: job.ErrHandleLost, Status: 404, Code: "ResourceNotFound", Message: "Operation 'x' was not found."}},
		{"410 is about the record", wire.Fault{Status: 410}, job.AzureError{Kind: job.ErrHandleLost, Status: 410, Message: "HTTP 410 Gone"}},
		{"302 tells nothing", wire.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.test/login"}}},
			job.AzureError{Kind: job.ErrUnavailable, Status: 302, Message: "HTTP 302 Found"}},
		{"200 with Failed is not the operation's failure", wire.Fault{Status: 200, Body: service("Failed")},
			job.AzureError{Kind: job.ErrHandleLost, Status: 200, Message: notSucceeded}},
		{"200 with Canceled", wire.Fault{Status: 200, Body: service("Canceled")}, job.AzureError{Kind: job.ErrHandleLost, Status: 200, Message: notSucceeded}},
		{"200 with an error for a body", wire.Fault{Status: 200, Body: armBody("InternalServerError", "Oops.")}, job.AzureError{Kind: job.ErrHandleLost, Message: notService}},
		{"200 with another service", wire.Fault{Status: 200, Body: strings.Replace(service("Succeeded"), "weu", "neu", 1)},
			job.AzureError{Kind: job.ErrHandleLost, Message: notService}},
		{"200 with an operation's status", wire.Fault{Status: 200, Body: `{"id":"/x","name":"apim-weu","status":"InProgress"}`},
			job.AzureError{Kind: job.ErrHandleLost, Message: notService}},
		{"200 without a body", wire.Fault{Status: 200}, job.AzureError{Kind: job.ErrHandleLost, Message: notService}},
		{"204", wire.Fault{Status: 204}, job.AzureError{Kind: job.ErrHandleLost, Message: notService}},
		{"200 with a list", wire.Fault{Status: 200, Body: `["apim-weu"]`}, job.AzureError{Kind: job.ErrHandleLost}},
		{"200 with a page", wire.Fault{Status: 200, Body: "<html>Sign in</html>"}, job.AzureError{Kind: job.ErrHandleLost}},
	}
	for _, status := range []int{408, 429, 500, 501, 502, 503, 504, 599} {
		tests = append(tests, struct {
			name  string
			fault wire.Fault
			want  job.AzureError
		}{http.StatusText(status) + " tells nothing", wire.Fault{Status: status, Header: http.Header{"Retry-After": {"90"}}, Body: armBody("Unwell", "Try again.")},
			job.AzureError{Kind: job.ErrUnavailable, Status: status, Code: "Unwell", Message: "Try again.", RetryAfter: 90 * time.Second}})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			token := w.start()
			tt.fault.Kind = wire.Instead
			w.answer("GET", tt.fault)
			progress, err := w.client.Poll(t.Context(), weu(), token)
			w.fails(err, tt.want)
			if n := w.requests("GET"); n != 1 || !reflect.DeepEqual(progress, job.Progress{}) {
				t.Errorf("%d requests gave %+v, want 1 and nothing", n, progress)
			}
			w.noStranger()
			// The token that the caller has kept is still good.
			if progress, err = w.client.Poll(t.Context(), weu(), token); err != nil || progress.Done {
				t.Errorf("the next poll = %+v, %v, want one that goes on", progress, err)
			}
		})
	}
}

func TestPollWithoutAnAnswer(t *testing.T) {
	tests := map[string]func(*world){
		"dropped before": func(w *world) { w.answer("GET", wire.Fault{Kind: wire.Reset}) },
		"dropped after":  func(w *world) { w.answer("GET", wire.Fault{Kind: wire.ResetAfter}) },
		"too slow":       func(w *world) { w.answer("GET", wire.Fault{Kind: wire.Slow, Delay: time.Hour}) },
		"no token":       func(w *world) { w.tokenErr = errors.New("no identity") },
	}
	for name, arrange := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				token := w.start()
				w.client = w.connect(wire.Transport{Handler: w.network()})
				arrange(w)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := w.client.Poll(ctx, weu(), token)
				w.fails(err, job.AzureError{Kind: job.ErrUnavailable})
				if n := w.requests("GET"); n > 1 {
					t.Errorf("%d requests, want one at most", n)
				}
			})
		})
	}
}

// The faults that the service's own state brings about.
func TestPollOfOddOperations(t *testing.T) {
	tests := []struct {
		name  string
		fault arm.Fault
		want  job.AzureError // no Kind: it goes on
	}{
		{"a failure that APIM reports", arm.Fault{Fail: &arm.Failure{Code: "BackupFailed", Message: "Cannot backup: Azure's words"}},
			job.AzureError{Kind: job.ErrOperationFailed, Status: 400, Code: "BackupFailed", Message: "Cannot backup: Azure's words"}},
		{"a final answer that says Updating", arm.Fault{FinalState: "Updating"}, job.AzureError{}},
		{"a final answer that says Failed", arm.Fault{FinalState: "Failed"},
			job.AzureError{Kind: job.ErrHandleLost, Status: 200, Message: "the operation has ended, but the service is not Succeeded"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.sim.FailNext("apim-weu", tt.fault)
				token := w.start()
				time.Sleep(time.Hour)
				progress, err := w.client.Poll(t.Context(), weu(), token)
				if tt.want.Kind != nil {
					w.fails(err, tt.want)
					return
				}
				if err != nil || progress.Done || progress.ResumeToken == "" {
					t.Errorf("poll = %+v, %v, want one that goes on", progress, err)
				}
			})
		})
	}
}

// A role that was taken away must not look like a failed backup.
func TestPollWithoutTheRole(t *testing.T) {
	w := newWorld(t)
	token := w.start()
	w.sim.SetActions([]string{"Microsoft.ApiManagement/service/backup/action"})
	if _, err := w.client.Poll(t.Context(), weu(), token); !errors.Is(err, job.ErrUnavailable) || !strings.Contains(err.Error(), "operationresults/read") {
		t.Errorf("error %v, want %v with the missing action", err, job.ErrUnavailable)
	}
	w.sim.SetActions(infra.RoleActions())
	if _, err := w.client.Poll(t.Context(), weu(), token); err != nil {
		t.Error(err)
	}
	w.sim.LoseOperations("apim-weu")
	if _, err := w.client.Poll(t.Context(), weu(), token); !errors.Is(err, job.ErrHandleLost) {
		t.Errorf("error %v, want %v", err, job.ErrHandleLost)
	}
}

func TestRetryAfter(t *testing.T) {
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	tests := map[string]struct {
		header func() http.Header
		want   time.Duration
	}{
		"seconds": {func() http.Header { return http.Header{"Retry-After": {"45"}} }, 45 * time.Second},
		"a date":  {func() http.Header { return http.Header{"Retry-After": {in(75 * time.Second)}} }, 75 * time.Second},
		"a date by Azure's clock": {func() http.Header {
			return http.Header{"Retry-After": {in(-time.Hour)}, "Date": {in(-61 * time.Minute)}}
		}, time.Minute},
		"a date that has passed":          {func() http.Header { return http.Header{"Retry-After": {in(-time.Hour)}} }, 0},
		"milliseconds":                    {func() http.Header { return http.Header{"Retry-After-Ms": {"1500"}} }, 1500 * time.Millisecond},
		"milliseconds with a prefix":      {func() http.Header { return http.Header{"X-Ms-Retry-After-Ms": {"2500"}} }, 2500 * time.Millisecond},
		"milliseconds are the finer word": {func() http.Header { return http.Header{"Retry-After-Ms": {"1500"}, "Retry-After": {"9"}} }, 1500 * time.Millisecond},
		"nothing":                         {func() http.Header { return http.Header{} }, 0},
		"nonsense":                        {func() http.Header { return http.Header{"Retry-After": {"soon"}} }, 0},
		"a time before now":               {func() http.Header { return http.Header{"Retry-After": {"-5"}} }, 0},
		"longer than a number can say":    {func() http.Header { return http.Header{"Retry-After": {"99999999999"}} }, 24 * time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				header := tt.header()
				header.Set("Location", "https://"+host+resource+"/operationresults/x?api-version=2024-05-01")
				w.answer("POST", wire.Fault{Kind: wire.Instead, Status: 202, Header: header})
				w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 202, Header: header})
				started, err := w.client.StartBackup(t.Context(), weu(), blob)
				if err != nil || started.RetryAfter != tt.want {
					t.Fatalf("start = %+v, %v, want %s", started, err, tt.want)
				}
				progress, err := w.client.Poll(t.Context(), weu(), started.ResumeToken)
				if err != nil || progress.RetryAfter != tt.want {
					t.Errorf("poll = %+v, %v, want %s", progress, err, tt.want)
				}
				header.Del("Location")
				w.answer("POST", wire.Fault{Kind: wire.Instead, Status: 429, Header: header})
				_, err = w.client.StartBackup(t.Context(), weu(), blob)
				w.fails(err, job.AzureError{Kind: job.ErrThrottled, Status: 429, Message: "HTTP 429 Too Many Requests", RetryAfter: tt.want})
			})
		})
	}
}
