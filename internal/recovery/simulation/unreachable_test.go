package simulation

import (
	"os"
	"testing"
)

// An excuse that is for no row any more would hide that it is wrong.
func TestEveryExcuseIsForSomething(t *testing.T) {
	golden, err := os.ReadFile("../../job/testdata/transitions.txt")
	if err != nil {
		t.Fatal(err)
	}
	f := NewFigures()
	f.Finish(1, Golden(string(golden)))
	for _, e := range excuses {
		if f.Excused[e.why] == 0 {
			t.Errorf("no row is one of those of which it is said: %s", e.why)
		}
	}
	if len(f.Missing) == 0 || len(f.Refuted) > 0 {
		t.Errorf("without a history, %d rows are missing and %v are met", len(f.Missing), f.Refuted)
	}
}

// What is met although it was excused is told.
func TestAnExcuseCanBeRefuted(t *testing.T) {
	const row = "A restore, a minute after the last move: Verifying, overwrite, ArtefactMissing"
	f := NewFigures()
	f.Transitions[row]++
	f.Finish(1, []string{row})
	if len(f.Refuted) != 1 || f.Refuted[0] != row {
		t.Errorf("refuted: %v", f.Refuted)
	}
}
