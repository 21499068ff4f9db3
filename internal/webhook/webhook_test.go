package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/webhook"
)

func TestPost(t *testing.T) {
	s, got := receiver(t, http.StatusAccepted)
	// The white space is what a secret store may add.
	c := client(map[string]string{"OPS_URL": s.URL + "/hook/s3cret?code=x%2Fy \n"}, nil)
	if err := c.Post(t.Context(), ops, "apim-weu:20260301T010000.000Z:Late", "application/json", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if len(*got) != 1 {
		t.Fatalf("%d requests, want 1", len(*got))
	}
	r := (*got)[0]
	if r.method != "POST" || r.path != "/hook/s3cret" || r.query != "code=x%2Fy" || string(r.body) != `{"a":1}` {
		t.Errorf("%s %s?%s %s", r.method, r.path, r.query, r.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "lifeboat", "Webhook-Id": "apim-weu:20260301T010000_000Z:Late", "Webhook-Signature": "", "Webhook-Timestamp": "",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestPing(t *testing.T) {
	tests := []struct {
		name        string
		beat        job.Beat
		url         string
		path, query string
	}{
		{"success", job.BeatSuccess, "/ping/uuid", "/ping/uuid", ""},
		{"start", job.BeatStart, "/ping/uuid", "/ping/uuid/start", ""},
		{"failure", job.BeatFail, "/ping/uuid", "/ping/uuid/fail", ""},
		{"a slash at the end", job.BeatFail, "/ping/uuid/", "/ping/uuid/fail", ""},
		{"a query", job.BeatStart, "/key/slug?create=1", "/key/slug/start", "create=1"},
		{"no path", job.BeatStart, "", "/start", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, got := receiver(t, http.StatusOK)
			if err := client(map[string]string{"BEAT": s.URL + test.url}, nil).Ping(t.Context(), "BEAT", test.beat); err != nil {
				t.Fatal(err)
			}
			if len(*got) != 1 {
				t.Fatalf("%d requests, want 1", len(*got))
			}
			r := (*got)[0]
			if r.method != "GET" || r.path != test.path || r.query != test.query || r.header.Get("User-Agent") != "lifeboat" {
				t.Errorf("%s %s?%s by %s, want GET %s?%s", r.method, r.path, r.query, r.header.Get("User-Agent"), test.path, test.query)
			}
		})
	}
}

// Only a 2xx is a success, and no answer is asked for twice.
func TestStatus(t *testing.T) {
	for status, want := range map[int]string{
		200: "", 202: "", 204: "", 299: "",
		301: "redirects are not followed", 307: "redirects are not followed", 304: "redirects are not followed",
		400: "status 400 Bad Request", 401: "check the address", 403: "check the address", 404: "check the address", 410: "check the address",
		429: "status 429 Too Many Requests", 500: "status 500 Internal Server Error", 503: "status 503 Service Unavailable", 599: "status 599",
	} {
		asked := 0
		c := client(map[string]string{"OPS_URL": "https://hooks.example/s3cret", "BEAT": "https://hooks.example/s3cret"}, roundTrip(func(*http.Request) (*http.Response, error) {
			asked++
			return answer(status), nil
		}))
		for _, err := range []error{c.Post(t.Context(), ops, "id", "text/plain", nil), c.Ping(t.Context(), "BEAT", job.BeatStart)} {
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%d: %v, want %q", status, err, want)
			}
		}
		if asked != 2 {
			t.Errorf("%d: %d requests, want 2", status, asked)
		}
	}
}

// healthchecks.io answers 200 to a ping of no check and to one that it ignores.
func TestPingOfNoEffect(t *testing.T) {
	const unknown, ignored = "the receiver knows no such check: put the check's address into the setting", "the receiver took no notice of it: too many pings"
	for body, want := range map[string]string{
		"OK (not found)": unknown, "ok (Not Found), s3cret\n": unknown, " \r\nOK (not found) https://host-s3cret.example": unknown,
		"OK (rate-limited)": ignored, "OK (rate limited s3cret)\n": ignored,
		"": "", "OK": "", "OK\n": "", "OK (": "", "Created": "", "not found": "", "<html><body>OK (not found)</body></html>": "", "<p>" + strings.Repeat("x", 64<<10): "",
		strings.Repeat(" ", 64<<10) + "OK (not found)": "", "O\xff\x00": "",
	} {
		for _, beat := range []job.Beat{job.BeatStart, job.BeatSuccess, job.BeatFail} {
			c := client(map[string]string{"OPS_URL": secretURL, "BEAT": secretURL}, roundTrip(func(*http.Request) (*http.Response, error) {
				a := answer(200)
				a.Body = io.NopCloser(strings.NewReader(body))
				return a, nil
			}))
			err := c.Ping(t.Context(), "BEAT", beat)
			if want == "" && err != nil || want != "" && (err == nil || err.Error() != "heartbeat (app setting BEAT): "+want) {
				t.Errorf("%.40q: %v, want %q", body, err, want)
			}
			clean(t, err)
			if err := c.Post(t.Context(), ops, "id", "text/plain", nil); err != nil {
				t.Errorf("%.40q: post: %v", body, err)
			}
		}
	}
}

// What the status says goes before what the answer says.
func TestPingThatIsRefused(t *testing.T) {
	c := client(map[string]string{"BEAT": secretURL}, roundTrip(func(*http.Request) (*http.Response, error) {
		a := answer(404)
		a.Body = io.NopCloser(strings.NewReader("OK (rate-limited)"))
		return a, nil
	}))
	if err := c.Ping(t.Context(), "BEAT", job.BeatStart); err == nil || !strings.Contains(err.Error(), "status 404") {
		t.Errorf("%v, want the status", err)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var lured atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { lured.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/location-s3cret", status))
		c := client(map[string]string{"OPS_URL": s.URL, "BEAT": s.URL}, nil)
		for _, err := range []error{c.Post(t.Context(), ops, "id", "text/plain", []byte("body")), c.Ping(t.Context(), "BEAT", job.BeatFail)} {
			if err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%d: %v", status, err)
			}
		}
		s.Close()
	}
	if n := lured.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

func TestUnusableSettings(t *testing.T) {
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	tests := []struct {
		name, url, key string
		notSet         bool
		want           string
	}{
		{"no address", "", key, true, "OPS_URL is not set"},
		{"an address of spaces", " \n", key, true, "OPS_URL is not set"},
		{"plain HTTP to another machine", "http://hooks.s3cret.example/x", key, false, "OPS_URL): its value is not a usable address"},
		{"plain HTTP to a name like loopback", "http://localhost.s3cret.example/x", key, false, "OPS_URL): its value is not a usable address"},
		{"no scheme", "hooks.s3cret.example/x", key, false, "OPS_URL): its value is not a usable address"},
		{"no host", "https:///s3cret", key, false, "OPS_URL): its value is not a usable address"},
		{"another scheme", "ftp://s3cret.example/", key, false, "OPS_URL): its value is not a usable address"},
		{"no URL at all", "https://s3cret.example/%zz", key, false, "OPS_URL): its value is not a usable address"},
		{"a port that is none", "https://s3cret.example:x/", key, false, "OPS_URL): its value is not a usable address"},
		{"a reference that was not resolved", "@Microsoft.KeyVault(SecretUri=https://s3cret.vault.azure.net/x)", key, false, "OPS_URL): its Key Vault reference"},
		{"no key", "https://s3cret.example/", "", true, "OPS_KEY is not set"},
		{"a short key", "https://s3cret.example/", "s3cret-of-23-bytes-----", false, "OPS_KEY): its value is not a usable key"},
		{"a short key in base64", "https://s3cret.example/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==", false, "OPS_KEY): its value is not a usable key"},
		{"no base64", "https://s3cret.example/", "whsec_s3cret-s3cret-s3cret-s3cret-s3cret", false, "OPS_KEY): its value is not a usable key"},
		{"a key of another scheme", "https://s3cret.example/", "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==", false, "OPS_KEY): its value is not a usable key"},
		{"a key's reference that was not resolved", "https://s3cret.example/", "@Microsoft.KeyVault(SecretUri=https://s3cret.vault.azure.net/x)", false, "OPS_KEY): its Key Vault reference"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := client(map[string]string{"OPS_URL": test.url, "OPS_KEY": test.key}, roundTrip(func(*http.Request) (*http.Response, error) {
				t.Error("a request was sent")
				return answer(200), nil
			}))
			err := c.Post(t.Context(), signed, "id", "text/plain", nil)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "webhook ops") || errors.Is(err, webhook.ErrNotSet) != test.notSet {
				t.Errorf("%v, want %q, not set %t", err, test.want, test.notSet)
			}
			clean(t, err)
			if test.key == key {
				if err := c.Ping(t.Context(), "OPS_URL", job.BeatStart); err == nil || errors.Is(err, webhook.ErrNotSet) != test.notSet || !strings.Contains(err.Error(), "heartbeat") {
					t.Errorf("ping: %v", err)
				}
			}
		})
	}
}

func TestPlainHTTPGoesToLoopbackOnly(t *testing.T) {
	for _, address := range []string{"http://localhost:1/x", "http://127.0.0.1:1/x", "http://127.9.9.9/x", "http://[::1]:1/x", "https://hooks.example/x", "https://10.0.0.1/x"} {
		c := client(map[string]string{"OPS_URL": address}, roundTrip(func(*http.Request) (*http.Response, error) { return answer(200), nil }))
		if err := c.Post(t.Context(), ops, "id", "text/plain", nil); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// endless is an answer that never ends.
type endless struct{ read atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read.Add(int64(len(p)))
	return len(p), nil
}
func (e *endless) Close() error { return nil }

func TestAnAnswerIsReadInPart(t *testing.T) {
	body := &endless{}
	c := client(map[string]string{"OPS_URL": "https://hooks.example/"}, roundTrip(func(*http.Request) (*http.Response, error) {
		a := answer(200)
		a.Body = body
		return a, nil
	}))
	for name, call := range map[string]func() error{
		"post": func() error { return c.Post(t.Context(), ops, "id", "text/plain", nil) },
		"ping": func() error { return c.Ping(t.Context(), "OPS_URL", job.BeatStart) },
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		if n := body.read.Swap(0); n > 64<<10 || n == 0 {
			t.Errorf("%s: %d bytes of the answer were read", name, n)
		}
	}
}

// A receiver that took the notice has it, even if its answer breaks off.
func TestABrokenAnswerIsASuccess(t *testing.T) {
	c := client(map[string]string{"OPS_URL": "https://hooks.example/"}, roundTrip(func(*http.Request) (*http.Response, error) {
		a := answer(200)
		a.Body = io.NopCloser(io.MultiReader(strings.NewReader("o"), broken{}))
		return a, nil
	}))
	for _, err := range []error{c.Post(t.Context(), ops, "id", "text/plain", nil), c.Ping(t.Context(), "OPS_URL", job.BeatStart)} {
		if err != nil {
			t.Error(err)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// silent never answers.
var silent = roundTrip(func(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
})

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(map[string]string{"OPS_URL": "https://s3cret.example/"}, silent)
		start := time.Now()
		err := c.Post(t.Context(), ops, "id", "text/plain", nil)
		if err == nil || !strings.Contains(err.Error(), "timeout: no answer within 10s") {
			t.Errorf("%v", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("took %s", took)
		}
		clean(t, err)
	})
}

func TestTheCallersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(map[string]string{"OPS_URL": "https://s3cret.example/"}, silent)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := c.Post(ctx, ops, "id", "text/plain", nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		clean(t, err)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Ping(gone, "OPS_URL", job.BeatStart); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

var _ interface {
	Post(ctx context.Context, to plan.Webhook, id, contentType string, body []byte) error
	Ping(ctx context.Context, setting string, b job.Beat) error
} = (*webhook.Client)(nil)
