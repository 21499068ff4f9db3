package servicebus

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"
)

// Who gets in, and to what.

var keyed = Options{KeyName: "sender", Key: "s3cret"}

func TestTheRightKeyOpensTheDoor(t *testing.T) {
	bubble(t, keyed, func(l *lab) {
		l.send(l.sender("jobs"), "a")
		r := l.receiver("jobs", nil)
		m := l.receive(r)
		time.Sleep(30 * time.Second)
		l.ok(r.RenewMessageLock(l.ctx, m, nil)) // $management has a token of its own
		l.ok(r.CompleteMessage(l.ctx, m, nil))
		time.Sleep(24 * time.Hour) // tokens are renewed
		l.send(l.sender("jobs"), "b")
		if n := l.broker.Stats().Connections; n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}

func TestWrongKeysAreRefused(t *testing.T) {
	cases := map[string]string{
		"another key":      "SharedAccessKeyName=sender;SharedAccessKey=guess",
		"another key name": "SharedAccessKeyName=listener;SharedAccessKey=s3cret",
		"a token that expired": "SharedAccessSignature=" +
			signedToken("amqp%3a%2f%2fhost%2fjobs", "100", keyed.KeyName, keyed.Key),
		"no token at all": "SharedAccessSignature=SharedAccessSignature nonsense",
	}
	for name, credentials := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, keyed, func(l *lab) {
				c := l.newClient("Endpoint=sb://host;" + credentials + ";UseDevelopmentEmulator=true")
				defer c.Close(l.ctx)
				s, err := c.NewSender("jobs", nil)
				l.ok(err)
				l.code(s.SendMessage(l.ctx, message("a"), nil), azservicebus.CodeUnauthorizedAccess)
				l.counts("jobs", 0, 0, 0)
			})
		})
	}
}

func TestTokensExpireAndNameAResource(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := New(Options{KeyName: "sender", Key: "s3cret", Now: func() time.Time { return now }})
	// For amqp://host/jobs until 2026-01-01T00:15.
	token := signedToken("amqp%3a%2f%2fhost%2fjobs", "1767226500", "sender", "s3cret")
	cases := []struct {
		name, token, audience, problem string
		later                          time.Duration
	}{
		{name: "in time", token: token, audience: "amqp://host/jobs"},
		{name: "for what is below", token: token, audience: "amqp://host/jobs/$management"},
		{name: "in other letters", token: token, audience: "amqp://host/Jobs"},
		{name: "too late", token: token, audience: "amqp://host/jobs", later: 15 * time.Minute, problem: "expired"},
		{name: "for another queue", token: token, audience: "amqp://host/jobs2", problem: "another resource"},
		{name: "tampered with", token: strings.Replace(token, "1767226500", "2767226500", 1), audience: "amqp://host/jobs", problem: "signature"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(c.later)
			_, problem := b.checkToken(sasTokenType, c.token, c.audience)
			if c.problem == "" && problem != "" || !strings.Contains(problem, c.problem) {
				t.Errorf("checkToken = %q, want %q", problem, c.problem)
			}
		})
	}
}

// signedToken makes a token as the client does.
func signedToken(resource, expiry, name, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(resource + "\n" + expiry))
	signature := url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return "SharedAccessSignature sr=" + resource + "&sig=" + signature + "&se=" + expiry + "&skn=" + name
}

func TestAnyTokenWillDoWithoutAKey(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		c, err := azservicebus.NewClient("host.servicebus.windows.net", entra{}, &azservicebus.ClientOptions{
			NewWebSocketConn: func(context.Context, azservicebus.NewWebSocketConnArgs) (net.Conn, error) {
				return l.dial(), nil
			},
		})
		l.ok(err)
		defer c.Close(l.ctx)
		s, err := c.NewSender("jobs", nil)
		l.ok(err)
		l.send(s, "a")
		l.counts("jobs", 1, 0, 0)
	})
}

// entra is a credential such as azidentity gives.
type entra struct{}

func (entra) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "jwt", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestUnknownQueues(t *testing.T) {
	bubble(t, Options{}, func(l *lab) {
		l.code(l.sender("nowhere").SendMessage(l.ctx, message("a"), nil), azservicebus.CodeNotFound)
		_, err := l.receiver("nowhere", nil).PeekMessages(l.ctx, 1, nil)
		l.code(err, azservicebus.CodeNotFound)
		l.send(l.sender("JOBS"), "names have no case")
		l.counts("jobs", 1, 0, 0)
	})
}

// TestRefusedLinks uses the AMQP client below the SDK, which would ask $cbs first.
func TestRefusedLinks(t *testing.T) {
	cases := []struct {
		name    string
		options Options
		attach  func(context.Context, *amqp.Session) error
		want    amqp.ErrCond
	}{
		{"a receiver of no queue", Options{}, receiveFrom("nowhere"), amqp.ErrCondNotFound},
		{"a sender to no queue", Options{}, sendTo("nowhere"), amqp.ErrCondNotFound},
		{"management of no queue", Options{}, sendTo("nowhere/$management"), amqp.ErrCondNotFound},
		{"a sender to a dead-letter queue", Options{}, sendTo("jobs/$DeadLetterQueue"), amqp.ErrCondNotAllowed},
		{"a receiver without a token", keyed, receiveFrom("jobs"), amqp.ErrCondUnauthorizedAccess},
		{"management without a token", keyed, sendTo("jobs/$management"), amqp.ErrCondUnauthorizedAccess},
		{"a second $cbs", Options{}, twiceTo("$cbs"), amqp.ErrCondNotAllowed},
		{"a session", Options{}, receiveSession("jobs"), amqp.ErrCondNotImplemented},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, c.options, func(l *lab) {
				conn, err := amqp.NewConn(l.ctx, l.dial(), &amqp.ConnOptions{SASLType: amqp.SASLTypeAnonymous()})
				l.ok(err)
				defer conn.Close()
				session, err := conn.NewSession(l.ctx, nil)
				l.ok(err)
				var refused *amqp.Error
				if err := c.attach(l.ctx, session); !errors.As(err, &refused) || refused.Condition != c.want {
					t.Errorf("attach = %v, want %s", err, c.want)
				}
				// The session is still of use.
				if _, err := session.NewReceiver(l.ctx, "$cbs", nil); err != nil {
					t.Errorf("attach afterwards: %v", err)
				}
			})
		})
	}
}

func sendTo(address string) func(context.Context, *amqp.Session) error {
	return func(ctx context.Context, s *amqp.Session) error {
		_, err := s.NewSender(ctx, address, nil)
		return err
	}
}

func receiveFrom(address string) func(context.Context, *amqp.Session) error {
	return func(ctx context.Context, s *amqp.Session) error {
		_, err := s.NewReceiver(ctx, address, nil)
		return err
	}
}

func twiceTo(address string) func(context.Context, *amqp.Session) error {
	return func(ctx context.Context, s *amqp.Session) error {
		if err := sendTo(address)(ctx, s); err != nil {
			return errors.New("refused the first time")
		}
		return sendTo(address)(ctx, s)
	}
}

func receiveSession(address string) func(context.Context, *amqp.Session) error {
	return func(ctx context.Context, s *amqp.Session) error {
		filter := amqp.NewLinkFilter("com.microsoft:session-filter", 0x137000000c, "session")
		_, err := s.NewReceiver(ctx, address, &amqp.ReceiverOptions{Filters: []amqp.LinkFilter{filter}})
		return err
	}
}
