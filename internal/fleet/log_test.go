package fleet

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// line is what a JSON logger makes of args.
func line(t *testing.T, args []any) map[string]any {
	t.Helper()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("", args...)
	fields := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &fields); err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{slog.TimeKey, slog.LevelKey, slog.MessageKey} {
		delete(fields, own)
	}
	return fields
}

func TestLogLines(t *testing.T) {
	row := backedUp(18 * time.Hour)
	row.LastState, row.LastCode, row.LastJob, row.LastEnded = job.Failed, "Conflict", "j", ago(time.Hour)
	row.Waiting, row.Health, row.Incident, row.MaintenanceUntil = "w", job.Down, "i", now.Add(time.Hour)
	full := View(thePlan(), Rows{
		Summaries: []job.Summary{row, {Service: "spare", Readiness: job.NotReady, ReadyReason: "it serves", ReadyAt: now, ServingFor: "apim-weu", ServingSince: ago(time.Hour)}},
		Jobs:      []job.Job{{Service: "apim-weu", CreatedAt: ago(90 * time.Second), NotBefore: ago(1500 * time.Millisecond)}},
		Notices:   []job.StoredNotice{{Delivery: job.Delivery{State: job.DeliveryPending}}},
	}, now)
	empty := View(&plan.Plan{Services: thePlan().Services}, Rows{}, now)
	for _, c := range []struct {
		name string
		args []any
		want map[string]any
	}{
		{"a service with all there can be", full.Services[0].LogArgs(), map[string]any{
			"service": "apim-weu", "health": "well", "announced": "down", "intervalSeconds": 86400.0, "graceSeconds": 7200.0,
			"jobsInFlight": 1.0, "oldestJobAgeSeconds": 90.0, "pollLagSeconds": 1.0,
			"lastSuccess": "2026-03-01T18:10:00Z", "rpoSeconds": 64800.0, "restorableUntil": "2026-03-31T18:00:00Z",
			"lastStatus": "Failed", "lastCode": "Conflict", "lastJob": "j", "lastEnded": "2026-03-02T11:00:00Z",
			"waiting": "w", "incident": "i", "maintenanceUntil": "2026-03-02T13:00:00Z",
		}},
		{"a service that was never seen", empty.Services[0].LogArgs(), map[string]any{
			"service": "apim-weu", "health": "well", "announced": "well", "intervalSeconds": 86400.0, "graceSeconds": 7200.0,
			"jobsInFlight": 0.0, "oldestJobAgeSeconds": 0.0, "pollLagSeconds": 0.0,
		}},
		{"a standby that serves", full.Standbys[1].LogArgs(), map[string]any{
			"standby": "spare", "service": "apim-weu", "mode": "cold", "readiness": "NotReady", "reason": "it serves", "checkedAt": "2026-03-02T12:00:00Z",
			"servingFor": "apim-weu", "servingSince": "2026-03-02T11:00:00Z",
		}},
		{"a standby that nobody looked at", empty.Standbys[0].LogArgs(), map[string]any{"standby": "weu-warm", "service": "apim-weu", "mode": "warm"}},
		{"the fleet", full.LogArgs(), map[string]any{
			"environment": "prod", "services": 2.0, "noticesPending": 1.0, "noticesUndelivered": 0.0,
			"jobsInFlight": 1.0, "oldestJobAgeSeconds": 90.0, "pollLagSeconds": 1.0,
		}},
		{"a fleet without an environment", empty.LogArgs(), map[string]any{
			"services": 2.0, "noticesPending": 0.0, "noticesUndelivered": 0.0, "jobsInFlight": 0.0, "oldestJobAgeSeconds": 0.0, "pollLagSeconds": 0.0,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, line(t, c.args)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEveryHealthHasItsWord(t *testing.T) {
	for h, want := range map[job.Health]string{"": "well", job.Late: "late", job.Down: "down"} {
		if got := Word(h); got != want {
			t.Errorf("Word(%q) = %q, want %q", h, got, want)
		}
	}
	if diff := cmp.Diff([]string{"well", "late", "down"}, Words()); diff != "" {
		t.Errorf("Words (-want +got)\n%s", diff)
	}
}
