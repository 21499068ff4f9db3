package retention

import (
	"flag"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lifeboat/internal/job"
)

// Any policy, any points. More of them:
//
//	go test ./internal/retention -run TestAny -rapid.checks=100000
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "2000"); err != nil {
		panic(err)
	}
	m.Run()
}

var zones = []*time.Location{
	nil, zone("Europe/Amsterdam"), zone("America/St_Johns"), zone("Australia/Lord_Howe"), zone("Pacific/Apia"), zone("America/Santiago"),
}

// Times of judgement, some of them soon after clocks were changed.
var nows = []time.Time{now, at("2026-03-30T02:00:00Z"), at("2026-10-26T00:30:00Z"), at("2026-04-06T05:00:00Z"), at("2010-11-08T00:00:00Z")}

func drawPolicy(t *rapid.T) Policy {
	p := Policy{
		KeepLast: rapid.IntRange(0, 5).Draw(t, "keepLast"), Hourly: rapid.IntRange(0, 5).Draw(t, "hourly"),
		Daily: rapid.IntRange(0, 6).Draw(t, "daily"), Weekly: rapid.IntRange(0, 4).Draw(t, "weekly"),
		KeepWithin: drawSpan(t, 0, 20*day, "keepWithin"), MinKeep: rapid.IntRange(1, 5).Draw(t, "minKeep"),
		Location: rapid.SampledFrom(zones).Draw(t, "zone"), RestorableFor: drawSpan(t, day, 40*day, "restorableFor"),
	}
	if rapid.Bool().Draw(t, "without keepWithin") {
		p.KeepWithin = 0
	}
	if p.KeepLast == 0 && p.Hourly == 0 && p.Daily == 0 && p.Weekly == 0 && p.KeepWithin == 0 {
		p.Daily = 1
	}
	return p
}

func drawSpan(t *rapid.T, from, to time.Duration, label string) time.Duration {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		unit := rapid.SampledFrom([]time.Duration{day, time.Hour, time.Minute}).Draw(t, "unit")
		return unit * time.Duration(rapid.Int64Range(int64((from+unit-1)/unit), int64(to/unit)).Draw(t, "units"))
	}).Draw(t, label)
}

// drawHistory is up to 30 points from 45 days before now to a little after,
// close together or far apart, and some at the same time.
func drawHistory(t *rapid.T, now time.Time) []Item {
	rarely := func(label string) bool { return rapid.IntRange(0, 7).Draw(t, label) == 0 }
	started := now.Add(2 * time.Hour)
	var all []Item
	for n := range rapid.IntRange(0, 30).Draw(t, "points") {
		started = started.Add(-drawSpan(t, 0, rapid.SampledFrom([]time.Duration{0, 5 * time.Minute, 2 * time.Hour, 40 * time.Hour, 10 * day}).Draw(t, "at most"), "apart"))
		id := fmt.Sprintf("job-%02d", (n*7)%30)
		i := Item{
			Point:    job.Point{Job: id, Attempt: 1, Blob: id + ".apimbackup", StartedAt: started, ConcurrentChanges: rarely("changed")},
			Held:     rarely("held"),
			Pinned:   rarely("pinned"),
			Removing: rarely("removing"),
		}
		if rarely("withdrawn") {
			i.Withdrawn = started.Add(time.Hour)
		}
		if rarely("undated") {
			i.StartedAt = time.Time{}
		}
		all = append(all, i)
	}
	return rapid.Permutation(all).Draw(t, "order")
}

// good is what the oracles below understand by it.
func good(i Item, p Policy, now time.Time) bool {
	return !i.StartedAt.IsZero() && i.Withdrawn.IsZero() && !i.Removing && now.Sub(i.StartedAt) < p.RestorableFor && i.StartedAt.Sub(now) <= time.Minute
}

func before(a, b Item) bool {
	return a.StartedAt.Before(b.StartedAt) || a.StartedAt.Equal(b.StartedAt) && a.Job < b.Job
}

// newerThan counts the points of all that fit and are newer than i.
func newerThan(i Item, all []Item, fits func(Item) bool) int {
	n := 0
	for _, other := range all {
		if before(i, other) && fits(other) {
			n++
		}
	}
	return n
}

func kept(verdicts []Verdict) (kept, pruned []Item) {
	for _, v := range verdicts {
		if v.Keep {
			kept = append(kept, v.Item)
		} else {
			pruned = append(pruned, v.Item)
		}
	}
	return kept, pruned
}

// Invariant I6.
func TestAnyPruningSparesWhatMustStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.SampledFrom(nows).Draw(t, "now")
		p, points := drawPolicy(t), drawHistory(t, now)
		verdicts := Apply(points, p, now)
		stays, goes := kept(verdicts)
		if len(verdicts) != len(points) || len(stays)+len(goes) != len(points) {
			t.Fatalf("%d verdicts about %d points", len(verdicts), len(points))
		}
		for _, v := range verdicts {
			if len(v.Reasons) == 0 || slices.Contains(v.Reasons, "") {
				t.Errorf("%+v: reasons %q", v.Item, v.Reasons)
			}
		}
		backups, backupsLeft := 0, 0
		for _, i := range stays {
			if i.Withdrawn.IsZero() && !i.Removing {
				backupsLeft++
			}
		}
		for _, i := range goes {
			if i.Withdrawn.IsZero() && !i.Removing {
				backups++
			}
			if i.Held || i.Pinned || i.StartedAt.Sub(now) > time.Minute || i.StartedAt.IsZero() {
				t.Errorf("pruned %+v", i)
			}
			isGood := func(other Item) bool { return good(other, p, now) }
			if n := newerThan(i, points, isGood); good(i, p, now) && n < p.MinKeep {
				t.Errorf("pruned good point %d of %d: %+v", n+1, p.MinKeep, i)
			}
			isClean := func(other Item) bool { return good(other, p, now) && !other.ConcurrentChanges }
			if n := newerThan(i, points, isClean); isClean(i) && n < p.MinKeep {
				t.Errorf("pruned good point %d of %d without concurrent changes: %+v", n+1, p.MinKeep, i)
			}
		}
		if backups > 0 && backupsLeft == 0 {
			t.Error("pruned the last backup")
		}
	})
}

// wanted is Apply's decision about one point, said as the policy's
// documentation does.
func wanted(i Item, all []Item, p Policy, now time.Time) bool {
	if i.Held || i.Pinned || i.StartedAt.IsZero() || i.StartedAt.Sub(now) > time.Minute {
		return true
	}
	young := now.Sub(i.StartedAt) < p.RestorableFor
	if i.Removing || !i.Withdrawn.IsZero() {
		return young && !i.Removing
	}
	within := p.KeepWithin > 0 && now.Sub(i.StartedAt) <= p.KeepWithin
	isGood := func(other Item) bool { return good(other, p, now) }
	if !isGood(i) {
		newer := newerThan(i, all, func(other Item) bool {
			return other.Withdrawn.IsZero() && !other.Removing && other.StartedAt.Sub(now) <= time.Minute
		})
		return within || newer == 0
	}
	isClean := func(other Item) bool { return isGood(other) && !other.ConcurrentChanges }
	return within || newerThan(i, all, isGood) < max(p.KeepLast, p.MinKeep) || isClean(i) && newerThan(i, all, isClean) < p.MinKeep ||
		chosen(i, all, isGood, p, hour, p.Hourly) || chosen(i, all, isGood, p, date, p.Daily) || chosen(i, all, isGood, p, week, p.Weekly)
}

func hour(t time.Time) [5]int {
	_, offset := t.Zone()
	return [5]int{t.Year(), int(t.Month()), t.Day(), t.Hour(), offset}
}
func date(t time.Time) [5]int { return [5]int{t.Year(), int(t.Month()), t.Day()} }
func week(t time.Time) [5]int {
	year, week := t.ISOWeek()
	return [5]int{year, week}
}

// chosen reports whether i is the newest of its bucket and fewer than n
// buckets are newer.
func chosen(i Item, all []Item, isGood func(Item) bool, p Policy, bucket func(time.Time) [5]int, n int) bool {
	clock := p.Location
	if clock == nil {
		clock = time.UTC
	}
	own, newer := bucket(i.StartedAt.In(clock)), map[[5]int]bool{}
	for _, other := range all {
		if before(i, other) && isGood(other) {
			newer[bucket(other.StartedAt.In(clock))] = true
		}
	}
	return !newer[own] && len(newer) < n
}

func TestAnyPointIsJudgedAsThePolicySays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.SampledFrom(nows).Draw(t, "now")
		p, points := drawPolicy(t), drawHistory(t, now)
		for _, v := range Apply(points, p, now) {
			if want := wanted(v.Item, points, p, now); v.Keep != want {
				t.Errorf("keep = %v, want %v: %+v\nbecause %q", v.Keep, want, v.Item, v.Reasons)
			}
		}
	})
}

func TestAnyOrderAndAnyRepetitionGiveTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.SampledFrom(nows).Draw(t, "now")
		p, points := drawPolicy(t), drawHistory(t, now)
		verdicts := Apply(points, p, now)
		if other := Apply(rapid.Permutation(points).Draw(t, "another order"), p, now); !reflect.DeepEqual(verdicts, other) {
			t.Errorf("in another order (-one +other):\n%s", cmp.Diff(verdicts, other))
		}
		// What was kept is kept again, for the same reasons.
		stays, _ := kept(verdicts)
		left := slices.DeleteFunc(slices.Clone(verdicts), func(v Verdict) bool { return !v.Keep })
		if again := Apply(stays, p, now); !reflect.DeepEqual(left, again) && len(left)+len(again) > 0 {
			t.Errorf("a second time (-first +second):\n%s", cmp.Diff(left, again))
		}
	})
}

func TestAnyGreaterNumberKeepsAsMuchOrMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.SampledFrom(nows).Draw(t, "now")
		p, points := drawPolicy(t), drawHistory(t, now)
		more := p
		for _, n := range []*int{&more.KeepLast, &more.Hourly, &more.Daily, &more.Weekly, &more.MinKeep} {
			*n += rapid.IntRange(0, 3).Draw(t, "more")
		}
		more.KeepWithin += drawSpan(t, 0, 20*day, "longer")
		more.RestorableFor += drawSpan(t, 0, 20*day, "restorable for longer")
		_, goes := kept(Apply(points, more, now))
		stays, _ := kept(Apply(points, p, now))
		for _, i := range goes {
			if slices.ContainsFunc(stays, func(other Item) bool { return other.Blob == i.Blob }) {
				t.Errorf("%+v keeps %+v, and %+v does not", p, i, more)
			}
		}
	})
}

// Time passes, backups come, and pruning runs every now and then: what was
// pruned before is never missing among the newest good points.
func TestAnyLifeKeepsTheNewestGoodPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.SampledFrom(nows).Draw(t, "now")
		p, history := drawPolicy(t), drawHistory(t, now)
		clock := now.Add(-30 * day)
		var stored []Item
		come := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "prunings") {
			clock = clock.Add(drawSpan(t, 0, 15*day, "later"))
			for _, i := range history {
				// Some come from a clock that is ahead.
				if !come[i.Blob] && i.StartedAt.Before(clock.Add(time.Hour)) {
					stored, come[i.Blob] = append(stored, i), true
				}
			}
			stored, _ = kept(Apply(stored, p, clock))
			isGood := func(i Item) bool { return come[i.Blob] && good(i, p, clock) }
			for _, i := range history {
				there := slices.ContainsFunc(stored, func(other Item) bool { return other.Blob == i.Blob })
				if isGood(i) && newerThan(i, history, isGood) < p.MinKeep && !there {
					t.Errorf("at %s one of the %d newest good points is gone: %+v", clock, p.MinKeep, i)
				}
			}
		}
	})
}
