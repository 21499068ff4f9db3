package handlers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
)

// standbyPlan protects apim-weu with apim-neu as its standby.
func standbyPlan(t *testing.T, mode string) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("e2e.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *, jitter: 10m}
services:
  apim-weu:
    resourceId: `+samples+`apim-weu
    standbys: {apim-neu: {resourceId: `+samples+`apim-neu}}
    failover: {mode: `+mode+`, rules: [WCUS-R2-Gen2, apim-weu-down], minFor: 5m}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// say puts a message on a queue, as anybody who may send to it can.
func (a *app) say(queue string, body []byte) {
	a.t.Helper()
	sender, err := a.bus.NewSender(queue, nil)
	if err == nil {
		err = sender.SendMessage(a.t.Context(), &azservicebus.Message{Body: body}, nil)
	}
	if err == nil {
		err = sender.Close(a.t.Context())
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// alert is Azure Monitor's metric alert about apim-weu, fired now.
func alert(t *testing.T, at time.Time) []byte {
	t.Helper()
	body, err := request.EncodeAlert(request.Alert{ID: "aaaa", Rule: "apim-weu-down", Condition: request.Fired, FiredAt: at, MonitoringService: "Platform"})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (a *app) restores() (all []arm.Operation) {
	for _, o := range a.azure.ARM.Operations() {
		if strings.EqualFold(fmt.Sprint(o.Kind), "restore") {
			all = append(all, o)
		}
	}
	return all
}

// An alert about a source whose gateway is down ends, after an approval, with
// a standby that holds what the source held, over the real SDK clients.
func TestFailoverAfterApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, standbyPlan(t, "approve"), emulator.SampleServices())
		defer a.stop()
		time.Sleep(50 * time.Minute)
		a.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
		for range 20 {
			a.say(emulator.RequestQueue, alert(t, time.Now()))
		}
		time.Sleep(7 * time.Minute)
		jobs := a.jobs("apim-neu")
		if len(jobs) != 1 || jobs[0]["State"] != "AwaitingApproval" {
			t.Fatalf("jobs of the standby: %v", jobs)
		}
		if got := a.restores(); len(got) != 0 {
			t.Fatalf("%d restores without an approval", len(got))
		}
		id := strings.TrimPrefix(jobs[0]["RowKey"].(string), "job|")
		body, err := request.EncodeApproval(request.Approval{
			ID: "approval-1", Approved: true, Job: id, Point: a.azure.ARM.Operations()[0].Blob, Target: "apim-neu", By: "ann@contoso.example", Reason: "weu is down",
		})
		if err != nil {
			t.Fatal(err)
		}
		a.say(emulator.ApprovalQueue, body)
		time.Sleep(time.Hour)
		if jobs := a.jobs("apim-neu"); jobs[0]["State"] != "Succeeded" {
			t.Errorf("restore is %v: %v %v %v", jobs[0]["State"], jobs[0]["Code"], jobs[0]["Message"], jobs[0]["Reason"])
		}
		if got := a.restores(); len(got) != 1 {
			t.Errorf("%d restores, want 1", len(got))
		}
		if order := fmt.Sprint(a.jobs("apim-neu")[0]["Restore"]); !strings.Contains(order, `"gatewayUrl":"http`) {
			t.Errorf("the restore does not say where the gateway is: %s", order)
		}
		if diff := cmp.Diff(a.azure.ARM.Content("apim-weu"), a.azure.ARM.Content("apim-neu")); diff != "" {
			t.Errorf("the standby does not hold what the source held (-source +standby):\n%s", diff)
		}
		if active, scheduled, dead := a.azure.Broker.Counts(emulator.RequestQueue); active+scheduled+dead != 0 {
			t.Errorf("requests: %d active, %d scheduled, %d dead", active, scheduled, dead)
		}
	})
}

// Around a restore of half an hour Lifeboat adds at most one poll interval and
// five seconds, counted from the moment when the alert has lasted long enough.
func TestTimeAddedToARestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		services := emulator.SampleServices()
		for i := range services {
			services[i].RestoreDuration, services[i].RetryAfter = 30*time.Minute, time.Minute
		}
		a := start(t, standbyPlan(t, "auto"), services)
		defer a.stop()
		time.Sleep(50 * time.Minute)
		a.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
		fired := time.Now()
		a.say(emulator.RequestQueue, alert(t, fired))
		time.Sleep(2 * time.Hour)
		jobs := a.jobs("apim-neu")
		if len(jobs) != 1 || jobs[0]["State"] != "Succeeded" {
			t.Fatalf("jobs of the standby: %v", jobs)
		}
		ended, ok := jobs[0]["EndedAt"].(time.Time)
		if !ok {
			t.Fatalf("EndedAt is %v", jobs[0]["EndedAt"])
		}
		added := ended.Sub(fired) - 5*time.Minute - 30*time.Minute
		t.Logf("recovered %s after the alert fired: 5m it had to last, 30m of restore, %s of Lifeboat", ended.Sub(fired), added)
		if added > 65*time.Second {
			t.Errorf("%s added, want at most a poll interval and 5 s", added)
		}
	})
}

// A healthy gateway speaks against an alert, whatever the plan allows it.
func TestNoFailoverOfAHealthySource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, standbyPlan(t, "auto"), emulator.SampleServices())
		defer a.stop()
		time.Sleep(50 * time.Minute)
		a.say(emulator.RequestQueue, alert(t, time.Now()))
		time.Sleep(time.Hour)
		if jobs := a.jobs("apim-neu"); len(jobs) != 1 || jobs[0]["Code"] != "GateRefused" {
			t.Errorf("jobs of the standby: %v", jobs)
		}
		if got := a.restores(); len(got) != 0 {
			t.Errorf("%d restores", len(got))
		}
	})
}

// A standby that is not in Azure is a clear no, not a wait until the deadline.
func TestNoFailoverOntoNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, standbyPlan(t, "auto"), emulator.SampleServices()[:1])
		defer a.stop()
		time.Sleep(50 * time.Minute)
		a.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
		a.say(emulator.RequestQueue, alert(t, time.Now()))
		time.Sleep(time.Hour)
		jobs := a.jobs("apim-neu")
		if len(jobs) != 1 || jobs[0]["Code"] != "GateRefused" || !strings.Contains(fmt.Sprint(jobs[0]["Message"]), "does not exist in Azure") {
			t.Errorf("jobs of the standby: %v", jobs)
		}
	})
}

// AlertHook answers 202 only when Service Bus has the alert.
func TestAlertHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, standbyPlan(t, "approve"), emulator.SampleServices())
		defer a.stop()
		post := func(body string) int {
			r := httptest.NewRequest(http.MethodPost, "/api/alert", strings.NewReader(body))
			w := httptest.NewRecorder()
			a.host.HTTP().ServeHTTP(w, r)
			return w.Code
		}
		metric, err := os.ReadFile(filepath.Join(root, "internal/request/testdata/alerts/metric-fired.json"))
		if err != nil {
			t.Fatal(err)
		}
		before := a.azure.Requests().ServiceBusSend
		if code := post(string(metric)); code != http.StatusAccepted || a.azure.Requests().ServiceBusSend != before+1 {
			t.Errorf("a metric alert: %d, %d messages", code, a.azure.Requests().ServiceBusSend-before)
		}
		for _, body := range []string{"", "hello", "{}", `{"schema":1,"id":"x","kind":"Restore","service":"apim-weu","by":"eve"}`} {
			if code := post(body); code != http.StatusBadRequest {
				t.Errorf("%q: %d, want 400", body, code)
			}
		}
		back := a.away("servicebus")
		if code := post(string(metric)); code != http.StatusServiceUnavailable {
			t.Errorf("without Service Bus: %d, want 503", code)
		}
		back()
	})
}
