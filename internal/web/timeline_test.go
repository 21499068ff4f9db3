package web

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

// took is a good backup that began age ago and took an hour.
func took(age time.Duration) Event { return Event{From: ago(age), To: ago(age - hour)} }

func TestGaps(t *testing.T) {
	const goal = 26 * hour
	from := now.Add(-Window)
	span := func(from, to time.Duration) Event { return Event{From: ago(from), To: ago(to)} }
	for _, c := range []struct {
		name  string
		good  []Event
		since time.Time
		want  []Event
	}{
		{"every night", []Event{took(58 * hour), took(34 * hour), took(10 * hour)}, ago(59 * hour), nil},
		{"a night is missing: from the goal's end to the next one's", []Event{took(58 * hour), took(10 * hour)}, ago(59 * hour), []Event{span(32*hour, 9*hour)}},
		{"the last is too old", []Event{took(50 * hour)}, ago(51 * hour), []Event{span(24*hour, 0)}},
		{"the first came late", []Event{took(10 * hour)}, ago(50 * hour), []Event{span(24*hour, 9*hour)}},
		{"none ever", nil, ago(50 * hour), []Event{span(24*hour, 0)}},
		{"none yet", nil, ago(20 * hour), nil},
		{"nobody has looked", nil, time.Time{}, nil},
		{"nobody has looked, and there is one", []Event{took(10 * hour)}, time.Time{}, nil},
		{"one from before the window", []Event{took(Window + 20*hour), took(10 * hour)}, ago(90 * day), []Event{{From: from.Add(6 * hour), To: ago(9 * hour)}}},
		{"the last is dated after now, by another clock", []Event{took(60 * hour), {From: ago(hour), To: now.Add(hour)}}, ago(61 * hour), []Event{span(34*hour, 0)}},
		{"the window begins in a gap", []Event{took(Window + 40*hour), took(10 * hour)}, ago(90 * day), []Event{{From: from, To: ago(9 * hour)}}},
		{"what was before the window is not known", []Event{took(Window - 20*hour)}, ago(90 * day), []Event{{From: from.Add(46 * hour), To: now}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, gaps(c.good, goal, c.since, from, now)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestThirtyDays(t *testing.T) {
	v, ok := About(busy(t), "apim-weu", thirtyDays("apim-weu"))
	if !ok {
		t.Fatal("not in the plan")
	}
	var sum Day
	for _, d := range v.Timeline.Days {
		sum.Good, sum.Failed, sum.Restores, sum.Refreshes, sum.Gap = sum.Good+d.Good, sum.Failed+d.Failed, sum.Restores+d.Restores, sum.Refreshes+d.Refreshes, sum.Gap+d.Gap
	}
	var gap Seconds
	for _, g := range v.Timeline.Gaps {
		gap += g.Took()
	}
	if want := (Day{Good: 28, Failed: 1, Gap: gap, Restores: 1, Refreshes: 13}); sum != want {
		t.Errorf("all days: %+v, want %+v", sum, want)
	}
	if len(v.Timeline.Days) != 31 || v.Timeline.Days[0].Date != "2026-10-22" {
		t.Errorf("%d days from %s", len(v.Timeline.Days), v.Timeline.Days[0].Date)
	}
	if len(v.Points) != 29 || len(v.Timeline.Gaps) != 2 || len(v.Past) != 44 {
		t.Errorf("%d points, %d gaps, %d past jobs", len(v.Points), len(v.Timeline.Gaps), len(v.Past))
	}
	v.Timeline.Restores = append(v.Timeline.Restores, Event{From: now, To: now}, Event{From: ago(2 * Window), To: now.Add(hour)})
	for _, s := range v.Timeline.Shapes() {
		if s.X < 0 || s.X+s.Width > lineWidth || s.Width < leastWidth || s.Y < 0 || s.Y+s.Height > 100 {
			t.Errorf("%+v is outside of the picture", s)
		}
	}
}

// A backup whose point was pruned is no gap.
func TestAPrunedPointIsNoGap(t *testing.T) {
	past := Past{}
	for n := range 5 {
		j := running("apim-weu", 18*hour+time.Duration(n)*day)
		j.State, j.EndedAt = job.Succeeded, j.Attempt.StartedAt.Add(hour)
		past.Jobs = append(past.Jobs, j)
	}
	k := busy(t)
	for i := range k.Rows.Summaries {
		k.Rows.Summaries[i].ProtectedSince = ago(5 * day)
	}
	v, _ := About(k, "apim-weu", past)
	if len(v.Timeline.Gaps) != 0 || len(v.Timeline.Backups) != 5 {
		t.Errorf("gaps %+v, %d backups", v.Timeline.Gaps, len(v.Timeline.Backups))
	}
}

func TestAServicesPageLeavesOthersOut(t *testing.T) {
	past := thirtyDays("apim-weu")
	past.Jobs = append(past.Jobs, thirtyDays("apim-neu").Jobs...) // of a shared standby
	v, _ := About(busy(t), "apim-weu", past)
	for _, j := range append(v.Past, v.Jobs...) {
		if j.Service != "apim-weu" && j.Source != "apim-weu" {
			t.Errorf("%s is about somebody else", j.ID)
		}
	}
	if len(v.Incidents) != 1 || len(v.Jobs) != 1 {
		t.Errorf("%d incidents, %d jobs", len(v.Incidents), len(v.Jobs))
	}
	if _, ok := About(busy(t), "nobody", past); ok {
		t.Error("a service that the plan does not have")
	}
}

// A job that has not ended is told once, whether it was read as unfinished, as
// past or both, with the time that such jobs usually take: on every page the
// one that the job itself knows, as the commands say it.
func TestAJobInFlightHasItsUsualTime(t *testing.T) {
	k, past := busy(t), thirtyDays("apim-neu")
	going := &k.Rows.Jobs[0]
	going.Past = job.Times{9 * time.Minute, hour, 8 * time.Minute}
	if jobs := Overview(k).Jobs; jobs[slices.IndexFunc(jobs, func(j Job) bool { return j.ID == going.ID })].Usual != 9*60 {
		t.Errorf("overview: %+v", jobs)
	}
	if v := Detail(k.Plan, *going, nil, now); v.Job.Usual != 9*60 {
		t.Errorf("detail: %+v", v.Job)
	}
	past.Jobs = append(past.Jobs, *going)
	for name, rows := range map[string][]job.Job{"both": k.Rows.Jobs, "past only": nil} {
		k.Rows.Jobs = rows
		v, _ := About(k, "apim-neu", past)
		if len(v.Jobs) != 1 || v.Jobs[0].Usual != 9*60 || v.Jobs[0].Elapsed != 12*60 {
			t.Errorf("%s: %+v", name, v.Jobs)
		}
	}
}

func TestSpans(t *testing.T) {
	for seconds, want := range map[Seconds]string{
		0: "0 s", 59: "59 s", 60: "1 min", 7199: "119 min", 7200: "2 h", 7260: "2 h 1 min", 18*3600 + 60: "18 h", 48 * 3600: "2 d", 51 * 3600: "2 d 3 h", 29*86400 + 5*3600: "29 d", -90: "-1 min",
	} {
		if got := seconds.String(); got != want {
			t.Errorf("%d s = %q, want %q", int64(seconds), got, want)
		}
	}
}

func TestJobsAtTheirPlaces(t *testing.T) {
	for _, c := range []struct {
		job  job.Job
		want string
	}{
		{running("a", hour), "The backup of a is going on (InProgress, 60 min so far)."},
		{failed("a", hour), "The backup of a failed."},
		{waiting("a", ""), "The restore of a onto a-dr waits for an approval."},
	} {
		v := Detail(thePlan(t, []string{"a"}), c.job, nil, now)
		if got := v.Sentence(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if fmt.Sprintf("%+v", v) == "" || len(v.History) != len(c.job.History) {
			t.Errorf("%d steps of %d", len(v.History), len(c.job.History))
		}
	}
}
