package servicebus

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSnapshotAndRestore(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.broker.AddQueue("unique", QueueOptions{DuplicateDetection: time.Hour, LockDuration: 5 * time.Minute})
		l.ok(l.broker.Send("unique", Message{ID: "dead"}))
		l.ok(l.take("unique").DeadLetter("reason", "description"))
		l.ok(l.broker.Send("unique", Message{ID: "locked", Body: []byte("body"), TimeToLive: time.Hour,
			ApplicationProperties: map[string]any{"n": int64(1)}}))
		locked := l.take("unique")
		l.ok(l.broker.Send("unique", Message{ID: "scheduled", ScheduledEnqueueTime: time.Now().Add(time.Hour)}))
		l.send(l.sender("unique"), "deferred")
		r := l.receiver("unique", nil)
		l.ok(r.DeferMessage(l.ctx, l.receive(r), nil))

		var saved bytes.Buffer
		l.ok(l.broker.Snapshot(&saved))
		copied := saved.String()
		restored := New(Options{})
		defer restored.Close()
		l.ok(restored.Restore(&saved))

		want := l.broker.Peek("unique")
		want[0].LockedUntil, want[0].LockToken = time.Time{}, LockToken{} // locks lapse
		same := cmpopts.EquateApproxTime(time.Millisecond)
		if diff := cmp.Diff(want, restored.Peek("unique"), same); diff != "" {
			t.Errorf("restored messages (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(l.broker.Peek("unique/$DeadLetterQueue"), restored.Peek("unique/$DeadLetterQueue"), same); diff != "" {
			t.Errorf("restored dead letters (-want +got):\n%s", diff)
		}

		// It goes on as before: duplicates are known, numbers go on, locks last.
		l.ok(restored.Send("unique", Message{ID: "dead"}))
		l.ok(restored.Send("unique", Message{ID: "new"}))
		last := want[len(want)-1].SequenceNumber
		if got := restored.Peek("unique"); len(got) != 4 || got[3].SequenceNumber != last+1 {
			t.Errorf("%d messages after a duplicate and a new one, want 4 with the next number", len(got))
		}
		d, err := restored.Receive(l.ctx, "unique")
		l.ok(err)
		if d.ID != "locked" || d.DeliveryCount != 2 || time.Until(d.LockedUntil) != 5*time.Minute {
			t.Errorf("first delivery after restoring = %+v", d.Message)
		}
		l.ok(d.Complete())
		time.Sleep(time.Hour)
		if got := restored.Peek("unique"); got[len(got)-1].ID != "scheduled" || got[len(got)-1].State != Active {
			t.Errorf("an hour later = %+v, want the scheduled message to be active", got)
		}

		// The old broker, restored to its own past, has lost the lock.
		l.ok(l.broker.Restore(strings.NewReader(copied)))
		if err := locked.Complete(); err == nil {
			t.Error("a lock outlived the restore")
		}
	})
}

func TestADamagedSnapshotChangesNothing(t *testing.T) {
	cases := map[string]string{
		"not JSON":          "{",
		"another version":   `{"version":9}`,
		"a damaged message": `{"version":1,"queues":[{"name":"jobs","messages":[{"content":"AAAA","sequence":1}]}]}`,
		"a message of none": `{"version":1,"queues":[{"name":"jobs","deadLetters":[{"content":"","sequence":1}]}]}`,
	}
	for name, damaged := range cases {
		t.Run(name, func(t *testing.T) {
			b := New(Options{})
			defer b.Close()
			b.AddQueue("jobs", QueueOptions{})
			if err := b.Send("jobs", Message{ID: "a"}); err != nil {
				t.Fatal(err)
			}
			if err := b.Restore(strings.NewReader(damaged)); err == nil {
				t.Error("restored a damaged snapshot")
			}
			if got := b.Peek("jobs"); len(got) != 1 || got[0].ID != "a" {
				t.Errorf("afterwards the queue holds %v", got)
			}
		})
	}
}
