package servicebus

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

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
