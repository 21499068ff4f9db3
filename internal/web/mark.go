package web

import (
	"fmt"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
)

// maxMark bounds a word that is never broken.
const maxMark = 48

// mark is a word with a level beside it.
type mark struct {
	Level Level
	Word  string
}

func symbol(l Level) string {
	switch l {
	case Going:
		return "▸"
	case Good:
		return "✓"
	case Warn:
		return "!"
	}
	return "✕"
}

// notKnown stands where a row that could not be read would tell.
var notKnown = mark{Warn, "not known"}

func healthMark(s Service) mark {
	if s.Unknown {
		return notKnown
	}
	if s.Health == fleet.Word("") && !s.Restorable {
		return mark{s.Level, "no backup yet"}
	}
	return mark{s.Level, s.Health}
}

func readinessMark(s Standby) mark {
	switch {
	case s.Unknown:
		return notKnown
	case s.Readiness == string(job.Ready):
		return mark{Good, "ready"}
	case s.Readiness == "":
		return mark{Warn, "not looked at yet"}
	case s.ServingFor != "":
		return mark{Warn, "serving"}
	}
	return mark{Bad, "not ready"}
}

func verdictMark(outcome string) mark {
	switch outcome {
	case "Passed":
		return mark{Good, outcome}
	case "PassedWithWarning":
		return mark{Warn, "Passed with warning"}
	case "Waits", "NeedsApproval":
		return mark{Warn, outcome}
	}
	return mark{Bad, words(outcome, maxMark)}
}

func deliveryMark(state string) mark {
	if state == string(job.Undelivered) {
		return mark{Bad, "given up"}
	}
	return mark{Warn, "on its way"}
}

func restorableMark(p Point) mark {
	if p.Restorable {
		return mark{Good, "yes"}
	}
	return mark{Bad, "no"}
}

func counted(n int) string {
	if n < 0 {
		return "not counted"
	}
	return fmt.Sprint(n)
}

func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
