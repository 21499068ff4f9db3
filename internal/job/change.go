package job

import (
	"fmt"
	"time"
)

// NewChangeBackup is the backup that a change of service asks for, to be
// started not before notBefore. The change, cause, and its time make its id:
// the same one makes the same job.
func NewChangeBackup(service, cause string, at, notBefore time.Time, rules Rules, now time.Time) Job {
	j := NewBackup(service, now, notBefore, rules, now)
	j.ID = fmt.Sprintf("%s-%s-chg%s-backup", service, at.UTC().Format("20060102T150405Z"), NewTally([]string{cause}).Hash[:6])
	j.OnChange = true
	return j
}

// PutOff: the service has been changed again, so the backup that waits for
// the end of the changes waits until To.
type PutOff struct{ To time.Time }

func (e PutOff) apply(j Job, rules Rules, _ time.Time) (Job, error) {
	if j.State != Pending || !j.OnChange || j.Attempt.Number > 0 || !e.To.After(j.NotBefore) {
		return j, ErrImpossible
	}
	j.Deadline = e.To.Add(rules.Deadline).UTC()
	j.NotBefore = e.To
	return j, nil
}

// Hastened: the backup that waits for the end of the changes is due by the
// schedule now: it is no longer put off, and has the time of one of the
// schedule's. What waits for its next attempt goes on waiting: Azure may have
// said until when.
type Hastened struct{ To time.Time }

func (e Hastened) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Pending || !j.OnChange {
		return j, ErrImpossible
	}
	j.OnChange = false
	j.Deadline = later(j.Deadline, e.To.Add(rules.Deadline))
	if j.Attempt.Number == 0 && e.To.Before(j.NotBefore) {
		j.NotBefore = e.To
	}
	j.NotBefore = later(j.NotBefore, now)
	return j, nil
}

// Changed: the service was changed while it is backed up.
type Changed struct{}

func (Changed) apply(j Job, _ Rules, now time.Time) (Job, error) {
	if j.Kind != Backup || j.Attempt.Changed || j.State != Starting && j.State != InProgress && j.State != Verifying {
		return j, ErrImpossible
	}
	j.Attempt.Changed = true
	j.NotBefore = later(j.NotBefore, now) // this move's prompt is the next
	return j.warn("the service was changed while it was backed up: another backup follows"), nil
}

// TooSoon: the plan wants more time between the starts of two backups.
type TooSoon struct {
	Until  time.Time
	Reason string
}

func (e TooSoon) apply(j Job, rules Rules, now time.Time) (Job, error) {
	if j.State != Pending || !j.OnChange {
		return j, ErrImpossible
	}
	j.Deadline = later(j.Deadline, e.Until.Add(rules.Deadline)).UTC()
	j.NotBefore, j.Reason = later(e.Until, now.Add(rules.PollMin)), e.Reason
	return j, nil
}
