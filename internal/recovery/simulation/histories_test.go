package simulation_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/recovery/simulation"
)

var (
	histories = flag.Int("histories", 200, "how many histories to run")
	seed      = flag.Uint64("seed", 1, "the seed of the first; each next has one more")
	workers   = flag.Int("workers", runtime.GOMAXPROCS(0), "how many run at a time")
	figures   = flag.String("figures", "", "a file for the figures as JSON")
	replay    = flag.Bool("tell", false, "tell what happens, to look at one seed: -histories 1 -seed N -tell")
	complete  = flag.Bool("complete", false, "fail unless every transition that can be is covered")
)

// TestHistories runs random histories and fails if an invariant did not hold
// in one of them. The same seed is the same history, always:
//
//	go test ./internal/recovery/simulation -run TestHistories -histories 1 -seed N -tell
func TestHistories(t *testing.T) {
	debug.SetGCPercent(1000)
	began := time.Now()
	total := simulation.NewFigures()
	total.Seeds = []simulation.Seeds{simulation.SeedsFrom(*seed, *histories)}
	if *figures != "" {
		total.Code = code(t)
	}
	var mu sync.Mutex
	var next, failed atomic.Int64
	run := func(t *testing.T) {
		mine := simulation.NewFigures()
		for failed.Load() < 5 {
			const batch = 20
			from := int(next.Add(batch)) - batch
			if from >= *histories {
				break
			}
			var violations []*simulation.Violation // a bubble that fails would end the worker
			synctest.Test(t, func(*testing.T) {
				for n := from; n < min(from+batch, *histories); n++ {
					if v := one(*seed+uint64(n), mine); v != nil {
						violations = append(violations, v)
					}
				}
			})
			for _, v := range violations {
				failed.Add(1)
				mine.Violations = append(mine.Violations, v.Error())
				t.Errorf("%v\nreplay: go test ./internal/recovery/simulation -run TestHistories -histories 1 -seed %d -tell", v, v.Seed)
			}
			part := mine
			mine = simulation.NewFigures()
			mu.Lock()
			total.Add(part)
			mu.Unlock()
		}
	}
	t.Run("all", func(t *testing.T) {
		for n := range *workers {
			t.Run(fmt.Sprint("worker ", n), func(t *testing.T) {
				t.Parallel()
				run(t)
			})
		}
	})
	report(t, total, time.Since(began))
}

// One seed replays one history, to the last line of what happens in it.
func TestOneSeedIsOneHistory(t *testing.T) {
	for n := range uint64(10) {
		var told [2]strings.Builder
		for i := range told {
			synctest.Test(t, func(*testing.T) { simulation.Run(*seed+n, simulation.NewFigures(), &told[i]) })
		}
		if a, b := told[0].String(), told[1].String(); a != b || len(a) < 1000 {
			t.Errorf("seed %d: two runs tell %d and %d bytes, and not the same", *seed+n, len(a), len(b))
		}
	}
}

// kinds demands that every kind of fault is met that a history can meet.
func kinds(t *testing.T, met map[string]int) {
	t.Helper()
	file, err := os.ReadFile("testdata/faults.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(file)), "\n")
	for _, kind := range want {
		if *complete && met[kind] == 0 {
			t.Errorf("fault %q was not met", kind)
		}
	}
	for kind := range met {
		if !slices.Contains(want, kind) {
			t.Errorf("testdata/faults.txt lacks %q, which was met", kind)
		}
	}
}

func one(seed uint64, figures *simulation.Figures) *simulation.Violation {
	if *replay {
		return simulation.Run(seed, figures, os.Stdout)
	}
	return simulation.Run(seed, figures, nil)
}

func report(t *testing.T, total *simulation.Figures, took time.Duration) {
	t.Helper()
	golden, err := os.ReadFile("../../job/testdata/transitions.txt")
	if err != nil {
		t.Fatal(err)
	}
	total.Finish(took, simulation.Golden(string(golden)))
	var table strings.Builder
	total.Write(&table)
	t.Logf("\n%s", table.String())
	if *figures != "" {
		body, err := json.MarshalIndent(total, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*figures, append(body, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range total.Refuted {
		t.Errorf("%s was met, and unreachable.go says that it can't be", r)
	}
	kinds(t, total.Faults)
	if *complete && len(total.Missing) > 0 {
		t.Errorf("%d transitions were not covered", len(total.Missing))
	}
}
