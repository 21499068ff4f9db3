package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
)

func TestSilence(t *testing.T) {
	code, stdout, stderr := inBubble(t, silence(), playOptions{json: true})
	if code != exitDone {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("stdout is not one JSON object: %v: %s", err, stdout)
	}
	if !r.OK || len(r.Jobs) != 5 || r.Silence == nil || len(r.Notices) != 4 {
		t.Fatalf("report = %+v", r)
	}
	if s := *r.Silence; s.Refused != refusedPosts || s.Lost == 0 || len(s.Repairs) != 2 || s.Scrapes != 2 || s.Samples == 0 {
		t.Errorf("silence = %+v", s)
	}
	for _, p := range r.Silence.Repairs {
		if p.Prompted < 0 || p.Moved <= p.Prompted || p.Overdue < ms(overdueAfter) {
			t.Errorf("repair = %+v", p)
		}
	}
	posts := 0
	for _, n := range r.Notices {
		posts += n.Posts
	}
	if posts < refusedPosts+len(r.Notices) {
		t.Errorf("the receiver saw %d posts, want at least %d", posts, refusedPosts+len(r.Notices))
	}
	for _, want := range []string{"its queue loses", "notice Late", "notice Down", "notice Recovered", "notice DeadMessage", "its message is lost or late"} {
		if strings.Count(stderr, want) == 0 {
			t.Errorf("the story lacks %q:\n%s", want, stderr)
		}
	}
}

// What is wrong must be found, whatever it is.
func TestSilenceNoticesSabotage(t *testing.T) {
	notices := func(kind string, change func(*stage, map[string]any) bool) func(*stage) {
		return func(s *stage) {
			for _, service := range []string{silentService, "_"} {
				rewrite(t, s, service, "notice|", func(row map[string]any) bool { return field(row, "Type") != kind || change(s, row) })
			}
		}
	}
	remove := func(*stage, map[string]any) bool { return false }
	set := func(name string, value any) func(*stage, map[string]any) bool {
		return func(_ *stage, row map[string]any) bool { row[name] = value; return true }
	}
	for name, c := range map[string]sabotage{
		"lost messages stay lost": {cast: replan("overdueAfter: 3s", "overdueAfter: 10m"), says: "it was not over within 2m"},
		"nobody waits for it":     {cast: replan("interval: 6s", "interval: 1h"), says: "it was not over within 2m"},
		"there are no heartbeats": {cast: func(sc *scenario) {
			for i := range sc.protected {
				sc.protected[i].settings = sc.protected[i].settings[1:]
			}
		}, says: "the heartbeat of " + silentService + " had 0 times start, want 3"},
		"Late is not written":   {after: notices("Late", remove), says: silentService + " has 0 Late notices, want 1"},
		"Down is Late":          {after: notices("Down", set("Type", "Late")), says: silentService + " has 2 Late notices, want 1"},
		"Recovered is pending":  {after: func(s *stage) { s.host.Crash(); notices("Recovered", set("State", "Undelivered"))(s) }, says: "Recovered is Undelivered"},
		"one notice more":       {after: notices("DeadMessage", set("Type", "PointLapsing")), says: "no service has 0 DeadMessage notices, want 1"},
		"it did not arrive":     {after: func(s *stage) { drop(s, "Down") }, says: "0 Down notices about " + silentService + " arrived, want 1"},
		"the password is shown": {after: notices("DeadMessage", set("Facts", `{"excerpt":"restore everything `+strangeSecret+`"}`)), says: "a secret stands in row notice|_:"},
		"nothing is shown":      {after: notices("DeadMessage", set("Facts", `{}`)), says: "the excerpt of the dead message does not show it"},
		"the receiver is well":  {after: func(s *stage) { s.receiver.mail.refused-- }, says: "the receiver refused 9 posts, want 10"},
		"nobody repaired": {
			after: func(s *stage) { rewrite(t, s, "_", "count|watchdog", func(map[string]any) bool { return false }) },
			says:  patient + " lost a message, and the watchdog has not repaired that",
		},
		"the metrics are cut off": {after: func(s *stage) { s.silence.scrapes[1].text = "lifeboat_health{" }, says: "metrics while well"},
		"the metrics are wrong": {
			after: func(s *stage) { s.silence.scrapes[0].text = s.silence.scrapes[1].text },
			says:  `metrics while down: lifeboat_health{service="apim-weu",state="down"} is 0`,
		},
		"the metrics are not there": {after: func(s *stage) { s.silence.scrapes[0].failure = "answered 503" }, says: "metrics while down: answered 503"},
		"a dead letter stays":       {after: func(s *stage) { deadLetter(s, emulator.NoticeQueue) }, says: "queue notices has 1 dead letter"},
		"everything is lost":        {after: func(s *stage) { _ = s.azure.Storage.DeleteTable(emulator.StateTable) }, says: silentService + " has 0 jobs, want 3"},
		"another backup":            {after: func(s *stage) { _ = s.backUp(patient, "too many"); time.Sleep(time.Minute) }, says: patient + " has 3 jobs, want 2"},
	} {
		t.Run(name, func(t *testing.T) { c.mustFail(t, silence()) })
	}
}

// drop lets a receiver forget the notices of a kind.
func drop(s *stage, kind string) {
	for id, e := range s.receiver.mail.taken {
		if e.Data.Type == kind {
			delete(s.receiver.mail.taken, id)
		}
	}
}
