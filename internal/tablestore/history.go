package tablestore

import (
	"time"

	"lifeboat/internal/job"
)

// step is a job.Step as its row keeps it. Names are short, because a history
// is read with every look.
type step struct {
	State   string    `json:"s"`
	At      time.Time `json:"t"`
	Attempt int       `json:"a,omitempty"`
	Note    string    `json:"n,omitempty"`
}

func encodeHistory(history []job.Step) string {
	text, ok := fitting(maxNested, func(word int) string {
		steps := make([]step, len(history))
		for i, s := range history {
			steps[i] = step{State: string(s.State), At: kept(s.At), Attempt: s.Attempt, Note: shortened(s.Note, word)}
		}
		return compact(steps)
	})
	if !ok {
		return "[]" // package job bounds it far below this
	}
	return text
}

func (f *fields) history() []job.Step {
	steps, _ := nested[[]step](f, "History")
	var history []job.Step
	for _, s := range steps {
		history = append(history, job.Step{State: job.State(s.State), At: s.At.UTC(), Attempt: s.Attempt, Note: s.Note})
	}
	return history
}
