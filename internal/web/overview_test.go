package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
)

func TestTheAnswer(t *testing.T) {
	lapsed := backedUp("c", 31*day)
	for _, c := range []struct {
		name       string
		services   string
		rows       []job.Summary
		incomplete bool
		level      Level
		want       string
	}{
		{"all well", "a b", []job.Summary{backedUp("a", 18*hour), backedUp("b", 20*hour)}, false, Good, "Everything is restorable. The oldest of the newest backups is 20 h old (b)."},
		{"one is late", "a b", []job.Summary{backedUp("a", 18*hour), backedUp("b", 30*hour)}, false, Warn, "Everything is restorable, but backups are behind for 1 service (b). The oldest of the newest backups is 30 h old (b)."},
		{"one is down, and can be restored all the same", "a b", []job.Summary{backedUp("a", 18*hour), backedUp("b", 3*day)}, false, Warn, "Everything is restorable, but backups are behind for 1 service (b). The oldest of the newest backups is 3 d old (b)."},
		{"one has lapsed", "a c", []job.Summary{backedUp("a", 18*hour), lapsed}, false, Bad, "Not everything is restorable: 1 service has no restorable backup (c). The newest backup of a is 18 h old."},
		{"none can be", "a c", []job.Summary{lapsed}, false, Bad, "Nothing can be restored: none of 2 services has a restorable backup."},
		{"many can't be", "a b c d e f g", []job.Summary{backedUp("a", 18*hour)}, false, Bad, "Not everything is restorable: 6 services have no restorable backup (b, c, d, e, f and 1 more). The newest backup of a is 18 h old."},
		{"a single one", "a", []job.Summary{backedUp("a", 90*time.Minute)}, false, Good, "a is restorable: its newest backup is 90 min old."},
		{"a single one that is late", "a", []job.Summary{backedUp("a", 27*hour)}, false, Warn, "a is restorable, but its backups are behind: the newest is 27 h old."},
		{"a single one without", "a", nil, false, Bad, "a can't be restored: it has no restorable backup."},
		{"not all was read", "a b", []job.Summary{backedUp("a", hour), backedUp("b", hour)}, true, Bad, "Not everything could be read: 2 of 2 services are known to be restorable."},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Overview(Known{Plan: thePlan(t, strings.Fields(c.services)), Rows: fleet.Rows{Summaries: c.rows}, Incomplete: c.incomplete, Now: now})
			if v.Answer.Sentence != c.want || v.Answer.Level != c.level {
				t.Errorf("answer = %s %q\nwant %s %q", v.Answer.Level, v.Answer.Sentence, c.level, c.want)
			}
		})
	}
}

func TestTheSecondLine(t *testing.T) {
	refresh, under := waiting("apim-weu", ""), waiting("apim-sea", "")
	refresh.ID, refresh.State, under.State = "refresh", job.InProgress, job.Starting
	refresh.Restore.Warm = true
	k := busy(t)
	if got := Overview(k).Answer.Work; got != "No restore is running. 1 restore waits for approval. 2 incidents are open." {
		t.Errorf("work = %q", got)
	}
	k.Incomplete, k.Incidents = true, nil
	if got := Overview(k).Answer.Work; got != "As far as could be read: no restore is running. 1 restore waits for approval." {
		t.Errorf("work = %q", got)
	}
	k.Incomplete, k.Rows.Jobs = false, []job.Job{refresh, under}
	if got := Overview(k).Answer.Work; got != "1 restore is running." {
		t.Errorf("work = %q: a refresh is no restore in an emergency", got)
	}
}

func TestServicesInTroubleComeFirst(t *testing.T) {
	var got []string
	for _, s := range Overview(busy(t)).Services {
		got = append(got, s.Name+" "+healthMark(s).Word)
	}
	if diff := cmp.Diff([]string{"apim-old down", "apim-neu late", "apim-new no backup yet", "apim-weu well", "apim-sea well"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNextRun(t *testing.T) {
	k := quiet(t)
	p := k.Plan.Services[0]
	due := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	start := due.Add(job.Jitter(p.Jitter, p.Name, due))
	if !start.After(due) {
		t.Fatal("the service has no jitter: choose another name")
	}
	for name, at := range map[string]time.Time{"before it is due": now, "while it is spread": start.Add(-time.Second)} {
		if got := nextRun(p, at); !got.Equal(start) {
			t.Errorf("%s: %s, want %s", name, got, start)
		}
	}
	if got := nextRun(p, start); !got.After(start.Add(20 * hour)) {
		t.Errorf("after its start: %s, want the next night", got)
	}
	waits := job.NewBackup("apim-weu", now, now.Add(7*time.Minute), job.Rules{Deadline: hour}, now)
	k.Rows.Jobs, k.Rows.Summaries[0].Waiting = []job.Job{waits}, waits.ID
	if s := Overview(k).Services[0]; !s.NextRun.Equal(waits.NotBefore) || s.Waiting != waits.ID {
		t.Errorf("with a waiting job: %s %q", s.NextRun, s.Waiting)
	}
}

func TestTheLastFailoverIsTheServicesOwn(t *testing.T) {
	k := busy(t)
	last := map[string]string{}
	for _, s := range Overview(k).Services {
		if s.LastRestore != nil {
			last[s.Name] = s.LastRestore.Job
		}
	}
	if diff := cmp.Diff(map[string]string{"apim-weu": "apim-weu-dr-inc11-restore", "apim-sea": "apim-sea-dr-inc2-restore"}, last); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	k.Rows.Summaries[6].ServingFor = "somebody-else"
	for _, s := range Overview(k).Services {
		if s.Name == "apim-sea" && s.LastRestore != nil {
			t.Errorf("a failover of somebody else's onto a shared standby is told as %s", s.LastRestore.Job)
		}
	}
}

// The gates of an incident are those of its restore, whether or not that has
// ended.
func TestAnIncidentHasTheGatesOfItsRestore(t *testing.T) {
	k := busy(t)
	ended := k.Rows.Jobs[1]
	for name, of := range map[string]func(){
		"going on": func() {},
		"ended":    func() { k.Rows.Jobs, k.Restores = k.Rows.Jobs[:1], []job.Job{ended} },
	} {
		of()
		got := Overview(k).Incidents
		if len(got) != 2 || got[0].ID != "inc7f3a" || len(got[0].Gates) != 5 || got[0].Gates[4].Sentence == "" || len(got[1].Gates) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestJSONSaysWhatThePageSays(t *testing.T) {
	data, err := json.Marshal(Overview(busy(t)))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Answer   struct{ Level, Sentence string }
		Services []struct {
			Name       string
			RPOSeconds int64
			Goal       int64 `json:"goalSeconds"`
		}
		Notices []struct{ State, Error string }
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Answer.Level != "bad" || len(got.Services) != 5 || got.Services[1].RPOSeconds != 30*3600 || got.Services[1].Goal != 26*3600 || len(got.Notices) != 2 {
		t.Errorf("%+v", got)
	}
	if strings.Contains(string(data), secret) {
		t.Errorf("a secret: %s", data)
	}
	data, err = json.Marshal(Overview(quiet(t)))
	for _, empty := range []string{`"jobs":[]`, `"incidents":[]`, `"notices":[]`, `"standbys":[]`} {
		if err != nil || !strings.Contains(string(data), empty) {
			t.Errorf("no %s where a list is promised, but empty: %s", empty, data)
		}
	}
}

func TestNoticesAreTheNewest(t *testing.T) {
	k := quiet(t)
	for n := range 80 {
		k.Rows.Notices = append(k.Rows.Notices, job.StoredNotice{Notice: job.Notice{ID: "n", At: ago(time.Duration(n) * hour)}, Delivery: job.Delivery{State: job.Undelivered}})
	}
	v := Overview(k)
	if len(v.Notices) != maxNotices || v.NoticesUndelivered != 80 || !v.Notices[0].At.Equal(now) {
		t.Errorf("%d of %d, the first of %s", len(v.Notices), v.NoticesUndelivered, v.Notices[0].At)
	}
}
