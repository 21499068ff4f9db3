package servicebus

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// What the client makes of faults, and what they leave behind in the queue.

// once gives a verdict on the first operation of a kind, and lets the rest pass.
func once(kind OpKind, v Verdict) Hook {
	var mu sync.Mutex
	done := false
	return func(op Op) Verdict {
		mu.Lock()
		defer mu.Unlock()
		if done || op.Kind != kind {
			return Proceed
		}
		done = true
		return v
	}
}

func always(kind OpKind, v Verdict) Hook {
	return func(op Op) Verdict {
		if op.Kind != kind {
			return Proceed
		}
		return v
	}
}

func TestASendThatIsCutIsSentAgain(t *testing.T) {
	cases := []struct {
		name    string
		verdict Verdict
		stored  int
	}{
		{"before it was done", DropBefore, 1},
		{"after it was done", DropAfter, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Options{}, func(l *lab) {
				s := l.sender("jobs")
				start := time.Now()
				l.broker.SetHook(once(OpSend, c.verdict))
				l.send(s, "a")
				if took := time.Since(start); took < 3*time.Second || took > 10*time.Second {
					t.Errorf("sent after %v, want one retry's delay", took)
				}
				l.counts("jobs", c.stored, 0, 0)
				if n := l.broker.Stats().Connections; n != 2 {
					t.Errorf("%d connections, want 2", n)
				}
			})
		})
	}
}

func TestDuplicateDetectionHidesARepeatedSend(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.broker.AddQueue("unique", QueueOptions{DuplicateDetection: time.Hour})
		l.broker.SetHook(once(OpSend, DropAfter))
		l.send(l.sender("unique"), "a")
		l.counts("unique", 1, 0, 0)
	})
}

func TestAScheduleThatIsCutAfterwardsIsThereTwice(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s := l.sender("jobs")
		l.broker.SetHook(once(OpSchedule, DropAfter))
		_, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("a")}, time.Now().Add(time.Hour), nil)
		l.ok(err)
		l.counts("jobs", 0, 2, 0)
	})
}

// TestSettlementAcrossACut holds down what facts 1.5 measured: the client can't
// settle a message of a lost connection, but its lock token still can.
func TestSettlementAcrossACut(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.broker.AddQueue("slow", QueueOptions{LockDuration: 5 * time.Minute})
		l.send(l.sender("slow"), "a")
		r := l.receiver("slow", nil)
		m := l.receive(r)
		l.broker.SetHook(once(OpComplete, DropBefore))
		start := time.Now()
		l.code(r.CompleteMessage(l.ctx, m, nil), azservicebus.CodeConnectionLost)
		if took := time.Since(start); took < 30*time.Second || took > 2*time.Minute {
			t.Errorf("gave up after %v, want about 50 s", took)
		}
		l.counts("slow", 1, 0, 0)
		l.ok(r.CompleteMessage(l.ctx, &azservicebus.ReceivedMessage{LockToken: m.LockToken}, nil))
		l.counts("slow", 0, 0, 0)
	})
}

func TestASettlementDoneBeforeTheCutIsDone(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.send(l.sender("jobs"), "a")
		r := l.receiver("jobs", nil)
		m := l.receive(r)
		l.broker.SetHook(once(OpComplete, DropAfter))
		l.code(r.CompleteMessage(l.ctx, m, nil), azservicebus.CodeConnectionLost)
		l.counts("jobs", 0, 0, 0)
		l.code(r.CompleteMessage(l.ctx, &azservicebus.ReceivedMessage{LockToken: m.LockToken}, nil), azservicebus.CodeLockLost)
	})
}

func TestAReceiveAcrossACutComesBackEmpty(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		r := l.receiver("jobs", nil)
		l.send(l.sender("jobs"), "a")
		l.broker.SetHook(once(OpReceive, DropAfter))
		got, err := r.ReceiveMessages(l.ctx, 1, nil)
		if len(got) != 0 || err != nil {
			t.Errorf("receive across a cut = %d messages, %v, want none and no error", len(got), err)
		}
		// The message was locked for the receiver that never saw it.
		start := time.Now()
		m := l.receive(r)
		if waited := time.Since(start).Round(time.Second); waited < 50*time.Second || m.DeliveryCount != 2 {
			t.Errorf("received after %v as delivery %d, want after the lock lapsed, as 2", waited, m.DeliveryCount)
		}
	})
}

func TestARefusedReceiveIsTriedAgain(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		r := l.receiver("jobs", nil)
		l.send(l.sender("jobs"), "a")
		l.broker.SetHook(once(OpReceive, Fail("amqp:link:detach-forced", "maintenance")))
		if got, err := r.ReceiveMessages(l.ctx, 1, nil); len(got) != 0 || err != nil {
			t.Errorf("receive on a detached link = %d messages, %v", len(got), err)
		}
		if m := l.receive(r); m.DeliveryCount != 1 {
			t.Errorf("delivery %d, want 1", m.DeliveryCount)
		}
	})
}

func TestRefusedOperations(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		l.broker.SetHook(always(OpSend, Fail("amqp:unauthorized-access", "no")))
		l.code(s.SendMessage(l.ctx, message("a"), nil), azservicebus.CodeUnauthorizedAccess)
		l.counts("jobs", 0, 0, 0)

		start := time.Now()
		l.broker.SetHook(once(OpSend, Fail("com.microsoft:server-busy", "busy")))
		l.send(s, "a")
		if time.Since(start) < 3*time.Second || l.broker.Stats().Connections != 1 {
			t.Error("a busy server should be tried again on the same connection")
		}

		m := l.receive(r)
		l.broker.SetHook(always(OpComplete, Fail("com.microsoft:message-lock-lost", "gone")))
		l.code(r.CompleteMessage(l.ctx, m, nil), azservicebus.CodeLockLost)
		l.broker.SetHook(always(OpRenew, Fail("com.microsoft:message-lock-lost", "gone")))
		l.code(r.RenewMessageLock(l.ctx, m, nil), azservicebus.CodeLockLost)
		l.broker.SetHook(always(OpSchedule, Fail("amqp:not-found", "gone")))
		_, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("b")}, time.Now().Add(time.Hour), nil)
		l.code(err, azservicebus.CodeNotFound)
		l.broker.SetHook(nil)
		l.counts("jobs", 1, 0, 0)
	})
}

func TestSwallowedAndDoubledMessages(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.broker.SetHook(func(op Op) Verdict {
			switch op.Message.ID {
			case "lost":
				return Swallow
			case "double":
				return Twice
			}
			return Proceed
		})
		s := l.sender("jobs")
		batch, err := s.NewMessageBatch(l.ctx, nil)
		l.ok(err)
		for _, id := range []string{"lost", "single", "double"} {
			l.ok(batch.AddMessage(message(id), nil))
		}
		l.ok(s.SendMessageBatch(l.ctx, batch, nil))
		l.counts("jobs", 3, 0, 0)
		numbers, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("lost"), message("double")}, time.Now().Add(time.Hour), nil)
		if err != nil || len(numbers) != 2 || numbers[0] == 0 {
			t.Errorf("schedule = %v, %v, want two numbers", numbers, err)
		}
		l.counts("jobs", 3, 2, 0)
		var ids []string
		for _, m := range l.broker.Peek("jobs") {
			ids = append(ids, m.ID)
		}
		if len(ids) != 5 || ids[0] != "single" || ids[1] != "double" || ids[2] != "double" {
			t.Errorf("the queue holds %v", ids)
		}
	})
}

func TestTheHookSeesEveryOperation(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		var mu sync.Mutex
		seen := map[OpKind]string{}
		l.broker.SetHook(func(op Op) Verdict {
			mu.Lock()
			defer mu.Unlock()
			seen[op.Kind] = op.Queue + "/" + op.Message.ID
			l.broker.Counts("jobs") // the lock is not held
			return Proceed
		})
		s, r := l.sender("jobs"), l.receiver("jobs", nil)
		numbers, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("later")}, time.Now().Add(time.Hour), nil)
		l.ok(err)
		l.ok(s.CancelScheduledMessages(l.ctx, numbers, nil))
		l.send(s, "defer")
		m := l.receive(r)
		l.ok(r.DeferMessage(l.ctx, m, nil))
		_, err = r.ReceiveDeferredMessages(l.ctx, []int64{*m.SequenceNumber}, nil)
		l.ok(err)
		l.send(s, "abandon")
		l.ok(r.AbandonMessage(l.ctx, l.receive(r), nil))
		m = l.receive(r)
		l.ok(r.RenewMessageLock(l.ctx, m, nil))
		l.ok(r.CompleteMessage(l.ctx, m, nil))
		l.send(s, "bury")
		l.ok(r.DeadLetterMessage(l.ctx, l.receive(r), nil))
		_, err = r.PeekMessages(l.ctx, 1, nil)
		l.ok(err)
		mu.Lock()
		defer mu.Unlock()
		for kind, want := range map[OpKind]string{
			OpSend: "jobs/bury", OpSchedule: "jobs/later", OpCancel: "jobs/later", OpReceive: "jobs/",
			OpDefer: "jobs/defer", OpReceiveDeferred: "jobs/defer", OpAbandon: "jobs/abandon",
			OpRenew: "jobs/abandon", OpComplete: "jobs/abandon", OpDeadLetter: "jobs/bury", OpPeek: "jobs/",
		} {
			if seen[kind] != want {
				t.Errorf("the hook saw %s of %q, want %q", kind, seen[kind], want)
			}
		}
	})
}

func TestCloseEndsWhatWaits(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		r := l.receiver("jobs", nil)
		ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
		defer cancel()
		ended := make(chan error, 2)
		go func() {
			_, err := r.ReceiveMessages(ctx, 1, nil)
			ended <- err
		}()
		go func() {
			_, err := l.broker.Receive(ctx, "jobs")
			if !errors.Is(err, ErrClosed) {
				t.Errorf("receive from a closed broker = %v, want ErrClosed", err)
			}
			ended <- nil
		}()
		time.Sleep(time.Second)
		start := time.Now()
		l.broker.Close()
		<-ended
		<-ended
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v to end", took)
		}
		if err := l.broker.Send("jobs", Message{}); !errors.Is(err, ErrClosed) {
			t.Errorf("send to a closed broker = %v, want ErrClosed", err)
		}
		if stats := l.broker.Stats(); stats.Open != 0 {
			t.Errorf("%d connections open after Close", stats.Open)
		}
	})
}
