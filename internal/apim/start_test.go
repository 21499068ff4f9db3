package apim_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// What the answer to a POST proves. Whatever it is, there is one POST.
func TestStartAnswers(t *testing.T) {
	const words = "The API Service apim-weu is transitioning at this time. Please try the request again later."
	retry := http.Header{"Retry-After": {"17"}}
	tests := []struct {
		name  string
		fault wire.Fault
		want  job.AzureError
	}{
		{"409 says that the service is busy", wire.Fault{Status: 409, Body: armBody("ServiceLocked", words)},
			job.AzureError{Kind: job.ErrBusy, Code: "ServiceLocked", Message: words}},
		{"409 with a time to wait", wire.Fault{Status: 409, Header: retry, Body: armBody("ServiceLocked", words)},
			job.AzureError{Kind: job.ErrBusy, Code: "ServiceLocked", Message: words, RetryAfter: 17 * time.Second}},
		{"429 is throttled", wire.Fault{Status: 429, Header: retry, Body: armBody("SubscriptionRequestsThrottled", "Number of 'writes' exceeded the limit.")},
			job.AzureError{Kind: job.ErrThrottled, Code: "SubscriptionRequestsThrottled", Message: "Number of 'writes' exceeded the limit.", RetryAfter: 17 * time.Second}},
		{"400 is refused", wire.Fault{Status: 400, Body: armBody("ValidationError", "One or more fields contain incorrect values:")},
			job.AzureError{Kind: job.ErrRefused, Code: "ValidationError", Message: "One or more fields contain incorrect values:"}},
		{"403 is refused", wire.Fault{Status: 403, Body: armBody("AuthorizationFailed", "The client 'x' does not have authorization.")},
			job.AzureError{Kind: job.ErrRefused, Code: "AuthorizationFailed", Message: "The client 'x' does not have authorization."}},
		{"404 is refused", wire.Fault{Status: 404, Body: armBody("ResourceNotFound", "The Resource was not found.")},
			job.AzureError{Kind: job.ErrRefused, Code: "ResourceNotFound", Message: "The Resource was not found."}},
		{"an error without its envelope", wire.Fault{Status: 400, Body: `{"code":"Bad","message":"No \"such\" thing\n"}`},
			job.AzureError{Kind: job.ErrRefused, Code: "Bad", Message: "No \"such\" thing\n"}},
		{"an error that is a page", wire.Fault{Status: 403, Body: "<html>Forbidden by a proxy</html>"},
			job.AzureError{Kind: job.ErrRefused, Message: "HTTP 403 Forbidden"}},
		{"an error without a body", wire.Fault{Status: 404},
			job.AzureError{Kind: job.ErrRefused, Message: "HTTP 404 Not Found"}},
		{"401 got no further than the token", wire.Fault{Status: 401, Body: armBody("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier.")},
			job.AzureError{Kind: job.ErrUnsent, Code: "ExpiredAuthenticationToken", Message: "The access token expiry UTC time is earlier."}},
		{"a redirect is not followed", wire.Fault{Status: 307, Header: http.Header{"Location": {"https://elsewhere.test/"}}},
			job.AzureError{Kind: job.ErrUnanswered, Message: "HTTP 307 Temporary Redirect"}},
		{"202 without Location", wire.Fault{Status: 202}, job.AzureError{Kind: job.ErrUnanswered}},
		{"202 with a Location that is only a path", wire.Fault{Status: 202, Header: http.Header{"Location": {resource}}},
			job.AzureError{Kind: job.ErrUnanswered}},
		{"200 at once", wire.Fault{Status: 200, Body: `{"name":"apim-weu","properties":{"provisioningState":"Succeeded"}}`},
			job.AzureError{Kind: job.ErrUnanswered, Message: "Azure answered without an operation to follow"}},
		{"200 with a page", wire.Fault{Status: 200, Body: "<html>"}, job.AzureError{Kind: job.ErrUnanswered}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.fault.Kind = wire.Instead
			w.answer("POST", tt.fault)
			_, err := w.client.StartBackup(t.Context(), weu(), blob)
			if tt.want.Status = tt.fault.Status; strings.HasPrefix(tt.name, "20") && tt.want.Message == "" {
				tt.want.Status = 0 // the SDK's own complaint is all there is
			}
			w.fails(err, tt.want)
			if n := w.requests("POST"); n != 1 {
				t.Errorf("%d POSTs, want 1", n)
			}
			w.noStranger()
		})
	}
}

// The SDK's own retries would post again and take its own 409 for an answer.
func TestStartUnansweredIsNotSentAgain(t *testing.T) {
	for _, status := range []int{408, 500, 501, 502, 503, 504, 599} {
		for kind, landed := range map[wire.Kind]int{wire.Instead: 0, wire.After: 1} {
			t.Run(http.StatusText(status)+" "+string(kind), func(t *testing.T) {
				w := newWorld(t)
				w.answer("POST", wire.Fault{Kind: kind, Status: status, Header: http.Header{"Retry-After": {"1"}}, Body: armBody("Unwell", "Try again.")})
				_, err := w.client.StartBackup(t.Context(), weu(), blob)
				w.fails(err, job.AzureError{Kind: job.ErrUnanswered, Status: status, Code: "Unwell", Message: "Try again.", RetryAfter: time.Second})
				if n := w.requests("POST"); n != 1 || len(w.sim.Operations()) != landed {
					t.Errorf("%d POSTs made %d operations, want 1 and %d", n, len(w.sim.Operations()), landed)
				}
			})
		}
	}
}

// Over real net/http, which has opinions of its own on when to send again.
func TestStartOverAConnectionThatDrops(t *testing.T) {
	for kind, landed := range map[wire.Kind]int{wire.Reset: 0, wire.ResetAfter: 1} {
		for _, reused := range []bool{false, true} {
			name := string(kind)
			if reused {
				name += " on a connection that was used before"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					client, _, end := w.overPipe()
					defer end()
					if reused {
						if _, err := client.Observe(t.Context(), weu()); err != nil {
							t.Fatal(err)
						}
					}
					w.answer("POST", wire.Fault{Kind: kind})
					_, err := client.StartBackup(t.Context(), weu(), blob)
					w.fails(err, job.AzureError{Kind: job.ErrUnanswered})
					if n := w.requests("POST"); n != 1 || len(w.sim.Operations()) != landed {
						t.Errorf("%d POSTs made %d operations, want 1 and %d", n, len(w.sim.Operations()), landed)
					}
				})
			})
		}
	}
}

func TestStartWithoutAConnectionIsUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client, pipe, end := w.overPipe()
		defer end()
		_ = pipe.Close()
		_, err := client.StartBackup(t.Context(), weu(), blob)
		w.fails(err, job.AzureError{Kind: job.ErrUnsent})
		if strings.Contains(err.Error(), "https://") {
			t.Errorf("error %q repeats the URL", err)
		}
	})
}

func TestStartThatTakesTooLongIsUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answer("POST", wire.Fault{Kind: wire.Slow, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		_, err := w.client.StartBackup(ctx, weu(), blob)
		w.fails(err, job.AzureError{Kind: job.ErrUnanswered})
		if n, took := w.requests("POST"), time.Since(begun); n != 1 || took != time.Minute || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d POSTs in %s: %v, want 1 in 1m0s and the deadline", n, took, err)
		}
	})
}

// Whoever asks again gets a fresh token.
func TestStartAfterAnExpiredToken(t *testing.T) {
	w := newWorld(t)
	w.answer("POST", wire.Fault{Kind: wire.Instead, Status: 401})
	if _, err := w.client.StartBackup(t.Context(), weu(), blob); !errors.Is(err, job.ErrUnsent) {
		t.Fatalf("error %v, want %v", err, job.ErrUnsent)
	}
	w.start()
	if w.tokens != 2 {
		t.Errorf("%d tokens, want 2", w.tokens)
	}
}

func TestStartWithoutATokenIsUnsent(t *testing.T) {
	w := newWorld(t)
	w.tokenErr = errors.New("no identity is assigned")
	_, err := w.client.StartBackup(t.Context(), weu(), blob)
	w.fails(err, job.AzureError{Kind: job.ErrUnsent})
	if n := w.requests("POST"); n != 0 || !strings.Contains(err.Error(), "no identity is assigned") {
		t.Errorf("%d POSTs: %v, want none and the credential's words", n, err)
	}
}

// A revoked token is challenged with claims, and the SDK answers the challenge
// by itself: the first POST had no effect.
func TestStartIsChallenged(t *testing.T) {
	w := newWorld(t)
	challenge := wire.Fault{Kind: wire.Instead, Status: 401, Header: http.Header{"Www-Authenticate": {`Bearer error="insufficient_claims", claims="e30="`}}}
	w.answer("POST", challenge)
	w.start()
	if n := len(w.sim.Operations()); n != 1 || w.tokens != 2 {
		t.Errorf("%d operations with %d tokens, want 1 and 2", n, w.tokens)
	}
	w.answer("POST", challenge)
	w.mu.Lock()
	w.tokenErr = errors.New("revoked")
	w.mu.Unlock()
	_, err := w.client.StartBackup(t.Context(), weu(), blob)
	w.fails(err, job.AzureError{Kind: job.ErrUnsent})
}

func TestStartSaysWhoMayWriteTheBlob(t *testing.T) {
	tests := []struct {
		name   string
		access job.Access
		want   map[string]string // beside what every request says
	}{
		{"by the system-assigned identity", job.Access{Mode: job.AccessSystemIdentity, ClientID: "ignored", KeySetting: "KEY_WEU"},
			map[string]string{"accessType": "SystemAssignedManagedIdentity"}},
		{"by a user-assigned identity", job.Access{Mode: job.AccessUserIdentity, ClientID: "client-1", KeySetting: "KEY_WEU"},
			map[string]string{"accessType": "UserAssignedManagedIdentity", "clientId": "client-1"}},
		{"by key", job.Access{Mode: job.AccessKey, ClientID: "ignored", KeySetting: "KEY_WEU"},
			map[string]string{"accessType": "AccessKey", "accessKey": storageKey}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			s := weu()
			s.Access = tt.access
			started, err := w.client.StartBackup(t.Context(), s, blob)
			if err != nil {
				t.Fatal(err)
			}
			tt.want["storageAccount"], tt.want["containerName"], tt.want["backupName"] = "stbackups", "apim", blob
			var got map[string]string
			if err := json.Unmarshal([]byte(w.last().body), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if strings.Contains(started.ResumeToken, storageKey) {
				t.Error("the resume token holds the key")
			}
		})
	}
}

func TestStartWithoutTheKeyIsRefused(t *testing.T) {
	w := newWorld(t)
	s := weu()
	for setting, why := range map[string]string{"KEY_NEU": "is empty: set it", "KEY_REF": job.Unset(unresolved)} {
		s.Access.KeySetting = setting
		_, err := w.client.StartBackup(t.Context(), s, blob)
		w.fails(err, job.AzureError{Kind: job.ErrRefused, Message: "app setting " + setting + ", which should hold the storage key, " + why})
	}
	if n := w.requests("POST"); n != 0 {
		t.Errorf("%d POSTs, want none", n)
	}
}
