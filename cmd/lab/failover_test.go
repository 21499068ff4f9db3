package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
)

func TestFailover(t *testing.T) {
	code, stdout, stderr := inBubble(t, failover(), playOptions{json: true})
	if code != exitDone {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("stdout is not one JSON object: %v: %s", err, stdout)
	}
	if !r.OK || len(r.Incidents) != 8 || len(r.Gates) != 11 || r.Figures == nil {
		t.Errorf("report = %+v", r)
	}
	if r.Figures.Requests.Count < 1000 || r.Figures.Decisions.Count < len(r.Gates) {
		t.Errorf("figures = %+v", *r.Figures)
	}
	for _, want := range []string{
		"made 1 incident;", "longEnough        passes", "Awaiting   -> Pending", "serves for apim-weu, recovered in",
		"gate refuses", "Resolved: incident", "restore of apim-jpe, by " + operator,
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the story lacks %q:\n%s", want, stderr)
		}
	}
}

// merge changes properties of a service's summary in the state table.
func merge(t *testing.T, s *stage, service, properties string) {
	t.Helper()
	table, err := s.azure.TableClient(nil)
	if err == nil {
		_, err = table.UpsertEntity(context.Background(), []byte(`{"PartitionKey":"`+service+`","RowKey":"service",`+properties+`}`), nil)
	}
	if err != nil {
		t.Error(err)
	}
}

// What is wrong must be found, whatever it is.
func TestFailoverNoticesSabotage(t *testing.T) {
	other := arm.Failure{Code: "RestoreFailed", Message: "something else"}
	replan := func(from, to string) func(*scenario) {
		return func(sc *scenario) {
			for i := range sc.protected {
				for k, line := range sc.protected[i].settings {
					sc.protected[i].settings[k] = strings.ReplaceAll(line, from, to)
				}
			}
		}
	}
	service := func(name string, change func(*arm.Service)) func(*scenario) {
		return func(sc *scenario) {
			for i := range sc.services {
				if sc.services[i].Name == name {
					change(&sc.services[i])
				}
			}
		}
	}
	for name, c := range map[string]sabotage{
		"the standby is changed":    {after: func(s *stage) { s.azure.ARM.SetContent(standbyOf(flooded), arm.Content{}) }, says: "apim-weu-dr does not hold what apim-weu holds"},
		"the restore fails":         {before: func(s *stage) { s.azure.ARM.FailNext(standbyOf(flooded), arm.Fault{Fail: &other}) }, says: `ended as Failed "RestoreFailed"`},
		"nobody is asked":           {cast: replan("mode: approve", "mode: auto"), says: "it was not over within 2m"},
		"there is no cool-down":     {cast: replan("cooldown: 5m0s", "cooldown: 0s"), says: "gate sourceCooledDown says Passed"},
		"the tier is the same":      {cast: service(standbyOf(mistiered), func(v *arm.Service) { v.SKU = "Developer" }), says: "apim-eus-dr was restored 1 times, want 0"},
		"an old backup is accepted": {cast: func(sc *scenario) { sc.plan = append(sc.plan, "restorableFor: 60d") }, says: "it was not over within 2m"},
		"the mark is lost":          {after: func(s *stage) { merge(t, s, standbyOf(stuck), `"ServingFor":""`) }, says: `apim-cus-dr serves for ""`},
		"the mark is another's":     {after: func(s *stage) { merge(t, s, standbyOf(recovers), `"ServingFor":"apim-uks"`) }, says: `apim-uks-dr serves for "apim-uks"`},
		"Lifeboat dawdles":          {cast: dawdle, says: "Lifeboat added"},
		"an approval is no word":    {after: func(s *stage) { deadLetter(s, emulator.ApprovalQueue) }, says: "queue approvals has 1 dead letter"},
		"another incident":          {after: oneMore, says: "apim-jpe has 1 incidents, want 0"},
		"everything is lost":        {after: func(s *stage) { _ = s.azure.Storage.DeleteTable(emulator.StateTable) }, says: "apim-weu-dr has 0 jobs, want 2"},
		"the standby is not free":   {before: func(s *stage) { s.azure.ARM.Lock(standbyOf(stuck), time.Hour) }, says: "it was not over within 2m"},
	} {
		t.Run(name, func(t *testing.T) {
			c.mustFail(t, failoverOf(20))
		})
	}
}

// dawdle makes ARM ask for so much patience that a poll comes late.
func dawdle(sc *scenario) {
	sc.plan = append(sc.plan[1:], "pollMax: 1m")
	for i := range sc.services {
		sc.services[i].RetryAfter = 25 * time.Second
	}
}

func oneMore(s *stage) {
	_, _ = s.alarm(outdated)
	time.Sleep(10 * time.Second)
}
