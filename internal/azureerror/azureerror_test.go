package azureerror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScrub(t *testing.T) {
	for text, want := range map[string]string{
		"two\n lines\t of  text":                             "two lines of text",
		"GET /t?sv=1&sig=abc%3D&se=2":                        "GET /t?sv=1&sig=…&se=2",
		"Authorization: SharedKey account:abc=":              "Authorization: SharedKey …",
		"AccountName=a;AccountKey=abc==;EndpointSuffix=x":    "AccountName=a;AccountKey=…;EndpointSuffix=x",
		"Endpoint=sb://a/;SharedAccessKey=abc=;EntityPath=x": "Endpoint=sb://a/;SharedAccessKey=…;EntityPath=x",
		"authorization: bearer eyJ.abc.def, and more":        "authorization: bearer …, and more",
		"dial tcp: lookup account.invalid: no such host\n\n": "dial tcp: lookup account.invalid: no such host",
		"a design is not a secret":                           "a design is not a secret",
		`sent {"accountKey": "abc==","container":"c"}`:       `sent {"accountKey": "…","container":"c"}`,
		`sent {\"accessKey\":\"abc==\",\"a\":1}`:             `sent {\"accessKey\":\"…\",\"a\":1}`,
		"accessType: AccessKey, container: c":                "accessType: AccessKey, container: c",
	} {
		if got := Scrub(text); got != want {
			t.Errorf("Scrub(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestHide(t *testing.T) {
	cause := &http.MaxBytesError{Limit: 1}
	err := Hide(fmt.Errorf("two\nlines, sig=abc %w", cause))
	var found *http.MaxBytesError
	if want := "two\nlines, sig=… " + cause.Error(); err.Error() != want || !errors.As(err, &found) {
		t.Errorf("error %q, want %q with its cause", err, want)
	}
	if err := Hide(cause); err != error(cause) {
		t.Errorf("error %v, which has nothing to hide, became %v", cause, err)
	}
}

func TestWords(t *testing.T) {
	dial := errors.New("dial tcp: connection refused")
	for want, c := range map[string]struct {
		answer Answer
		err    error
	}{
		"dial tcp: connection refused":                {Answer{}, dial},
		"dial tcp: connection refused without a host": {Answer{}, &url.Error{Op: "Get", URL: "https://st/?sig=abc", Err: &url.Error{Op: "Get", URL: "x", Err: fmt.Errorf("%w without a host", dial)}}},
		"HTTP 503 from st":                            {Answer{Status: 503, Host: "st"}, dial},
		"HTTP 403 AuthorizationFailure from st":       {Answer{Status: 403, Code: "AuthorizationFailure", Host: "st"}, dial},
		"HTTP 409 Busy from st: try later":            {Answer{Status: 409, Code: "Busy", Message: "try later", Host: "st"}, dial},
	} {
		if got := Words(c.answer, c.err); got != want {
			t.Errorf("Words(%+v, %v) = %q, want %q", c.answer, c.err, got, want)
		}
	}
}

// Nothing of the cause can be found but how its context ended, and nothing
// secret, or endless, in the text.
func TestNew(t *testing.T) {
	answer := &http.MaxBytesError{Limit: 1}
	err := New("save job a", "said sig=abc\nand more", Answer{}, fmt.Errorf("%w: %w", context.DeadlineExceeded, answer))
	if err.Error() != "save job a: said sig=… and more" {
		t.Errorf("error %q", err)
	}
	var found *http.MaxBytesError
	if errors.As(err, &found) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v wraps what it should not, or not what it should", err)
	}
	if err := New("look", "no", Answer{}, context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v hides that it was canceled", err)
	}
	if err := New("look", "no", Answer{}, answer); errors.Unwrap(err) != nil {
		t.Errorf("error %v wraps %v", err, errors.Unwrap(err))
	}
	for n := range 4 {
		long := New("look", strings.Repeat("x", n)+strings.Repeat("ż", 10_000), Answer{}, answer).Error()
		if !utf8.ValidString(long) || len(long) > len("look: ")+maxWords || !strings.HasSuffix(long, "ż…") {
			t.Errorf("%d bytes, ending %q", len(long), long[len(long)-6:])
		}
	}
}

// What decides is the answer, not the words that were made of it.
func TestAnswerOf(t *testing.T) {
	said := Answer{Status: 403, Code: "AuthorizationFailure", Message: "sig=abc", Host: "st"}
	err := fmt.Errorf("read: %w", New("look", Words(said, nil), said, errors.New("whatever")))
	if got, want := AnswerOf(err), (Answer{Status: 403, Code: "AuthorizationFailure"}); got != want {
		t.Errorf("answer %+v, want %+v", got, want)
	}
	for _, err := range []error{nil, errors.New("HTTP 403"), New("look", "HTTP 403", Answer{}, context.Canceled)} {
		if got := AnswerOf(err); got != (Answer{}) {
			t.Errorf("answer of %v is %+v, want none", err, got)
		}
	}
}

// A terminal obeys control characters, and Azure repeats what it was sent.
func TestControlCharactersAreShownAndNotObeyed(t *testing.T) {
	if got, want := Hidden("a\x1b[2Jb\x00\n\tc\r\u0085é"), "a\ufffd[2Jb\ufffd\n\tc \ufffdé"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
