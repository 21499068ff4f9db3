package main

import (
	"context"
	"strings"
	"testing"
)

// sabotage breaks a scenario: its plan and services, the stage before the
// story, or what the story has left behind.
type sabotage struct {
	cast          func(*scenario)
	before, after func(*stage)
	says          string
}

// mustFail plays a sabotaged scenario, which must say what is wrong. There are
// too many of them for the race detector, with which one takes ten seconds: it
// watches the same scenarios as they should be.
func (c sabotage) mustFail(t *testing.T, sc scenario) {
	t.Helper()
	if testing.Short() {
		t.Skip("a sabotaged scenario: go test -run NoticesSabotage ./cmd/lab")
	}
	if c.cast != nil {
		c.cast(&sc)
	}
	act := sc.act
	sc.act = func(ctx context.Context, s *stage) error {
		if c.before != nil {
			c.before(s)
		}
		err := act(ctx, s)
		if c.after != nil {
			c.after(s)
		}
		return err
	}
	code, stdout, stderr := inBubble(t, sc, playOptions{})
	if code != exitError || !strings.Contains(stdout, "FAILED: not as it must be") || !strings.Contains(stdout, c.says) {
		t.Errorf("exit code %d, want 1 and %q:\n%s%s", code, c.says, stdout, stderr)
	}
}

// replan replaces text in the settings of a plan.
func replan(from, to string) func(*scenario) {
	return func(sc *scenario) {
		for i, line := range sc.plan {
			sc.plan[i] = strings.ReplaceAll(line, from, to)
		}
		for i := range sc.protected {
			for k, line := range sc.protected[i].settings {
				sc.protected[i].settings[k] = strings.ReplaceAll(line, from, to)
			}
		}
	}
}
