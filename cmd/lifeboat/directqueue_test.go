package main

import (
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// The queue gives each prompt once, when it is due, and knows whose it is.
func TestPrompts(t *testing.T) {
	now := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	q := newPrompts(func() time.Time { return now })
	j := job.NewBackup("apim-weu", now, now.Add(time.Minute), job.Rules{}, now)
	send := func(id string, revision int, at time.Time) {
		t.Helper()
		body := recovery.EncodePrompt(recovery.Prompt{Service: "apim-weu", Job: id, Revision: revision})
		if err := q.Send(t.Context(), job.Message{Queue: recovery.StepQueue, Body: body, NotBefore: at}); err != nil {
			t.Fatal(err)
		}
	}
	q.know(j)
	q.know(j)
	send(j.ID, 2, now.Add(30*time.Second))
	send("another", 1, now)
	if err := q.Send(t.Context(), job.Message{Queue: recovery.NoticeQueue, Body: []byte("{}")}); err != nil {
		t.Error(err)
	}
	if _, ok := q.take(); ok {
		t.Error("a prompt came early")
	}
	now = now.Add(time.Hour)
	for _, want := range []int{2, 1} {
		if p, ok := q.take(); !ok || p.Revision != want {
			t.Errorf("took %+v %t, want revision %d", p, ok, want)
		}
	}
	if p, ok := q.take(); ok {
		t.Errorf("took %+v", p)
	}
	if left := q.left(); len(left) != 1 || left[0] != "another" {
		t.Errorf("left = %q", left)
	}
	if err := q.Send(t.Context(), job.Message{Queue: recovery.StepQueue, Body: []byte("?")}); err == nil {
		t.Error("a malformed prompt was taken")
	}
}
