package handlers_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// A seed replays what is done, and when, whatever the requests make of it.
func TestASeedReplaysItsScript(t *testing.T) {
	seeds := []uint64{4, 6} // two runs of each end with other jobs, now and then
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, seed := range seeds {
		var scripts [2][]string
		for i := range scripts {
			synctest.Test(t, func(t *testing.T) { scripts[i] = tell(t, seed).script })
		}
		if diff := cmp.Diff(scripts[0], scripts[1]); diff != "" || len(scripts[0]) == 0 {
			t.Errorf("history %d, told twice (-first +second):\n%s", seed, diff)
		}
	}
}

// The n-th request of a kind meets the same fate, whatever comes between.
func TestASeedReplaysItsFates(t *testing.T) {
	draw := func(kinds ...string) map[string][]uint64 {
		f, drawn := newFates(7, 0.1), map[string][]uint64{}
		for _, kind := range kinds {
			drawn[kind] = append(drawn[kind], f.draw(kind).Uint64())
		}
		return drawn
	}
	if diff := cmp.Diff(draw("a", "a", "b", "a", "b"), draw("b", "a", "b", "a", "a")); diff != "" {
		t.Errorf("in another order (-first +second):\n%s", diff)
	}
}

// What is printed of a history that fails is the whole command.
func TestAFailureSaysHowToReplayIt(t *testing.T) {
	const want = "go test -count 1 -v -run 'TestHistories$' ./handlers -history 17"
	if got := replayOf(17); !strings.Contains(got, want) {
		t.Errorf("replayOf(17) = %q, want %q in it", got, want)
	}
}
