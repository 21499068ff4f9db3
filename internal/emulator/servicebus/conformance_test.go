package servicebus

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/google/go-cmp/cmp"
)

// What the real client sees when nothing goes wrong.

func TestSendReceiveComplete(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		l.send(s, "one", "two")
		l.counts("jobs", 2, 0, 0)
		for _, want := range []string{"one", "two"} {
			m := l.receive(r)
			if string(m.Body) != want || m.MessageID != want || m.DeliveryCount != 1 {
				t.Errorf("received %q, id %q, delivery %d, want %q for the first time", m.Body, m.MessageID, m.DeliveryCount, want)
			}
			l.ok(r.CompleteMessage(l.ctx, m, nil))
		}
		l.counts("jobs", 0, 0, 0)
	})
}

func TestEverythingASenderSetsArrives(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		sent := &azservicebus.Message{
			Body: []byte{0, 1, 0xff}, MessageID: to.Ptr("id"), ContentType: to.Ptr("application/json"),
			CorrelationID: to.Ptr("correlation"), Subject: to.Ptr("subject"), To: to.Ptr("to"),
			ReplyTo: to.Ptr("reply"), ReplyToSessionID: to.Ptr("reply session"), PartitionKey: to.Ptr("session"),
			SessionID: to.Ptr("session"), TimeToLive: to.Ptr(90 * time.Minute),
			ApplicationProperties: map[string]any{
				"text": "x", "int": int32(1), "long": int64(1) << 40, "yes": true, "float": 1.5,
				"time": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			},
		}
		l.ok(l.sender("jobs").SendMessage(l.ctx, sent, nil))
		got := l.receive(l.receiver("jobs", nil))
		if diff := cmp.Diff(sent, got.Message()); diff != "" {
			t.Errorf("received (-sent +received):\n%s", diff)
		}
		if got.SequenceNumber == nil || *got.SequenceNumber != 1 || *got.EnqueuedSequenceNumber != 1 {
			t.Errorf("sequence number = %v, want 1", got.SequenceNumber)
		}
		if want := time.Now().Add(time.Minute); got.LockedUntil == nil || want.Sub(*got.LockedUntil).Abs() > time.Second {
			t.Errorf("locked until %v, want %v", got.LockedUntil, want)
		}
		if want := got.EnqueuedTime.Add(90 * time.Minute); !got.ExpiresAt.Equal(want) {
			t.Errorf("expires at %v, want %v", got.ExpiresAt, want)
		}
	})
}

func TestAMessageWithoutAnIDGetsOne(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.ok(l.sender("jobs").SendMessage(l.ctx, &azservicebus.Message{Body: []byte("x")}, nil))
		m := l.receive(l.receiver("jobs", nil))
		if m.MessageID == "" || m.DeliveryCount != 1 {
			t.Errorf("received id %q, delivery %d, want some id, delivery 1", m.MessageID, m.DeliveryCount)
		}
	})
}

func TestABatchIsItsMessages(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s := l.sender("jobs")
		batch, err := s.NewMessageBatch(l.ctx, nil)
		l.ok(err)
		for i := range 100 {
			m := message(fmt.Sprint(i))
			m.ApplicationProperties = map[string]any{"i": int64(i)}
			l.ok(batch.AddMessage(m, nil))
		}
		large := &azservicebus.Message{Body: make([]byte, 256<<10)}
		if err := batch.AddMessage(large, nil); !errors.Is(err, azservicebus.ErrMessageTooLarge) {
			t.Errorf("add 256 KiB to a batch = %v, want ErrMessageTooLarge", err)
		}
		l.ok(s.SendMessageBatch(l.ctx, batch, nil))
		l.counts("jobs", 100, 0, 0)

		// A burst arrives whole: the client waits 20 ms after the first message.
		got, err := l.receiver("jobs", nil).ReceiveMessages(l.ctx, 100, nil)
		l.ok(err)
		if len(got) != 100 {
			t.Fatalf("received %d messages at once, want 100", len(got))
		}
		for i, m := range got {
			if m.MessageID != fmt.Sprint(i) || m.ApplicationProperties["i"] != int64(i) {
				t.Errorf("message %d = id %s, properties %v", i, m.MessageID, m.ApplicationProperties)
			}
		}
		if sent := l.broker.Stats().Sent; sent != 100 {
			t.Errorf("%d messages counted as sent, want 100", sent)
		}
	})
}

func TestMessageSizes(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		// Almost the maximum: with the broker's annotations it is more.
		body := bytes.Repeat([]byte("0123456789abcdef"), (256<<10-64)/16)
		l.ok(s.SendMessage(l.ctx, &azservicebus.Message{Body: body}, nil))
		m := l.receive(r)
		if !bytes.Equal(m.Body, body) {
			t.Errorf("received %d bytes, want the %d that were sent", len(m.Body), len(body))
		}
		l.ok(r.CompleteMessage(l.ctx, m, nil))

		err := s.SendMessage(l.ctx, &azservicebus.Message{Body: make([]byte, 256<<10)}, nil)
		if !errors.Is(err, azservicebus.ErrMessageTooLarge) {
			t.Errorf("send more than 256 KiB = %v, want ErrMessageTooLarge", err)
		}
		l.send(s, "and on")
		l.counts("jobs", 1, 0, 0)
	})
}

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

func TestAbandonedMessagesComeBackCountedAndChanged(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		l.send(s, "a")
		for delivery := uint32(1); delivery <= 10; delivery++ {
			m := l.receive(r)
			if m.DeliveryCount != delivery {
				t.Errorf("delivery count = %d, want %d", m.DeliveryCount, delivery)
			}
			if delivery > 1 && m.ApplicationProperties["attempt"] != int64(delivery-1) {
				t.Errorf("properties = %v, want attempt %d", m.ApplicationProperties, delivery-1)
			}
			l.ok(r.AbandonMessage(l.ctx, m, &azservicebus.AbandonMessageOptions{
				PropertiesToModify: map[string]any{"attempt": int64(delivery)},
			}))
		}
		l.counts("jobs", 0, 0, 1)

		dead := l.deadLetters("jobs")
		for range 3 {
			m := l.receive(dead)
			if m.DeadLetterReason == nil || *m.DeadLetterReason != "MaxDeliveryCountExceeded" || *m.DeadLetterSource != "jobs" {
				t.Errorf("dead letter = reason %v, source %v", m.DeadLetterReason, m.DeadLetterSource)
			}
			if m.DeliveryCount != 11 {
				t.Errorf("delivery count in the dead-letter queue = %d, want 11 however often", m.DeliveryCount)
			}
			l.ok(dead.AbandonMessage(l.ctx, m, nil))
		}
		l.ok(dead.CompleteMessage(l.ctx, l.receive(dead), nil))
		l.counts("jobs", 0, 0, 0)
	})
}

func TestDeadLetterByHand(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		l.send(s, "explained", "unexplained")
		l.ok(r.DeadLetterMessage(l.ctx, l.receive(r), &azservicebus.DeadLetterOptions{
			Reason: to.Ptr("NotUnderstood"), ErrorDescription: to.Ptr("line 1"),
			PropertiesToModify: map[string]any{"seen": "yes"},
		}))
		l.ok(r.DeadLetterMessage(l.ctx, l.receive(r), nil))
		l.counts("jobs", 0, 0, 2)

		dead := l.deadLetters("jobs")
		m := l.receive(dead)
		if *m.DeadLetterReason != "NotUnderstood" || *m.DeadLetterErrorDescription != "line 1" || m.ApplicationProperties["seen"] != "yes" {
			t.Errorf("dead letter = %v, %v", m.DeadLetterReason, m.ApplicationProperties)
		}
		if m := l.receive(dead); m.MessageID != "unexplained" || m.DeadLetterReason != nil {
			t.Errorf("dead letter = %s, reason %v, want no reason", m.MessageID, m.DeadLetterReason)
		}
	})
}

func TestDeferredMessagesWaitToBeAskedFor(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		l.send(s, "a")
		m := l.receive(r)
		l.ok(r.DeferMessage(l.ctx, m, &azservicebus.DeferMessageOptions{PropertiesToModify: map[string]any{"why": "later"}}))
		l.empty(r, 10*time.Minute)
		if got := l.broker.Peek("jobs"); len(got) != 1 || got[0].State != Deferred {
			t.Fatalf("the queue holds %v, want one deferred message", got)
		}

		take := func() *azservicebus.ReceivedMessage {
			t.Helper()
			got, err := r.ReceiveDeferredMessages(l.ctx, []int64{*m.SequenceNumber}, nil)
			if err != nil || len(got) != 1 {
				t.Fatalf("receive deferred = %d messages, %v", len(got), err)
			}
			return got[0]
		}
		got := take()
		if string(got.Body) != "a" || got.ApplicationProperties["why"] != "later" || got.State != azservicebus.MessageStateDeferred {
			t.Errorf("received %q, %v, %v", got.Body, got.ApplicationProperties, got.State)
		}
		_, err := r.ReceiveDeferredMessages(l.ctx, []int64{*m.SequenceNumber}, nil)
		l.code(err, azservicebus.CodeNotFound) // it is locked
		l.ok(r.AbandonMessage(l.ctx, got, nil))
		got = take()
		if got.DeliveryCount != 2 {
			t.Errorf("delivery count = %d, want 2", got.DeliveryCount)
		}
		l.ok(r.RenewMessageLock(l.ctx, got, nil))
		l.ok(r.DeferMessage(l.ctx, got, nil))
		l.ok(r.DeadLetterMessage(l.ctx, take(), &azservicebus.DeadLetterOptions{Reason: to.Ptr("why")}))
		l.counts("jobs", 0, 0, 1)
		if m := l.receive(l.deadLetters("jobs")); *m.DeadLetterReason != "why" {
			t.Errorf("dead-letter reason = %q, want why", *m.DeadLetterReason)
		}
	})
}

func TestLocksLapseAndAreRenewed(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		l.send(s, "a")
		m := l.receive(r)
		for range 10 {
			time.Sleep(50 * time.Second)
			l.ok(r.RenewMessageLock(l.ctx, m, nil))
		}
		if left := time.Until(*m.LockedUntil).Round(time.Second); left != time.Minute {
			t.Errorf("a renewed lock lasts %v, want 1m", left)
		}
		time.Sleep(time.Minute)
		l.code(r.CompleteMessage(l.ctx, m, nil), azservicebus.CodeLockLost)
		l.code(r.RenewMessageLock(l.ctx, m, nil), azservicebus.CodeLockLost)
		l.code(r.CompleteMessage(l.ctx, &azservicebus.ReceivedMessage{LockToken: m.LockToken}, nil), azservicebus.CodeLockLost)

		again := l.receive(r)
		if again.DeliveryCount != 2 || again.LockToken == m.LockToken {
			t.Errorf("redelivery %d with token %x, want 2 and a new token", again.DeliveryCount, again.LockToken)
		}
		l.ok(r.CompleteMessage(l.ctx, &azservicebus.ReceivedMessage{LockToken: again.LockToken}, nil))
		l.counts("jobs", 0, 0, 0)
		if lapsed := l.broker.Stats().Lapsed; lapsed != 1 {
			t.Errorf("%d locks lapsed, want 1", lapsed)
		}
	})
}

func TestLocksOutliveTheirConnection(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.send(l.sender("jobs"), "a")
		r := l.receiver("jobs", nil)
		l.receive(r)
		start := time.Now()
		l.ok(l.client.Close(l.ctx))
		l.client = l.newClient(l.broker.ConnectionString("localhost"))
		m := l.receive(l.receiver("jobs", nil))
		if waited := time.Since(start).Round(time.Second); waited != time.Minute || m.DeliveryCount != 2 {
			t.Errorf("redelivered after %v as delivery %d, want 1m and 2", waited, m.DeliveryCount)
		}
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

func TestPeekTouchesNothing(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		none, err := r.PeekMessages(l.ctx, 10, nil)
		if err != nil || len(none) != 0 {
			t.Fatalf("peek an empty queue = %d messages, %v", len(none), err)
		}
		l.send(s, "locked", "active", "third")
		l.receive(r)
		for _, want := range [][]string{{"locked", "active"}, {"third"}, nil} {
			got, err := r.PeekMessages(l.ctx, 2, nil)
			l.ok(err)
			var ids []string
			for _, m := range got {
				ids = append(ids, m.MessageID)
			}
			if !cmp.Equal(ids, want) {
				t.Errorf("peeked %v, want %v", ids, want)
			}
		}
		got, err := r.PeekMessages(l.ctx, 5, &azservicebus.PeekMessagesOptions{FromSequenceNumber: to.Ptr(int64(2))})
		if err != nil || len(got) != 2 || got[0].MessageID != "active" {
			t.Errorf("peek from 2 = %d messages, %v", len(got), err)
		}
		if m := l.receive(r); m.MessageID != "active" || m.DeliveryCount != 1 {
			t.Errorf("received %s, delivery %d, after peeking", m.MessageID, m.DeliveryCount)
		}
	})
}

func TestReceiveAndDelete(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s := l.sender("jobs")
		l.send(s, "deferred")
		locking := l.receiver("jobs", nil)
		deferred := l.receive(locking)
		l.ok(locking.DeferMessage(l.ctx, deferred, nil))
		l.send(s, "a", "b")

		r := l.receiver("jobs", &azservicebus.ReceiverOptions{ReceiveMode: azservicebus.ReceiveModeReceiveAndDelete})
		got, err := r.ReceiveMessages(l.ctx, 2, nil)
		if err != nil || len(got) != 2 || string(got[0].Body) != "a" {
			t.Fatalf("received %d messages, %v, want a and b", len(got), err)
		}
		l.counts("jobs", 1, 0, 0)
		got, err = r.ReceiveDeferredMessages(l.ctx, []int64{*deferred.SequenceNumber}, nil)
		if err != nil || len(got) != 1 {
			t.Fatalf("received %d deferred messages, %v, want 1", len(got), err)
		}
		l.counts("jobs", 0, 0, 0)
	})
}

func TestCreditStaysWithTheBroker(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		l.send(s, "a")
		got, err := r.ReceiveMessages(l.ctx, 5, nil)
		l.ok(err)
		if len(got) != 1 {
			t.Fatalf("received %d messages, want 1", len(got))
		}
		l.ok(r.CompleteMessage(l.ctx, got[0], nil))
		// The link still has 4 credits: what comes now goes to the client, which
		// gives it back until they are used up.
		l.send(s, "late")
		time.Sleep(time.Second)
		if n := l.broker.Stats().Released; n != 4 {
			t.Errorf("%d messages released, want 4", n)
		}
		if m := l.receive(r); m.MessageID != "late" || m.DeliveryCount != 1 {
			t.Errorf("received %s, delivery %d, want late, not counted", m.MessageID, m.DeliveryCount)
		}
	})
}

func TestReceiversTakeTurns(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		received := make(chan string, 2)
		for _, name := range []string{"one", "two"} {
			r := l.receiver("jobs", nil)
			go func() {
				if got, err := r.ReceiveMessages(l.ctx, 5, nil); err == nil && len(got) == 5 {
					received <- name
				}
			}()
		}
		time.Sleep(time.Second) // both wait
		s := l.sender("jobs")
		batch, err := s.NewMessageBatch(l.ctx, nil)
		l.ok(err)
		for i := range 10 {
			l.ok(batch.AddMessage(message(fmt.Sprint(i)), nil))
		}
		l.ok(s.SendMessageBatch(l.ctx, batch, nil))
		if a, b := <-received, <-received; a == b {
			t.Errorf("both halves went to %s", a)
		}
	})
}
