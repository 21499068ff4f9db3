package apim_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// neu is a standby of weu in the same tier.
func neu() job.Service {
	s := weu()
	s.Name, s.Resource = "neu", "apim-neu"
	return s
}

// newStandby is a world with a standby and a blob store that remembers, in
// which weu was backed up.
func newStandby(t *testing.T, change ...func(*arm.Service)) *world {
	t.Helper()
	w := newWorld(t)
	w.keep = map[string][]byte{}
	s := arm.Service{Subscription: subscription, ResourceGroup: "rg", Name: "apim-neu", Location: "North Europe", SKU: "Premium", Content: content(1)}
	for _, c := range change {
		c(&s)
	}
	w.sim.AddService(s)
	w.start()
	time.Sleep(10 * time.Minute)
	return w
}

// A restore is followed as a backup is, by a token of its own kind, and what
// the standby holds afterwards is what the source held.
func TestRestoreFromStartToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newStandby(t)
		started, err := w.client.StartRestore(t.Context(), neu(), blob)
		if err != nil {
			t.Fatal(err)
		}
		if w.requests("POST") != 1 || started.RetryAfter != time.Minute || !strings.Contains(started.ResumeToken, `"ServiceClientRestoreResponse"`) {
			t.Errorf("started = %+v, want one POST, 1m and a restore's token", started)
		}
		token := started.ResumeToken
		for polls := 1; ; polls++ {
			time.Sleep(time.Minute)
			progress, err := w.connect(wire.Transport{Handler: w.network()}).Poll(t.Context(), neu(), token)
			if err != nil {
				t.Fatal(err)
			}
			if progress.Done {
				want := job.Facts{Tier: "Premium", Units: 1, Location: "North Europe"}
				if diff := cmp.Diff(want, progress.Facts); diff != "" || polls != 12 {
					t.Errorf("poll %d, facts (-want +got):\n%s", polls, diff)
				}
				break
			}
			token = progress.ResumeToken
		}
		if diff := cmp.Diff(w.sim.Content("apim-weu"), w.sim.Content("apim-neu")); diff != "" {
			t.Errorf("content (-source +standby):\n%s", diff)
		}
		w.noStranger()
	})
}

func TestRestoreSaysWhatToRead(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client.StartRestore(t.Context(), weu(), blob); err != nil {
		t.Fatal(err)
	}
	sent := w.last()
	var got map[string]string
	if err := json.Unmarshal([]byte(sent.body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"storageAccount": "stbackups", "containerName": "apim", "backupName": blob, "accessType": "AccessKey", "accessKey": storageKey}
	if diff := cmp.Diff(want, got); diff != "" || !strings.HasSuffix(sent.url, resource+"/restore?api-version=2024-05-01") {
		t.Errorf("POST %s, body (-want +got):\n%s", sent.url, diff)
	}
}

// What the answer to the POST of a restore proves is what a backup's proves.
func TestRestoreAnswers(t *testing.T) {
	tests := []struct {
		name  string
		fault wire.Fault
		want  job.AzureError
	}{
		{"409 says that the service is busy", wire.Fault{Kind: wire.Instead, Status: 409, Body: armBody("ServiceLocked", "Transitioning.")},
			job.AzureError{Kind: job.ErrBusy, Status: 409, Code: "ServiceLocked", Message: "Transitioning."}},
		{"400 is refused", wire.Fault{Kind: wire.Instead, Status: 400, Body: armBody("ValidationError", "No.")},
			job.AzureError{Kind: job.ErrRefused, Status: 400, Code: "ValidationError", Message: "No."}},
		{"504 after it landed is not known", wire.Fault{Kind: wire.After, Status: 504, Body: armBody("GatewayTimeout", "Slow.")},
			job.AzureError{Kind: job.ErrUnanswered, Status: 504, Code: "GatewayTimeout", Message: "Slow."}},
		{"a drop is not known", wire.Fault{Kind: wire.ResetAfter}, job.AzureError{Kind: job.ErrUnanswered}},
		{"202 without Location is not known", wire.Fault{Kind: wire.Instead, Status: 202}, job.AzureError{Kind: job.ErrUnanswered}},
		{"200 at once is not known", wire.Fault{Kind: wire.Instead, Status: 200, Body: `{"name":"apim-weu","properties":{"provisioningState":"Succeeded"}}`},
			job.AzureError{Kind: job.ErrUnanswered, Status: 200, Message: "Azure answered without an operation to follow"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.answer("POST", tt.fault)
			_, err := w.client.StartRestore(t.Context(), weu(), blob)
			w.fails(err, tt.want)
			if n := w.requests("POST"); n != 1 || !strings.Contains(err.Error(), "restore apim-weu") {
				t.Errorf("%d POSTs: %v, want 1 and what was tried", n, err)
			}
		})
	}
}

// Azure's own reasons for a restore that fails, word for word.
func TestRestoreThatAzureRefusesAtItsEnd(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*arm.Service)
		age     time.Duration
		message string
	}{
		{"another tier", func(s *arm.Service) { s.SKU = "Developer" }, 0, "Cannot restore: current SKU is 'Developer', backup SKU is 'Premium'"},
		{"an expired backup", func(*arm.Service) {}, 31 * 24 * time.Hour, "Cannot restore: backup expired"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newStandby(t, tt.change)
				time.Sleep(tt.age)
				started, err := w.client.StartRestore(t.Context(), neu(), blob)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(12 * time.Minute)
				_, err = w.client.Poll(t.Context(), neu(), started.ResumeToken)
				w.fails(err, job.AzureError{Kind: job.ErrOperationFailed, Status: 400, Code: "RestoreFailed", Message: tt.message})
			})
		})
	}
}

// A restore's token gets no more trust than a backup's.
func TestForeignHostsOfARestore(t *testing.T) {
	for name, endpoint := range foreign {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sim.FailNext("apim-weu", arm.Fault{Endpoint: endpoint})
			_, err := w.client.StartRestore(t.Context(), weu(), blob)
			w.fails(err, job.AzureError{Kind: job.ErrUnanswered, Status: http.StatusAccepted})
			_, err = w.client.Poll(t.Context(), weu(), `{"type":"ServiceClientRestoreResponse","token":{"type":"loc","pollURL":"`+endpoint+resource+`/operationresults/x","state":"InProgress"}}`)
			w.fails(err, job.AzureError{Kind: job.ErrHandleLost})
			w.noStranger()
		})
	}
}

// A token that says it is of the other kind still leads to its operation.
func TestPollOfTheOtherKindPostsNothing(t *testing.T) {
	w := newWorld(t)
	token := strings.Replace(w.start(), "Backup", "Restore", 1)
	if _, err := w.client.Poll(t.Context(), weu(), token); err != nil && !errors.Is(err, job.ErrHandleLost) {
		t.Errorf("error %v, want none or %v", err, job.ErrHandleLost)
	}
	if n := w.requests("POST"); n != 0 {
		t.Errorf("%d POSTs, want none", n)
	}
}
