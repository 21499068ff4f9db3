package simulation

import (
	"reflect"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Golden are the transitions of a golden file of package job, as table, state
// and event.
func Golden(file string) (all []string) {
	table := ""
	for _, line := range strings.Split(file, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "state "):
		case !strings.Contains(line, "  "):
			table = line
		default:
			if row := cells(line); row[1] != "(any)" {
				all = append(all, table+": "+row[0]+", "+row[1])
			}
		}
	}
	return all
}

// cells are the columns of a table's line, which two spaces part at least.
func cells(line string) (all []string) {
	for _, cell := range strings.Split(line, "  ") {
		if cell = strings.TrimSpace(cell); cell != "" {
			all = append(all, cell)
		}
	}
	return all
}

const maxMisses = 3 // as in package job

// cover notes a transition as the golden file has it.
func (c *call) cover(from, to job.Job, e job.Event) {
	c.figures.States[string(to.Kind)+" "+string(to.State)]++
	if e == nil {
		return
	}
	c.covered(from, reflect.TypeOf(e).Name(), to.UpdatedAt)
}

// coverTooLate notes a word that came too late for a job.
func (h *history) coverTooLate(j job.Job, event string) {
	if s := h.jobs[j.ID].State; s == j.State && (s.Operating() || s == job.Verifying || s == job.Pruning) {
		h.covered(j, event, h.now())
	}
}

func (h *history) covered(from job.Job, event string, now time.Time) {
	h.figures.Transitions[h.table(from, now)+", "+event]++
}

// sourceOf is the service whose rules a job's life depends on.
func (h *history) sourceOf(j job.Job) plan.Service {
	name := j.Service
	if j.Restore != nil {
		name = j.Restore.Source
	}
	s, _ := h.plan.Service(name)
	return s
}

// table is the golden file's table and row for j at now.
func (h *history) table(j job.Job, now time.Time) string {
	s := h.sourceOf(j)
	row := string(j.State)
	lost := j.Lost()
	if j.Kind == job.Restore {
		switch {
		case j.State == job.Verifying && j.Attempt.Phase == job.SafetyBackup && j.Restore.Safety.Name != "":
			row += ", safety backup done"
		case j.Attempt.Phase == job.SafetyBackup && j.State.HoldsLease():
			row += ", safety backup"
		case j.Attempt.Phase == job.Overwrite && j.State.HoldsLease():
			row += ", overwrite"
		}
		if lost {
			row += ", no handle"
		}
		switch operation := j.Attempt.StartedAt.Add(s.Rules.OperationDeadline); {
		case !now.Before(j.Deadline), j.State.Operating() && !now.Before(operation):
			return "A restore, at the job's deadline: " + row
		case j.State == job.AwaitingApproval && !now.Before(j.Restore.Approval.Expires):
			return "A restore, when the approval has expired: " + row
		}
		return "A restore, a minute after the last move: " + row
	}
	limit := j.Deadline
	if end := j.Attempt.StartedAt.Add(s.Rules.OperationDeadline); j.State.Operating() && end.Before(limit) {
		limit = end
	}
	if !now.Before(limit) {
		if lost {
			row += ", no handle"
		}
		if j.State.Operating() {
			return "At the operation's deadline: " + row
		}
		return "At the job's deadline: " + row
	}
	last := s.Rules.Attempts - 1
	switch {
	case j.Failures == last && (j.State == job.InProgress || j.State == job.Verifying):
		row += ", last attempt"
		if lost {
			row += ", no handle"
		}
		return "When attempts or looks run out: " + row
	case j.State == job.Verifying && j.Misses == maxMisses-1:
		return "When attempts or looks run out: Verifying, last look"
	}
	if lost {
		row += ", no handle"
	}
	return "A minute after the last move: " + row
}
