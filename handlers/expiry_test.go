package handlers_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/servicebus"
)

// What waits for the app longer than its queue keeps it is told to people and
// not carried out: it ends as a dead letter, not in silence.
func TestWhatExpiresWhileTheAppIsDownIsTold(t *testing.T) {
	for queue, body := range map[string]string{
		emulator.RequestQueue:  `{"schema":1,"id":"r1","kind":"Backup","service":"apim-weu","by":"ann@contoso.example","reason":"before the release"}`,
		emulator.ApprovalQueue: `{"schema":1,"job":"apim-weu-dr-inc1-restore","verdict":"Approve","by":"ann@contoso.example"}`,
	} {
		t.Run(queue, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &app{t: t, azure: emulator.New(emulator.Options{Services: emulator.SampleServices()})}
				if err := a.azure.Broker.Send(queue, servicebus.Message{ID: "m", Body: []byte(body)}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(15 * 24 * time.Hour)
				if active, _, dead := a.azure.Broker.Counts(queue); active != 0 || dead != 1 {
					t.Errorf("%d messages and %d dead letters after 15 days, want 0 and 1", active, dead)
				}
				a.deploy(samplePlan(t, "apim-weu"))
				defer a.stop()
				time.Sleep(59 * time.Minute)
				if active, scheduled, dead := a.azure.Broker.Counts(queue); active+scheduled+dead != 0 {
					t.Errorf("%d active, %d scheduled, %d dead, want none", active, scheduled, dead)
				}
				notices := a.rows("_", "notice|")
				if len(notices) != 1 {
					t.Fatalf("%d notices, want one: %v", len(notices), notices)
				}
				facts, _ := notices[0]["Facts"].(string)
				if !strings.Contains(facts, "TTLExpiredException") || !strings.Contains(facts, queue) {
					t.Errorf("the notice does not say what expired and where: %s", facts)
				}
				if jobs := a.jobs("apim-weu"); len(jobs) != 1 {
					t.Errorf("%d jobs, want the night's only: %v", len(jobs), jobs)
				}
			})
		})
	}
}
