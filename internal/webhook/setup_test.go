package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/plan"
	"lifeboat/internal/webhook"
)

var now = time.Unix(1614265330, 0)

// ops is a webhook that is not signed, and signed one that is.
var (
	ops    = plan.Webhook{Name: "ops", URLSetting: "OPS_URL"}
	signed = plan.Webhook{Name: "ops", URLSetting: "OPS_URL", KeySetting: "OPS_KEY"}
)

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func client(settings map[string]string, transport http.RoundTripper) *webhook.Client {
	return webhook.New(webhook.Options{
		Getenv: func(setting string) string { return settings[setting] }, Transport: transport, Now: func() time.Time { return now },
	})
}

func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("what the answer says"))}
}

// received is what a receiver got.
type received struct {
	method, path, query string
	header              http.Header
	body                []byte
}

// receiver answers every request with status and keeps what it got.
func receiver(t *testing.T, status int) (*httptest.Server, *[]received) {
	t.Helper()
	var got []received
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, received{r.Method, r.URL.Path, r.URL.RawQuery, r.Header, body})
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s, &got
}
