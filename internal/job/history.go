package job

import "time"

// Step is one change of a job's state.
type Step struct {
	State   State
	At      time.Time
	Attempt int
	// Note is why, for people: the reason of a wait, the code of an end.
	Note string
}

// maxSteps bounds a job's history: an attempt is about six steps, and a job
// has few attempts. The first steps stay; of a job that waits again and again,
// the middle goes.
const maxSteps = 48

// stepped is j's history after a move from before, whose state it shows.
func (j Job) stepped(before State, now time.Time) []Step {
	history := j.History[:len(j.History):len(j.History)]
	if j.State == before {
		return history
	}
	if len(history) >= maxSteps {
		kept := append([]Step(nil), history[:maxSteps/2]...)
		history = append(kept, history[len(history)-maxSteps/2+1:]...)
	}
	note := j.Reason
	if j.Code != "" {
		note = j.Code
	}
	return append(history, Step{State: j.State, At: now, Attempt: j.Attempt.Number, Note: note})
}
