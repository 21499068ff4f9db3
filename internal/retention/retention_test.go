package retention

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

const day = 24 * time.Hour

var now = at("2026-11-22T12:00:00Z")

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func zone(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return location
}

// point is a live one that started at a time such as 2026-11-22T01:00:00Z.
func point(started string, with ...func(*Item)) Item {
	i := Item{Point: job.Point{Service: "apim-weu", Job: "job-" + started, Attempt: 1, Blob: "apim-weu-" + started, StartedAt: at(started)}}
	for _, f := range with {
		f(&i)
	}
	return i
}

// nightly are the points of n nights, the newest first.
func nightly(newest string, n int) []Item {
	var all []Item
	for night := range n {
		all = append(all, point(at(newest).AddDate(0, 0, -night).Format(time.RFC3339)))
	}
	return all
}

func held(i *Item)     { i.Held, i.HoldReason = true, "audit 2026" }
func pinned(i *Item)   { i.Pinned, i.PinnedBy = true, "apim-neu-inc7f3a-restore" }
func removing(i *Item) { i.Removing = true }
func changed(i *Item)  { i.ConcurrentChanges = true }
func undated(i *Item)  { i.StartedAt = time.Time{} }
func withdrew(i *Item) { i.Withdrawn, i.WithdrawnWhy = now.Add(-day), "its blob was deleted" }
func silently(i *Item) { i.HoldReason, i.PinnedBy = "", "" }
func rules(p Policy) Policy {
	p.RestorableFor = 30 * day
	if p.MinKeep == 0 {
		p.MinKeep = 1
	}
	return p
}

// told writes verdicts as lines such as "2026-11-22 01:00 keep: a; b".
func told(verdicts []Verdict) []string {
	var lines []string
	for _, v := range verdicts {
		does := "prune"
		if v.Keep {
			does = "keep"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", v.Item.StartedAt.Format("01-02 15:04"), does, strings.Join(v.Reasons, " | ")))
	}
	return lines
}

func TestApplySaysWhatIsKeptAndWhy(t *testing.T) {
	tests := map[string]struct {
		points []Item
		policy Policy
		want   []string
	}{
		"nothing": {nil, rules(Policy{KeepLast: 1}), nil},
		"the newest, in whatever order they come": {
			[]Item{point("2026-11-20T01:00:00Z"), point("2026-11-22T01:00:00Z"), point("2026-11-21T01:00:00Z")},
			rules(Policy{KeepLast: 2}),
			[]string{
				"11-22 01:00 keep: one of the 2 newest good points (keepLast) | the newest good point (minKeep)",
				"11-21 01:00 keep: one of the 2 newest good points (keepLast)",
				"11-20 01:00 prune: not one of the 2 newest good points (keepLast) | not the newest good point (minKeep)",
			},
		},
		"a day keeps its newest, and days without a point cost none": {
			[]Item{
				point("2026-11-22T11:00:00Z"), point("2026-11-22T01:00:00Z"), point("2026-11-12T20:00:00Z"), point("2026-11-12T01:00:00Z"),
				point("2026-11-02T01:00:00Z"), point("2026-11-01T01:00:00Z"),
			},
			rules(Policy{Daily: 3}),
			[]string{
				"11-22 11:00 keep: newest of 2026-11-22 (daily 1 of 3) | the newest good point (minKeep)",
				"11-22 01:00 prune: 2026-11-22 has a newer good point (daily) | not the newest good point (minKeep)",
				"11-12 20:00 keep: newest of 2026-11-12 (daily 2 of 3)",
				"11-12 01:00 prune: 2026-11-12 has a newer good point (daily) | not the newest good point (minKeep)",
				"11-02 01:00 keep: newest of 2026-11-02 (daily 3 of 3)",
				"11-01 01:00 prune: 2026-11-01 is not one of the 3 newest days with a good point (daily) | not the newest good point (minKeep)",
			},
		},
		"hours and weeks": {
			[]Item{point("2026-11-22T11:40:00Z"), point("2026-11-22T11:10:00Z"), point("2026-11-16T00:00:00Z"), point("2026-11-15T23:59:00Z")},
			rules(Policy{Hourly: 1, Weekly: 2}),
			[]string{
				"11-22 11:40 keep: newest of 2026-11-22 11h +00:00 (hourly 1 of 1) | newest of 2026-W47 (weekly 1 of 2) | the newest good point (minKeep)",
				"11-22 11:10 prune: 2026-11-22 11h +00:00 has a newer good point (hourly) | 2026-W47 has a newer good point (weekly) | not the newest good point (minKeep)",
				"11-16 00:00 prune: 2026-11-16 00h +00:00 is not the newest hour with a good point (hourly) | 2026-W47 has a newer good point (weekly) | not the newest good point (minKeep)",
				"11-15 23:59 keep: newest of 2026-W46 (weekly 2 of 2)",
			},
		},
		"all that are young": {
			[]Item{point("2026-11-22T11:00:00Z"), point("2026-11-20T12:00:00Z"), point("2026-11-20T11:59:59Z")},
			rules(Policy{KeepWithin: 2 * day}),
			[]string{
				"11-22 11:00 keep: started within the last 2d (keepWithin) | the newest good point (minKeep)",
				"11-20 12:00 keep: started within the last 2d (keepWithin)",
				"11-20 11:59 prune: started more than 2d ago (keepWithin) | not the newest good point (minKeep)",
			},
		},
		"at least minKeep": {
			[]Item{point("2026-11-02T01:00:00Z"), point("2026-11-01T01:00:00Z"), point("2026-10-31T01:00:00Z")},
			rules(Policy{KeepWithin: 90 * time.Minute, MinKeep: 2}),
			[]string{
				"11-02 01:00 keep: one of the 2 newest good points (minKeep)",
				"11-01 01:00 keep: one of the 2 newest good points (minKeep)",
				"10-31 01:00 prune: started more than 1h30m ago (keepWithin) | not one of the 2 newest good points (minKeep)",
			},
		},
		"points with concurrent changes do not take the place of others": {
			[]Item{
				point("2026-11-22T01:00:00Z", changed), point("2026-11-21T01:00:00Z", changed), point("2026-11-20T01:00:00Z", changed),
				point("2026-11-19T01:00:00Z"), point("2026-11-18T01:00:00Z"), point("2026-11-17T01:00:00Z"),
			},
			rules(Policy{KeepLast: 1, MinKeep: 2}),
			[]string{
				"11-22 01:00 keep: the newest good point (keepLast) | one of the 2 newest good points (minKeep)",
				"11-21 01:00 keep: one of the 2 newest good points (minKeep)",
				"11-20 01:00 prune: not the newest good point (keepLast) | not one of the 2 newest good points (minKeep)",
				"11-19 01:00 keep: one of the 2 newest good points without concurrent changes (minKeep)",
				"11-18 01:00 keep: one of the 2 newest good points without concurrent changes (minKeep)",
				"11-17 01:00 prune: not the newest good point (keepLast) | not one of the 2 newest good points (minKeep)",
			},
		},
		"held and pinned ones stay whatever their age": {
			[]Item{
				point("2026-11-22T01:00:00Z"), point("2026-11-21T01:00:00Z", held, pinned), point("2026-11-20T01:00:00Z"),
				point("2026-01-02T01:00:00Z", held), point("2026-01-01T01:00:00Z", held, pinned, silently),
			},
			rules(Policy{KeepLast: 2}),
			[]string{
				"11-22 01:00 keep: one of the 2 newest good points (keepLast) | the newest good point (minKeep)",
				"11-21 01:00 keep: held: audit 2026 | pinned by apim-neu-inc7f3a-restore | one of the 2 newest good points (keepLast)",
				"11-20 01:00 prune: not one of the 2 newest good points (keepLast) | not the newest good point (minKeep)",
				"01-02 01:00 keep: held: audit 2026",
				"01-01 01:00 keep: held | pinned",
			},
		},
		"what lies in the future is kept and counts for nothing": {
			[]Item{point("2026-11-22T12:01:01Z"), point("2026-11-23T01:00:00Z", held), point("2026-11-24T01:00:00Z", removing), point("2026-11-22T12:01:00Z"), point("2026-11-22T01:00:00Z")},
			rules(Policy{KeepLast: 1}),
			[]string{
				"11-24 01:00 keep: its time lies in the future",
				"11-23 01:00 keep: held: audit 2026 | its time lies in the future",
				"11-22 12:01 keep: its time lies in the future",
				"11-22 12:01 keep: the newest good point (keepLast) | the newest good point (minKeep)",
				"11-22 01:00 prune: not the newest good point (keepLast) | not the newest good point (minKeep)",
			},
		},
		"what has no start is kept and counts for nothing": {
			[]Item{point("2026-11-22T01:00:00Z", undated), point("2026-11-22T01:00:00Z")},
			rules(Policy{KeepLast: 1}),
			[]string{
				"11-22 01:00 keep: the newest good point (keepLast) | the newest good point (minKeep)",
				"01-01 00:00 keep: its start is not known",
			},
		},
		"what Azure no longer restores counts for nothing": {
			[]Item{point("2026-11-22T01:00:00Z"), point("2026-10-23T12:00:01Z"), point("2026-10-23T12:00:00Z"), point("2026-10-01T01:00:00Z", held)},
			rules(Policy{KeepLast: 5, Hourly: 5, Daily: 5, Weekly: 50, MinKeep: 5}),
			[]string{
				"11-22 01:00 keep: one of the 5 newest good points (keepLast) | newest of 2026-11-22 01h +00:00 (hourly 1 of 5) | newest of 2026-11-22 (daily 1 of 5) | newest of 2026-W47 (weekly 1 of 50) | one of the 5 newest good points (minKeep)",
				"10-23 12:00 keep: one of the 5 newest good points (keepLast) | newest of 2026-10-23 12h +00:00 (hourly 2 of 5) | newest of 2026-10-23 (daily 2 of 5) | newest of 2026-W43 (weekly 2 of 50) | one of the 5 newest good points (minKeep)",
				"10-23 12:00 prune: past its restorable limit since 2026-11-22 12:00 UTC",
				"10-01 01:00 keep: held: audit 2026",
			},
		},
		"keepWithin keeps even that": {
			[]Item{point("2026-11-22T01:00:00Z"), point("2026-10-10T01:00:00Z"), point("2026-09-10T01:00:00Z")},
			rules(Policy{KeepWithin: 60 * day}),
			[]string{
				"11-22 01:00 keep: started within the last 60d (keepWithin) | the newest good point (minKeep)",
				"10-10 01:00 keep: started within the last 60d (keepWithin)",
				"09-10 01:00 prune: past its restorable limit since 2026-10-10 01:00 UTC",
			},
		},
		"the last backup there is stays when no good point is left": {
			[]Item{
				point("2026-12-01T01:00:00Z"), point("2026-11-20T01:00:00Z", removing), point("2026-11-19T01:00:00Z", withdrew),
				point("2026-09-02T01:00:00Z"), point("2026-09-01T01:00:00Z"),
			},
			rules(Policy{KeepLast: 5, MinKeep: 3}),
			[]string{
				"12-01 01:00 keep: its time lies in the future",
				"11-20 01:00 prune: its removal has begun",
				"11-19 01:00 keep: withdrawn: its blob was deleted; its record stays until 2026-12-19 01:00 UTC",
				"09-02 01:00 keep: past its restorable limit since 2026-10-02 01:00 UTC, but the last backup there is",
				"09-01 01:00 prune: past its restorable limit since 2026-10-01 01:00 UTC",
			},
		},
		"a withdrawn point counts for nothing, and its record goes with its limit": {
			[]Item{
				point("2026-11-22T11:00:00Z", withdrew), point("2026-11-22T01:00:00Z"), point("2026-11-21T01:00:00Z"), point("2026-10-02T01:00:00Z", withdrew),
				point("2026-10-01T01:00:00Z", withdrew, held), point("2026-11-19T01:00:00Z", withdrew, removing),
			},
			rules(Policy{Daily: 1, KeepWithin: 0}),
			[]string{
				"11-22 11:00 keep: withdrawn: its blob was deleted; its record stays until 2026-12-22 11:00 UTC",
				"11-22 01:00 keep: newest of 2026-11-22 (daily 1 of 1) | the newest good point (minKeep)",
				"11-21 01:00 prune: 2026-11-21 is not the newest day with a good point (daily) | not the newest good point (minKeep)",
				"11-19 01:00 prune: its removal has begun",
				"10-02 01:00 prune: withdrawn: its blob was deleted; its record has been past its restorable limit since 2026-11-01 01:00 UTC",
				"10-01 01:00 keep: held: audit 2026",
			},
		},
		"a removal that has begun goes on, and counts for nothing": {
			[]Item{point("2026-11-22T11:00:00Z", removing), point("2026-11-22T10:00:00Z", removing, held), point("2026-11-22T09:00:00Z", removing, pinned), point("2026-11-22T01:00:00Z")},
			rules(Policy{KeepLast: 1, KeepWithin: day}),
			[]string{
				"11-22 11:00 prune: its removal has begun",
				"11-22 10:00 keep: held: audit 2026",
				"11-22 09:00 keep: pinned by apim-neu-inc7f3a-restore",
				"11-22 01:00 keep: the newest good point (keepLast) | started within the last 1d (keepWithin) | the newest good point (minKeep)",
			},
		},
		"a policy that is not valid": {
			[]Item{point("2026-11-22T01:00:00Z"), point("2026-01-01T01:00:00Z", held, removing)},
			Policy{MinKeep: -1, Daily: 1},
			[]string{
				"11-22 01:00 keep: the policy is not valid: minKeep: want 1 or more, got -1; restorableFor: want more than 0s, got 0s",
				"01-01 01:00 keep: held: audit 2026 | the policy is not valid: minKeep: want 1 or more, got -1; restorableFor: want more than 0s, got 0s",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tt.points)
			if diff := cmp.Diff(tt.want, told(Apply(tt.points, tt.policy, now))); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, tt.points); diff != "" {
				t.Errorf("Apply changed its input (-before +after):\n%s", diff)
			}
		})
	}
}

// Forty nights by a policy such as a plan's: what is kept, by name.
func TestApplyToNights(t *testing.T) {
	policy := rules(Policy{KeepLast: 2, Daily: 5, Weekly: 4, MinKeep: 3, Location: zone("Europe/Amsterdam")})
	var kept []string
	for _, v := range Apply(nightly("2026-11-22T00:30:00Z", 40), policy, now) {
		if v.Keep {
			kept = append(kept, v.Item.StartedAt.Format("01-02"))
		}
	}
	// Sundays end weeks.
	if want := []string{"11-22", "11-21", "11-20", "11-19", "11-18", "11-15", "11-08", "11-01"}; !slices.Equal(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
}

func TestOfTwoThatStartedTogetherTheGreaterJobIsNewer(t *testing.T) {
	a, b, c := point("2026-11-22T01:00:00Z"), point("2026-11-22T01:00:00Z"), point("2026-11-22T01:00:00Z")
	a.Job, b.Job, c.Job = "apim-weu-a", "apim-weu-c", "apim-weu-b"
	for _, order := range [][]Item{{a, b, c}, {c, b, a}, {b, a, c}} {
		for _, v := range Apply(order, rules(Policy{Daily: 1}), now) {
			if v.Keep != (v.Item.Job == b.Job) {
				t.Errorf("%s: keep = %v", v.Item.Job, v.Keep)
			}
		}
	}
}

func TestBucketsFollowTheClockOnTheWall(t *testing.T) {
	tests := map[string]struct {
		zone   string
		c      calendar
		points []string
		want   []string
	}{
		"a day of 25 hours is one day": {
			"Europe/Amsterdam", days,
			[]string{"2026-10-25T22:59:00Z", "2026-10-24T22:00:00Z", "2026-10-24T21:59:00Z"},
			[]string{"2026-10-25", "2026-10-25", "2026-10-24"},
		},
		"a day of 23 hours is one day": {
			"Europe/Amsterdam", days,
			[]string{"2026-03-29T21:59:00Z", "2026-03-28T23:00:00Z", "2026-03-28T22:59:00Z"},
			[]string{"2026-03-29", "2026-03-29", "2026-03-28"},
		},
		"an hour that is repeated is two": {
			"Europe/Amsterdam", hours,
			[]string{"2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z"},
			[]string{"2026-10-25 02h +01:00", "2026-10-25 02h +02:00"},
		},
		"a clock that is half an hour off": {
			"Australia/Adelaide", hours,
			[]string{"2026-11-21T13:30:00Z", "2026-11-21T13:29:00Z"},
			[]string{"2026-11-22 00h +10:30", "2026-11-21 23h +10:30"},
		},
		"a week belongs to the year of its Thursday": {
			"UTC", weeks,
			[]string{"2027-01-04T00:00:00Z", "2027-01-03T23:59:00Z", "2026-12-28T00:00:00Z", "2026-12-27T00:00:00Z", "2026-01-04T00:00:00Z"},
			[]string{"2027-W01", "2026-W53", "2026-W53", "2026-W52", "2026-W01"},
		},
		"a week begins on the wall's Monday": {
			"Pacific/Auckland", weeks,
			[]string{"2026-11-22T11:00:00Z", "2026-11-22T10:59:00Z"},
			[]string{"2026-W48", "2026-W47"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, started := range tt.points {
				got = append(got, tt.c.bucket(at(started).In(zone(tt.zone))))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("buckets (-want +got):\n%s", diff)
			}
		})
	}
}

// In Newfoundland, clocks were put back at one minute past midnight: a minute
// of Sunday came before the last hour of Saturday.
func TestADayThatIsInterruptedIsOneDay(t *testing.T) {
	points := []Item{point("2010-11-07T05:00:00Z"), point("2010-11-07T03:00:00Z"), point("2010-11-07T02:30:30Z"), point("2010-11-07T02:00:00Z")}
	p := rules(Policy{Daily: 2, Location: zone("America/St_Johns")})
	want := []string{
		"11-07 05:00 keep: newest of 2010-11-07 (daily 1 of 2) | the newest good point (minKeep)",
		"11-07 03:00 keep: newest of 2010-11-06 (daily 2 of 2)",
		"11-07 02:30 prune: 2010-11-07 has a newer good point (daily) | not the newest good point (minKeep)",
		"11-07 02:00 prune: 2010-11-06 has a newer good point (daily) | not the newest good point (minKeep)",
	}
	if diff := cmp.Diff(want, told(Apply(points, p, at("2010-11-08T00:00:00Z")))); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestSpanIsWrittenAsInThePlan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3 * day: "3d", day: "1d", 36 * time.Hour: "36h", 90 * time.Minute: "1h30m", 30 * time.Minute: "30m", 10 * time.Second: "10s", time.Hour + time.Second: "1h0m1s",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%s) = %q, want %q", d, got, want)
		}
	}
}
