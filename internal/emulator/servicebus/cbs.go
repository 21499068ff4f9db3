package servicebus

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/go-amqp"

	"lifeboat/internal/emulator/servicebus/wire"
)

const sasTokenType = "servicebus.windows.net:sastoken"

// putToken handles a request to $cbs: it remembers what the token admits to.
func (c *conn) putToken(request *amqp.Message) response {
	property := func(name string) string {
		s, _ := request.ApplicationProperties[name].(string)
		return s
	}
	if property("operation") != "put-token" {
		return response{code: http.StatusBadRequest, description: "want put-token"}
	}
	token, _ := request.Value.(string)
	audience := property("name")
	until, problem := c.broker.checkToken(property("type"), token, audience)
	if problem != "" {
		return refusal(wire.ConditionUnauthorizedAccess, problem)
	}
	c.broker.lock()
	defer c.broker.unlock()
	path := pathOf(audience)
	name, _ := cutSuffixFold(path, managementSuffix)
	if _, err := c.broker.entity(name); err != nil && name != "" {
		return notFound(path)
	}
	c.claims[path] = until
	return response{code: http.StatusAccepted, description: "Accepted"}
}

// checkToken returns until when a token admits to audience, or what is wrong.
func (b *Broker) checkToken(kind, token, audience string) (until time.Time, problem string) {
	if b.options.Key == "" {
		return time.Time{}, ""
	}
	rest, ok := strings.CutPrefix(token, "SharedAccessSignature ")
	if kind != sasTokenType || !ok {
		return time.Time{}, "want a shared access signature"
	}
	fields := map[string]string{}
	for pair := range strings.SplitSeq(rest, "&") {
		name, value, _ := strings.Cut(pair, "=")
		fields[name] = value
	}
	if !b.signed(fields) {
		return time.Time{}, "the token has an invalid signature"
	}
	resource, err := url.QueryUnescape(fields["sr"])
	if err != nil || !covers(pathOf(resource), pathOf(audience)) {
		return time.Time{}, "the token is for another resource"
	}
	seconds, err := strconv.ParseInt(fields["se"], 10, 64)
	until = time.Unix(seconds, 0)
	if err != nil || !b.options.Now().Before(until) {
		return time.Time{}, "the token has expired"
	}
	return until, ""
}

// signed checks key name and signature. Both are as they were sent: escaped.
func (b *Broker) signed(fields map[string]string) bool {
	mac := hmac.New(sha256.New, []byte(b.options.Key))
	mac.Write([]byte(fields["sr"] + "\n" + fields["se"]))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	got, err := url.QueryUnescape(fields["sig"])
	name, nameErr := url.QueryUnescape(fields["skn"])
	return err == nil && nameErr == nil && name == b.options.KeyName && hmac.Equal([]byte(got), []byte(want))
}

// authorized tells whether a token admits to path. The lock must be held.
func (c *conn) authorized(path string) bool {
	if c.broker.options.Key == "" {
		return true
	}
	for claim, until := range c.claims {
		if covers(claim, strings.ToLower(path)) && c.broker.now.Before(until) {
			return true
		}
	}
	return false
}

// covers tells whether a claim on one path is a claim on the other.
func covers(claim, path string) bool {
	return claim == "" || claim == path || strings.HasPrefix(path, claim+"/")
}

// pathOf is the lower-case path of an audience such as amqp://host:port/queue.
func pathOf(audience string) string {
	if _, rest, ok := strings.Cut(audience, "://"); ok {
		audience = rest
	}
	_, path, _ := strings.Cut(audience, "/")
	return strings.ToLower(strings.Trim(path, "/"))
}
