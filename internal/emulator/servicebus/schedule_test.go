package servicebus

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

func TestScheduledDaysAhead(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		start := time.Now()
		due := start.Add(72 * time.Hour)
		numbers, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("a"), message("b")}, due, nil)
		l.ok(err)
		if len(numbers) != 2 || numbers[0] == numbers[1] {
			t.Fatalf("sequence numbers = %v, want two", numbers)
		}
		soon := message("soon")
		soon.ScheduledEnqueueTime = to.Ptr(start.Add(time.Hour))
		l.ok(s.SendMessage(l.ctx, soon, nil))
		l.counts("jobs", 0, 3, 0)
		peeked, err := r.PeekMessages(l.ctx, 10, nil)
		l.ok(err)
		if len(peeked) != 3 || peeked[0].State != azservicebus.MessageStateScheduled || !peeked[0].ScheduledEnqueueTime.Equal(due) {
			t.Errorf("peeked %d messages, want 3 scheduled ones", len(peeked))
		}

		for _, want := range []struct {
			id    string
			after time.Duration
		}{{"soon", time.Hour}, {"a", 72 * time.Hour}, {"b", 72 * time.Hour}} {
			got, err := r.ReceiveMessages(l.ctx, 1, nil)
			l.ok(err)
			m := got[0]
			if waited := time.Since(start); m.MessageID != want.id || waited.Round(time.Second) != want.after {
				t.Errorf("received %s after %v, want %s after %v", m.MessageID, waited, want.id, want.after)
			}
			if *m.SequenceNumber <= numbers[1] || m.EnqueuedTime.Sub(start) != want.after {
				t.Errorf("%s has number %d, enqueued %v, want a new number and time", m.MessageID, *m.SequenceNumber, m.EnqueuedTime)
			}
			l.ok(r.CompleteMessage(l.ctx, m, nil))
		}
		if n := l.broker.Stats().Connections; n != 1 {
			t.Errorf("%d connections, want 1: it should have outlived three idle days", n)
		}
	})
}

func TestACanceledMessageNeverComes(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s := l.sender("jobs")
		numbers, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("a"), message("b")}, time.Now().Add(time.Hour), nil)
		l.ok(err)
		l.ok(s.CancelScheduledMessages(l.ctx, numbers[:1], nil))
		l.counts("jobs", 0, 1, 0)
		l.code(s.CancelScheduledMessages(l.ctx, numbers[:1], nil), azservicebus.CodeNotFound)
		time.Sleep(time.Hour)
		r := l.receiver("jobs", nil)
		if m := l.receive(r); m.MessageID != "b" {
			t.Errorf("received %s, want b", m.MessageID)
		}
		l.empty(r, 30*time.Second)
	})
}

func TestDuplicateDetection(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.broker.AddQueue("unique", QueueOptions{DuplicateDetection: 10 * time.Minute})
		s, r := l.sender("unique"), l.receiver("unique", nil)
		l.send(s, "a", "b", "a")
		l.counts("unique", 2, 0, 0)
		l.ok(r.CompleteMessage(l.ctx, l.receive(r), nil))
		l.send(s, "a") // gone, but not forgotten
		_, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("b")}, time.Now().Add(time.Hour), nil)
		l.ok(err)
		l.counts("unique", 1, 0, 0)
		time.Sleep(11 * time.Minute)
		l.send(s, "a")
		l.counts("unique", 2, 0, 0)
	})
}

func TestTimeToLive(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.broker.AddQueue("kept", QueueOptions{TTL: time.Hour, DeadLetterOnExpiry: true})
		brief := &azservicebus.Message{Body: []byte("brief"), TimeToLive: to.Ptr(time.Minute)}
		l.ok(l.sender("jobs").SendMessage(l.ctx, brief, nil))
		l.ok(l.sender("kept").SendMessage(l.ctx, brief, nil))
		l.send(l.sender("kept"), "long")
		time.Sleep(time.Minute)
		l.counts("jobs", 0, 0, 0)
		l.counts("kept", 1, 0, 1)
		time.Sleep(time.Hour)
		l.counts("kept", 0, 0, 2)
		m := l.receive(l.deadLetters("kept"))
		if string(m.Body) != "brief" || *m.DeadLetterReason != "TTLExpiredException" {
			t.Errorf("dead letter = %q, reason %q", m.Body, *m.DeadLetterReason)
		}
	})
}
