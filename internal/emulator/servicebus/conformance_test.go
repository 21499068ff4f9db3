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
