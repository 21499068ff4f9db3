package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/job"
	"lifeboat/internal/request"
)

// An upgrade is taken back for good, with a failover under way: the old version
// touches nothing of the new one, whoever asks; people are told once a day; and
// when the new one comes back after days, it goes on.
func TestRollbackForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startVersions(t, standbyPlan(t, "approve"), emulator.SampleServices(), 1)
		defer v.stop()
		v.pair.let(newOnly)
		time.Sleep(50 * time.Minute)
		v.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
		v.say(emulator.RequestQueue, alert(t, time.Now()))
		v.reaches("apim-neu", job.AwaitingApproval)
		restore, _, _ := v.last("apim-neu")
		time.Sleep(time.Second) // its notice is told

		v.pair.let(oldOnly)
		left := v.newer()
		kinds := map[string]bool{}
		for key := range left {
			kind, _, _ := strings.Cut(key[strings.Index(key, "/")+1:], "|")
			kinds[kind] = true
		}
		for _, kind := range []string{"job", "service", "point", "incident", "alert", "notice"} {
			if !kinds[kind] {
				t.Errorf("no newer row of kind %s: %v", kind, kinds)
			}
		}
		v.answer("apim-neu", "bob", true)
		v.say(emulator.RequestQueue, alert(t, time.Now()))
		for _, r := range []request.Request{
			{Kind: request.Backup, Service: "apim-weu"},
			{Kind: request.Restore, Service: "apim-weu", Reason: "drill"},
			{Kind: request.Cancel, Job: restore, Reason: "no"},
			{Kind: request.Acknowledge, Service: "apim-weu", Outcome: request.Failback, Reason: "done"},
		} {
			r.ID, r.By = "late-"+string(r.Kind), "ann"
			v.ask(r)
		}
		if _, err := v.host.Fire("ConfigChange", changeOf("apim-weu", time.Now())); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Minute)
		v.untouched(left)
		if got := v.restores(); len(got) != 0 {
			t.Errorf("%d restores", len(got))
		}
		w := httptest.NewRecorder()
		v.host.HTTP().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/metrics", nil))
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("metrics: %d, want 503: half of the truth would look whole", w.Code)
		}
		time.Sleep(72 * time.Hour)
		v.untouched(left)
		for _, line := range []string{"prompt repeated", "prompt left to the watchdog", "message sent again", "rows are newer than this version"} {
			if len(v.log.lines(line)) == 0 {
				t.Errorf("the log does not say: %s", line)
			}
		}
		if burnt := v.log.lines("message delivered again"); len(burnt) > 0 {
			t.Errorf("%d redeliveries at once: %s", len(burnt), burnt[0])
		}
		for _, queue := range []string{emulator.RequestQueue, emulator.ApprovalQueue} {
			if active, scheduled, dead := v.azure.Broker.Counts(queue); active+scheduled+dead != 0 {
				t.Errorf("after three days %s has %d messages active, %d scheduled, %d dead", queue, active, scheduled, dead)
			}
		}
		for _, c := range v.rows(job.NoService, "count|dead") {
			// The app can't send an approval again, and so it stayed for a day.
			if c["Label"] != emulator.ApprovalQueue || fmt.Sprint(c["Value"]) != "1" {
				t.Errorf("dead letters: %v", c)
			}
		}
		told := 0
		for _, n := range v.rows(job.NoService, "notice|") {
			if n["Type"] == string(job.NoticeOutdated) {
				told++
			}
		}
		if told != 4 { // on each day that was touched
			t.Errorf("told %d times in four days that rows are newer, want 4", told)
		}
		if active, scheduled, _ := v.azure.Broker.Counts(emulator.StepQueue); active+scheduled != 0 {
			t.Errorf("after three days %d prompts are active, %d scheduled: postponing has no end", active, scheduled)
		}
		if got := len(v.azure.ARM.Operations()); got != 1 {
			t.Errorf("%d operations, want the first backup only", got)
		}

		v.azure.ARM.SetGateway("apim-weu", arm.GatewayHealthy)
		v.pair.let(newOnly)
		time.Sleep(time.Hour)
		v.acknowledge("end")
		time.Sleep(8 * time.Hour)
		v.settled()
		if _, state, row := v.last("apim-weu"); state != job.Succeeded {
			t.Errorf("the new version's first backup is %s: %v", state, row)
		}
	})
}

func changeOf(service string, at time.Time) string {
	return fmt.Sprintf(`{"id":"e1","topic":"%[1]s","subject":"%[1]s/apis/echo;Rev=1","eventType":"Microsoft.ApiManagement.APIUpdated","eventTime":%[2]q,
"data":{"resourceUri":"%[1]s/apis/echo;Rev=1"},"dataVersion":"1","metadataVersion":"1"}`, samples+service, at.Format(time.RFC3339))
}

// What neither version knows stays in every row, whichever of them saves it.
func TestUnknownPropertiesSurvive(t *testing.T) {
	for name, turn := range map[string]turn{"old": oldOnly, "new": newOnly} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := startVersions(t, standbyPlan(t, "auto"), emulator.SampleServices(), 1)
				defer v.stop()
				v.pair.let(turn)
				time.Sleep(50 * time.Minute)
				v.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
				v.say(emulator.RequestQueue, alert(t, time.Now()))
				time.Sleep(8 * time.Minute)
				stamps := v.scribble()
				v.azure.ARM.SetGateway("apim-weu", arm.GatewayHealthy)
				time.Sleep(20 * time.Minute)
				v.acknowledge("1")
				time.Sleep(2 * time.Hour)
				saved := map[string]bool{}
				for _, row := range v.azure.Storage.Entities(emulator.StateTable) {
					key := fmt.Sprint(row["PartitionKey"], "/", row["RowKey"])
					stamp, ours := stamps[key]
					if ours && row["Scribble"] != "kept" {
						t.Errorf("%s has lost what it held: %v", key, row)
					}
					if ours && row["Timestamp"] != stamp {
						kind, _, _ := strings.Cut(row["RowKey"].(string), "|")
						saved[kind] = true
					}
				}
				for _, kind := range []string{"job", "service", "incident"} {
					if !saved[kind] {
						t.Errorf("no row of kind %s was saved: %v", kind, saved)
					}
				}
			})
		})
	}
}

// scribble adds a property to every row and returns when each was written.
func (a *app) scribble() map[string]any {
	a.t.Helper()
	client, err := a.azure.TableClient(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, row := range a.azure.Storage.Entities(emulator.StateTable) {
		body, err := json.Marshal(map[string]any{"PartitionKey": row["PartitionKey"], "RowKey": row["RowKey"], "Scribble": "kept"})
		if err == nil {
			_, err = client.UpsertEntity(a.t.Context(), body, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
		}
		if err != nil {
			a.t.Fatal(err)
		}
	}
	stamps := map[string]any{}
	for _, row := range a.azure.Storage.Entities(emulator.StateTable) {
		stamps[fmt.Sprint(row["PartitionKey"], "/", row["RowKey"])] = row["Timestamp"]
	}
	return stamps
}
