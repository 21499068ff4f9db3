package servicebus

import (
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

func TestAnIDThatIsTooLong(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		long := strings.Repeat("ü", 128)
		s := l.sender("jobs")
		l.send(s, long)
		l.ok(l.broker.Send("jobs", Message{ID: long}))
		l.counts("jobs", 2, 0, 0)
		refuses := func(what string, err error) {
			l.Helper()
			if err == nil || !strings.Contains(err.Error(), "129 characters") {
				l.Errorf("%s an id of 129 characters = %v, want a refusal", what, err)
			}
		}
		refuses("send", s.SendMessage(l.ctx, message(long+"x"), nil))
		later := &azservicebus.Message{MessageID: to.Ptr(long + "x")}
		_, err := s.ScheduleMessages(l.ctx, []*azservicebus.Message{message("short"), later}, time.Now().Add(time.Hour), nil)
		refuses("schedule", err)
		refuses("put", l.broker.Send("jobs", Message{ID: long + "x"}))
		l.counts("jobs", 2, 0, 0)
	})
}
