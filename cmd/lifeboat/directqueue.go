package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// prompts are the engine's queue where there is no other: they are in this
// process only, and lost with it, as any message may be. What the rows say
// makes them anew; see mover.
type prompts struct {
	mu     sync.Mutex
	now    func() time.Time
	kept   map[string]bool // the jobs that are moved here
	others map[string]bool // those that prompts came for and that are not
	due    []duePrompt
}

type duePrompt struct {
	recovery.Prompt
	at time.Time
}

func newPrompts(now func() time.Time) *prompts {
	return &prompts{now: now, kept: map[string]bool{}, others: map[string]bool{}}
}

// Send keeps a prompt until it is due. Prompts for notices are dropped: the
// notices' rows are in the table, and the app's watchdog delivers them; their
// addresses are secrets that operators do not have.
func (q *prompts) Send(_ context.Context, m job.Message) error {
	if m.Queue != recovery.StepQueue {
		return nil
	}
	p, err := recovery.DecodePrompt(m.Body)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.kept[p.Job] {
		q.others[p.Job] = true
		return nil
	}
	q.due = append(q.due, duePrompt{p, m.NotBefore})
	return nil
}

// know takes j for one that is moved here, and sees to it that there is a
// prompt for it as it is.
func (q *prompts) know(j job.Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kept[j.ID] = true
	delete(q.others, j.ID)
	known := func(d duePrompt) bool { return d.Job == j.ID && d.Revision >= j.Revision }
	if !slices.ContainsFunc(q.due, known) {
		q.due = append(q.due, duePrompt{recovery.Prompt{Service: j.Service, Job: j.ID, Revision: j.Revision}, j.NotBefore})
	}
}

// again puts a prompt back that could not be followed.
func (q *prompts) again(p recovery.Prompt, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due = append(q.due, duePrompt{p, at})
}

// take removes the prompt that has been due for the longest time.
func (q *prompts) take() (p recovery.Prompt, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.due) == 0 {
		return p, false
	}
	first := slices.MinFunc(q.due, func(a, b duePrompt) int { return a.at.Compare(b.at) })
	if q.now().Before(first.at) {
		return p, false
	}
	i := slices.Index(q.due, first)
	q.due = slices.Delete(q.due, i, i+1)
	return first.Prompt, true
}

// left are the jobs that nobody here moves.
func (q *prompts) left() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Sorted(maps.Keys(q.others))
}
