package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Queue is what was seen of one of the app's queues.
type Queue struct {
	Name string
	// Commands: the operator's commands put messages on it.
	Commands bool
	// Send and Peek are why this account may not, or the queue does not.
	Send, Peek Fault
	// Dead is how many messages its dead-letter queue holds, as far as was
	// counted; -1 if nobody could look, and then Hidden is why, where that was
	// tried.
	Dead   int
	Hidden Fault
	// Settings are nil where they can't be read.
	Settings *QueueSettings
	// Blind is why they can't.
	Blind Fault
	// StandIn: a development queue, which has no settings to read.
	StandIn bool
}

// QueueSettings are those that the app depends on.
type QueueSettings struct {
	Lock       time.Duration
	Deliveries int
	TTL        time.Duration // 0 if not said
	Sessions   bool
	ForwardTo  string
	Status     string
	Idle       time.Duration // after which the queue is deleted; 0 if not said
}

// What the app needs. A move takes seconds and the host renews the lock, but
// one that expires lets a second worker make the same move.
const (
	leastLock       = 30 * time.Second
	leastDeliveries = 10
	leastTTL        = time.Hour
	leastIdle       = 365 * 24 * time.Hour
)

// Queues judges the app's queues: whether they are there and may be used, their
// settings, and their dead letters. What is the same of several is one verdict.
func Queues(all []Queue) []Verdict {
	var uses, settings, dead []Verdict
	for _, q := range all {
		use := q.use()
		uses = append(uses, use)
		if use.Level != Fail || q.Peek.None() && !q.Send.Missing() {
			settings, dead = append(settings, q.settings()), append(dead, q.dead())
		}
	}
	return slices.Concat(merged(uses), merged(settings), merged(dead))
}

// merged makes one verdict of those that differ only in what they are on.
func merged(all []Verdict) []Verdict {
	var out []Verdict
	for _, v := range all {
		i := slices.IndexFunc(out, func(o Verdict) bool { o.On = v.On; return o == v })
		if i < 0 {
			out = append(out, v)
		} else {
			out[i].On += ", " + v.On
		}
	}
	return out
}

// NoBus is the verdict where the settings name no Service Bus.
func NoBus() Verdict {
	return verdict(Warn, "queue", "", "set ServiceBusConnection__fullyQualifiedNamespace", "the settings name no Service Bus namespace, so the queues can't be looked at, and backup, restore and approve can't be asked for")
}

func (q Queue) use() Verdict {
	const check = "queue"
	switch {
	case q.Send.Missing() || q.Peek.Missing():
		return verdict(Fail, check, q.Name, "create it, as infra does", "there is no such queue")
	case q.Send.Denied() && q.Commands:
		return verdict(Warn, check, q.Name, "give your account the role Azure Service Bus Data Sender on it, or backup, restore and approve will not work for you",
			"your account may not send to it")
	case q.Send.Denied() && q.Peek.Denied():
		return verdict(Warn, check, q.Name, "nothing, if the app's jobs go on: only the app sends to it; Azure Service Bus Data Receiver lets you look",
			"whether it is there can't be seen with your account")
	case q.Peek.None() && !q.Send.None() && !q.Send.Denied():
		return verdict(Fail, check, q.Name, "see in the portal whether its status is Active", "it can be looked into, but not sent to: %s", sentence(q.Send.Text))
	case q.Send.None() && !q.Peek.None() && !q.Peek.Denied():
		return verdict(Warn, check, q.Name, "see in the portal whether its status is Active, or the app may get nothing from it", "it may be sent to, but not looked into: %s", sentence(q.Peek.Text))
	case q.Send.None() || q.Peek.None():
		return ok(check, q.Name, "%s", q.may())
	}
	f := q.Send
	if f.Denied() {
		f = q.Peek
	}
	return verdict(Fail, check, q.Name, "see whether this machine reaches Service Bus: port 5671", "it can't be reached: %s", sentence(f.Text))
}

func (q Queue) may() string {
	var may []string
	if q.Send.None() {
		may = append(may, "sent to")
	}
	if q.Peek.None() {
		may = append(may, "looked into")
	}
	return "it is there, and may be " + strings.Join(may, " and ")
}

func (q Queue) settings() Verdict {
	const check = "queue settings"
	s := q.Settings
	if s == nil {
		if q.StandIn {
			return verdict(Skip, check, q.Name, "", "the development Service Bus has no management API to read them by")
		}
		return verdict(Warn, check, q.Name, fmt.Sprintf("see in the portal: lock of %s or more, %d deliveries or more, no sessions, no forwarding; or have Azure Service Bus Data Owner", span(leastLock), leastDeliveries),
			"they can't be read%s: %s", by(q.Blind), sentence(q.Blind.Text))
	}
	switch {
	case s.Sessions:
		return verdict(Fail, check, q.Name, "make it anew without sessions: that can't be changed later", "it requires sessions, which the app's messages don't have")
	case s.ForwardTo != "":
		return verdict(Fail, check, q.Name, "take the forwarding off", "it forwards its messages elsewhere, so the app gets none")
	case s.Status != "" && s.Status != "Active":
		return verdict(Fail, check, q.Name, "set it to Active", "its status is %s", s.Status)
	case s.Idle > 0 && s.Idle < leastIdle:
		return verdict(Fail, check, q.Name, "turn auto-delete on idle off", "it is deleted when nobody uses it for %s", span(s.Idle))
	case s.Lock < leastLock:
		return verdict(Warn, check, q.Name, "set the lock duration to a minute", "its lock of %s is shorter than a move may take, so that two workers would do the same", span(s.Lock))
	case s.Deliveries < leastDeliveries:
		return verdict(Warn, check, q.Name, fmt.Sprintf("set the maximum delivery count to %d", leastDeliveries), "it gives a message up after %s: a short failure of storage is enough", deliveries(s.Deliveries))
	case s.TTL > 0 && s.TTL < leastTTL:
		return verdict(Warn, check, q.Name, "set the default time to live to a day", "its messages live for %s: they are lost if the app is away that long", span(s.TTL))
	}
	return ok(check, q.Name, "lock %s, %s", span(s.Lock), deliveries(s.Deliveries))
}

func deliveries(n int) string {
	return strings.Replace(count(n, "delivery"), "deliverys", "deliveries", 1)
}

func (q Queue) dead() Verdict {
	const check = "dead letters"
	switch {
	case q.Dead < 0 && !q.Hidden.None() && !q.Hidden.Denied():
		return verdict(Warn, check, q.Name, "run check again; if that does not help, look at them in the portal", "they can't be seen: %s", sentence(q.Hidden.Text))
	case q.Dead < 0:
		return verdict(Warn, check, q.Name, "give your account the role Azure Service Bus Data Receiver on it", "they can't be seen with your account")
	case q.Dead > 0:
		return verdict(Warn, check, q.Name, "see whether the app's Dead... functions run, which empty it, and what the app logs",
			"%s in its dead-letter queue", lies(q.Dead))
	}
	return ok(check, q.Name, "none")
}

func lies(n int) string {
	if n == 1 {
		return "1 message lies"
	}
	return fmt.Sprintf("%d messages lie", n)
}

// ParseDuration reads a duration as Service Bus writes it, in ISO 8601 without
// years and months, such as PT1M30S or P14D.
func ParseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("want a duration such as PT1M, got %q", text)
	rest, found := strings.CutPrefix(text, "P")
	days, clock, timed := strings.Cut(rest, "T")
	if !found || rest == "" || timed && clock == "" {
		return 0, bad
	}
	var total float64
	for _, part := range []struct {
		text  string
		units string
		each  []time.Duration
	}{{days, "D", []time.Duration{24 * time.Hour}}, {clock, "HMS", []time.Duration{time.Hour, time.Minute, time.Second}}} {
		for part.text != "" {
			i := strings.IndexAny(part.text, part.units)
			if i < 1 {
				return 0, bad
			}
			var n float64
			if _, err := fmt.Sscanf(part.text[:i], "%g", &n); err != nil || !(n >= 0) { // NaN is not
				return 0, bad
			}
			unit := strings.IndexByte(part.units, part.text[i])
			total += n * float64(part.each[unit])
			part.text = part.text[i+1:]
		}
	}
	const never = float64(1<<63 - 1024) // Azure's forever is longer than Go's
	return time.Duration(min(total, never)), nil
}
