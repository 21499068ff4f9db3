package main

import (
	"context"
	"encoding/json"
	"time"

	"lifeboat/internal/emulator"
	esb "lifeboat/internal/emulator/servicebus"
)

// repair is what became of a lost prompt.
type repair struct {
	job      string
	lost     time.Time
	due      time.Time // the job's next move
	prompted time.Time // by the watchdog
	moved    time.Time // the job, after that
}

// purge takes every message that waits in a queue and is not scheduled.
func (s *stage) purge(ctx context.Context, queue string) (n int, err error) {
	for {
		if active, _, _ := s.azure.Broker.Counts(queue); active == 0 {
			return n, nil
		}
		d, err := s.azure.Broker.Receive(ctx, queue)
		if err == nil {
			err = d.Complete()
		}
		if err != nil {
			return n, err
		}
		n++
	}
}

// loseFirstLook loses the message for one move of a backup while everything
// runs.
func (s *stage) loseFirstLook() error {
	s.timeline.act("%s is backed up too, and the message for the first look at that is lost on its way", patient)
	s.azure.Broker.SetHook(func(op esb.Op) esb.Verdict {
		s.noting.Lock()
		defer s.noting.Unlock()
		if !s.silence.swallowed.lost.IsZero() || !forFirstLook(op) {
			return esb.Proceed
		}
		s.silence.swallowed.lost = time.Now()
		return esb.Swallow
	})
	return s.backUp(patient, "once more")
}

// firstLook is the revision of a job that ARM has just accepted: it was made,
// it began, and it got an answer.
const firstLook = 3

func forFirstLook(op esb.Op) bool {
	var prompt struct {
		Service  string
		Revision int
	}
	return op.Queue == emulator.StepQueue && (op.Kind == esb.OpSend || op.Kind == esb.OpSchedule) &&
		json.Unmarshal(op.Message.Body, &prompt) == nil && prompt.Service == patient && prompt.Revision == firstLook
}

// repaired notes what has become of the lost messages, and reports whether the
// interrupted job has moved.
func (s *stage) repaired() bool {
	s.noting.Lock()
	defer s.noting.Unlock()
	jobs, counters := jobRows(s.azure), counterRows(s.azure)
	if r := &s.silence.swallowed; !r.lost.IsZero() && r.due.IsZero() {
		if mine := (outcome{jobs: jobs}).jobsOf(patient); len(mine) > 1 && mine[1].state == "InProgress" {
			r.job, r.due = mine[1].id, mine[1].notBefore
		}
	}
	for _, j := range jobs {
		for _, r := range []*repair{&s.silence.interrupted, &s.silence.swallowed} {
			if j.id == r.job && !r.due.IsZero() {
				r.note(j, counted(counters, repairCounter, j.service).counted)
			}
		}
	}
	return !s.silence.interrupted.moved.IsZero()
}

// note keeps when a job was prompted again, and when it moved after that.
func (r *repair) note(j jobRow, counted time.Time) {
	if r.prompted.IsZero() && counted.After(r.lost) && counted.After(r.due) {
		r.prompted = counted
	}
	if r.moved.IsZero() && !r.prompted.IsZero() && j.updated.After(r.prompted) {
		r.moved = j.updated
	}
}
