package servicebus_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"lifeboat/internal/job"
)

// What the broker would refuse is shortened, and stays readable and unlike any
// other id.
func TestSendOfALongID(t *testing.T) {
	long := strings.Repeat("a-name/", 18) + "xy" // 128
	for name, c := range map[string]struct {
		id   string
		kept int // characters from the beginning; -1 is the whole
	}{
		"as long as may be":       {long, -1},
		"one too long":            {long + "z", 95},
		"the same to the end":     {long + "q", 95},
		"longer than any":         {strings.Repeat("b", 5000), 95},
		"letters of two bytes":    {strings.Repeat("ü", 128), -1},
		"cut between letters":     {strings.Repeat("ü", 129), 95},
		"a letter of two units":   {strings.Repeat("🛟", 64), -1},
		"not cut within a letter": {strings.Repeat("🛟", 65), 47},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(b *bundle) {
				b.send(job.Message{Queue: "steps", ID: c.id})
				b.send(job.Message{Queue: "steps", ID: c.id})
				b.send(job.Message{Queue: "steps", ID: c.id, NotBefore: time.Now().Add(time.Hour)})
				ids := map[string]bool{}
				for _, m := range b.broker.Peek("steps") {
					ids[m.ID] = true
				}
				if len(ids) != 1 {
					b.Errorf("the same id has become %v, want one", ids)
				}
				for got := range ids {
					if n := len(utf16.Encode([]rune(got))); n > 128 || !utf8.ValidString(got) {
						b.Errorf("%q has %d characters, want at most 128, and whole ones", got, n)
					}
					want, cut := c.id, c.kept >= 0
					if cut {
						want = string([]rune(c.id)[:c.kept]) + "~"
					}
					if !strings.HasPrefix(got, want) || !cut && got != want || cut && len(got)-len(want) != 32 {
						b.Errorf("id %q, want %q and, if it was cut, a hash", got, want)
					}
				}
			})
		})
	}
}

func TestLongIDsStayApart(t *testing.T) {
	bubble(t, func(b *bundle) {
		long := strings.Repeat("x", 128)
		ids := map[string]bool{}
		for _, id := range []string{long, long + "1", long + "2", long + "12"} {
			b.send(job.Message{Queue: "steps", ID: id})
		}
		for _, m := range b.broker.Peek("steps") {
			ids[m.ID] = true
		}
		if len(ids) != 4 {
			b.Errorf("four ids have become %v", ids)
		}
	})
}
