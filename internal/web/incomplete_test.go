package web

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"lifeboat/internal/job"
)

// partial is busy without its jobs and notices and without the rows of
// services, none of which could be read.
func partial(t testing.TB, services ...string) Known {
	k := busy(t)
	k.Incomplete, k.Rows.Jobs, k.Rows.Notices = true, nil, nil
	k.Rows.Summaries = slices.DeleteFunc(k.Rows.Summaries, func(s job.Summary) bool { return slices.Contains(services, s.Service) })
	return k
}

// says checks what is in text and what is not.
func says(t *testing.T, text []byte, wanted []string, unwanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(string(text), w) {
			t.Errorf("it does not say %q", w)
		}
	}
	for _, u := range unwanted {
		if strings.Contains(string(text), u) {
			t.Errorf("it says %q", u)
		}
	}
}

// What could not be read is not known: neither that it is well, nor that it is
// not there.
func TestWhatCouldNotBeReadIsNotKnown(t *testing.T) {
	k := partial(t, "apim-weu", "apim-weu-dr")
	k.Plan.Services = k.Plan.Services[:1]
	v := Overview(k)
	page, err := Page(v, false)
	if err != nil {
		t.Fatal(err)
	}
	says(t, page, []string{"not known", "whether all have been delivered is not known"},
		"Every notice", "none restorable", "no backup yet", "not looked at yet", ">well<", ">–<")
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	says(t, data, []string{`"incomplete":true`, `"name":"apim-weu","unknown":true,"health":"unknown","level":"warn","restorable":false`, `"name":"apim-weu-dr","mode":"warm","unknown":true`}, `"well"`)
}

// What was read is told as ever, and a row that is not there is not unknown if
// all were read.
func TestWhatCouldBeReadIsTold(t *testing.T) {
	for _, s := range Overview(partial(t, "apim-weu")).Services {
		if s.Unknown != (s.Name == "apim-weu" || s.Name == "apim-new") || s.Unknown != (s.Health == Unknown) {
			t.Errorf("%s: unknown %t, health %s", s.Name, s.Unknown, s.Health)
		}
	}
	for _, s := range Overview(busy(t)).Services {
		if s.Unknown || s.Health == Unknown {
			t.Errorf("%s is unknown, and everything was read", s.Name)
		}
	}
	k := busy(t)
	k.Incomplete = true
	page, err := Page(Overview(k), false)
	if err != nil {
		t.Fatal(err)
	}
	says(t, page, []string{"As far as could be read: 1 on their way, 1 given up"})
}

// The failover that a standby's row names need not have been the last of a
// service whose own row could not be read.
func TestTheLastFailoverOfAnUnreadServiceIsNotKnown(t *testing.T) {
	for _, s := range Overview(partial(t, "apim-sea")).Services {
		if s.Name == "apim-sea" && s.LastRestore != nil {
			t.Errorf("told as %s", s.LastRestore.Job)
		}
	}
}

// Without all points and jobs there are neither gaps nor their absence.
func TestAnIncompletePastHasNoGaps(t *testing.T) {
	v, ok := About(busy(t), "apim-weu", Past{Incomplete: true})
	if !ok {
		t.Fatal("not in the plan")
	}
	if !v.Incomplete || !v.Timeline.Incomplete || len(v.Timeline.Gaps) != 0 || v.Timeline.Days[3].Gap != 0 {
		t.Errorf("%+v", v.Timeline)
	}
	page, err := ServicePage(v, false)
	if err != nil {
		t.Fatal(err)
	}
	says(t, page, []string{"Incomplete:", "gaps can&#39;t be told", "As far as could be read: 0 good backups", "whether there are any in the last 30 days is not known"},
		"None in the last 30 days", "was never older", "or there was none, for")
}
