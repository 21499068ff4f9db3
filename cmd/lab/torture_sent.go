package main

import (
	"slices"
	"strings"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/request"
)

// sent is what a torture asked for, as far as it was taken: by the queue, or by
// a handler that said yes. Each of it is owed an effect.
type sent struct {
	restores  []string // requests' ids
	alerts    []outage // that fired
	changes   []takenChange
	approvals []approval
	failbacks []failback
	rounds    []round
}

// takenChange is a change that Event Grid was told is taken.
type takenChange struct {
	service, id string
	at, taken   time.Time
}

// approval is a person's yes, and when it was sent.
type approval struct {
	job, point, target string
	at                 time.Time
}

// failback is a person's word that a standby serves no more.
type failback struct {
	standby string
	at      time.Time
}

// round is a run of the schedule that said yes.
type round struct{ began, ended time.Time }

// keep notes what was sent.
func (s *stage) keep(note func(*sent)) {
	s.noting.Lock()
	defer s.noting.Unlock()
	note(&s.sent)
}

// keptSent is all of that. Call it when nothing is sent any more.
func (s *stage) keptSent() sent {
	s.noting.Lock()
	defer s.noting.Unlock()
	all := s.sent
	for _, in := range s.invocations.list() {
		if in.Function == "BackupSchedule" && in.Outcome == host.Succeeded {
			all.rounds = append(all.rounds, round{in.Started, in.Started.Add(in.Duration)})
		}
	}
	return all
}

// answers sends a person's yes to what waits.
func (s *stage) answers(j jobRow, id string) error {
	a := approval{job: j.id, point: j.order.Point.Blob, target: j.service, at: time.Now()}
	body, err := request.EncodeApproval(request.Approval{
		ID: id, Approved: true, Job: a.job, Point: a.point, Target: a.target, By: engineer, Reason: "a drill",
	})
	if err := s.put(emulator.ApprovalQueue, body, err); err != nil {
		return err
	}
	s.keep(func(v *sent) { v.approvals = append(v.approvals, a) })
	return nil
}

// approves reports whether one of the approvals says yes to just that, and was
// sent by a time.
func (v sent) approves(job, point, target string, by time.Time) bool {
	return slices.ContainsFunc(v.approvals, func(a approval) bool {
		return a.job == job && a.point == point && a.target == target && !a.at.After(by)
	})
}

// alertRow is what the state table keeps of an alert: of its id a hash alone, so
// that it is known by when it fired.
type alertRow struct {
	service, incident string
	fired             time.Time
}

func alertRows(a *emulator.Azure) []alertRow {
	var all []alertRow
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		if strings.HasPrefix(field(r, "RowKey"), "alert|") {
			fired, _ := r["FiredAt"].(time.Time)
			all = append(all, alertRow{field(r, "PartitionKey"), field(r, "Incident"), fired})
		}
	}
	return all
}
