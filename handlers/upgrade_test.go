package handlers_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// impossible are the stages that no job can be in.
var impossible = map[stage]bool{
	{kind: job.Backup, state: job.AwaitingApproval}: true, // nobody is asked
	{kind: job.Restore, state: job.Pruning}:         true, // it makes no point
}

// every is what each kind of job can be in.
func every() (all []stage) {
	for _, kind := range []job.Kind{job.Backup, job.Restore} {
		for _, state := range job.States() {
			s := stage{kind: kind, state: state}
			if !impossible[s] {
				all = append(all, s)
			}
			if s.phased() {
				all = append(all, stage{kind, state, job.SafetyBackup})
			}
		}
	}
	return all
}

// storyPlan is the plan of the story.
func storyPlan(t *testing.T) *plan.Plan {
	t.Helper()
	return standbyPlan(t, "approve, safetyBackup: true")
}

func TestTheStoryHasEveryStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startVersions(t, storyPlan(t), emulator.SampleServices(), 1)
		defer v.stop()
		var mu sync.Mutex
		seen := map[stage]bool{}
		note := func() {
			mu.Lock()
			defer mu.Unlock()
			for s := range v.stages() {
				seen[s] = true
			}
		}
		v.wrote.Store(&note)
		v.story()
		time.Sleep(4 * time.Hour)
		v.settled()
		mu.Lock() // the timers go on
		defer mu.Unlock()
		for _, s := range every() {
			if !seen[s] {
				t.Errorf("nothing was %s", s)
			}
			delete(seen, s)
		}
		if len(seen) > 0 {
			t.Errorf("unexpected: %v", seen)
		}
	})
}

// The old version dies in the middle of a stage, and the new one goes on.
func TestUpgradeInEveryStage(t *testing.T) {
	if testing.Short() {
		t.Skip("TestRollbackInEveryStage begins with the same upgrades")
	}
	for _, s := range every() {
		t.Run(s.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := startVersions(t, storyPlan(t), emulator.SampleServices(), 1)
				defer v.stop()
				v.at(s, func() { v.pair.let(newOnly) })
				v.story()
				time.Sleep(4 * time.Hour)
				v.settled()
				if len(v.newer()) == 0 {
					t.Error("the new version has written nothing")
				}
			})
		})
	}
}

// The upgrade is taken back once the new version has written a row: the old
// one leaves all newer rows alone and loses nothing, until the new one is back.
func TestRollbackInEveryStage(t *testing.T) {
	for _, s := range every() {
		t.Run(s.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := startVersions(t, storyPlan(t), emulator.SampleServices(), 1)
				defer v.stop()
				v.at(s, func() {
					v.pair.let(newOnly)
					v.after(func() bool { return v.newerState() }, func() { v.rollback(40 * time.Minute) })
				})
				v.story()
				time.Sleep(6 * time.Hour)
				v.settled()
				if len(v.log.lines("written by a newer version")) == 0 {
					t.Error("the old version met no newer row")
				}
			})
		})
	}
}

// Both versions work on one queue and one table for days.
func TestOldAndNewSideBySide(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := startVersions(t, storyPlan(t), emulator.SampleServices(), seed)
				defer v.stop()
				v.pair.let(either)
				v.story()
				time.Sleep(26 * time.Hour)
				v.pair.let(newOnly) // what the old one has put off, and cannot end
				time.Sleep(4 * time.Hour)
				v.settled()
			})
		})
	}
}

// at does something once, right after the write that brings a job into s.
func (v *twoVersions) at(s stage, do func()) {
	v.after(func() bool { return v.stages()[s] }, do)
}

// after does something once, right after the first write after which holds.
func (v *twoVersions) after(holds func() bool, do func()) {
	var mine func()
	mine = func() {
		if holds() && v.wrote.CompareAndSwap(&mine, nil) {
			do()
		}
	}
	v.wrote.Store(&mine)
}

// rollback gives the old version the turn for d.
func (v *twoVersions) rollback(d time.Duration) {
	v.pair.let(oldOnly)
	// What the new one had sent when it died may still arrive.
	time.AfterFunc(time.Millisecond, func() {
		left := v.newer()
		time.AfterFunc(d, func() {
			v.untouched(left)
			v.pair.let(newOnly)
		})
	})
}

// newerState reports whether the new version has written a row that the old one
// will want to read, unlike a notice that has been delivered.
func (v *twoVersions) newerState() bool {
	for key := range v.newer() {
		if strings.HasSuffix(key, "/service") || strings.Contains(key, "/job|") {
			return true
		}
	}
	return false
}
