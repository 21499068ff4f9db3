// Package azureerror makes errors of what a storage service or the network
// said that are safe to show and to keep: one line, bounded, without secrets
// and without the request. What the answer means is left to the adapters.
package azureerror

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Answer is how a service said no. The zero Answer is none.
type Answer struct {
	Status        int // of HTTP
	Code, Message string
	Host          string
}

// failure says what was tried and what was said. It is all text, because the
// SDK's errors and net/http's show requests whole, and with them signatures;
// only the answer's status and code, and a context's error, can be found inside.
type failure struct {
	text   string
	answer Answer
	cause  error // context.Canceled, context.DeadlineExceeded or nil
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// New is the error of doing something, of which said is what is known, and a
// how the service said no, if it did. Of err only the end of its context is kept.
func New(doing, said string, a Answer, err error) error {
	f := &failure{text: doing + ": " + bounded(Scrub(said)), answer: Answer{Status: a.Status, Code: Scrub(a.Code)}}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			f.cause = cause
		}
	}
	return f
}

// AnswerOf is the status and the code by which a service said no, where err is,
// or wraps, one of New's. The zero Answer: none did, or err is another's.
func AnswerOf(err error) Answer {
	var f *failure
	if !errors.As(err, &f) {
		return Answer{}
	}
	return f.answer
}

// Words are a's own or, if there was no answer, err's, without the address.
func Words(a Answer, err error) string {
	switch {
	case a.Status == 0:
		return Bare(err).Error()
	case a.Code == "":
		return fmt.Sprintf("HTTP %d from %s", a.Status, a.Host)
	case a.Message == "":
		return fmt.Sprintf("HTTP %d %s from %s", a.Status, a.Code, a.Host)
	}
	return fmt.Sprintf("HTTP %d %s from %s: %s", a.Status, a.Code, a.Host, a.Message)
}

// Bare is err without the addresses that net/http puts around it.
func Bare(err error) error {
	for {
		var u *url.Error
		if !errors.As(err, &u) || u.Err == nil {
			return err
		}
		err = u.Err
	}
}

// secret matches what must not be shown should anybody's words repeat it: in
// addresses, connection strings, headers, and JSON, which may be quoted itself.
var secret = regexp.MustCompile(`(?i)((?:[?&;]|\b)(?:sig|signature|accountkey|sharedaccesskey|sharedaccesssignature)=|` +
	`\b(?:accesskey|accountkey|sharedaccesskey|access_token|client_secret)\\*"\s*:\s*\\*"|` +
	`\b(?:bearer|sharedkey|sharedkeylite)\s+)[^\s&;,"'\\]+`)

// Hidden is text without secrets and without control characters, which a
// terminal may obey, and otherwise word for word.
func Hidden(text string) string {
	return strings.Map(shown, secret.ReplaceAllString(text, "${1}…"))
}

func shown(r rune) rune {
	if r == '\r' {
		return ' '
	}
	if unicode.IsControl(r) && r != '\n' && r != '\t' {
		return unicode.ReplacementChar
	}
	return r
}

// Scrub is text on one line and without secrets.
func Scrub(text string) string { return Hidden(strings.Join(strings.Fields(text), " ")) }

// Hide is err, with all that it wraps, in words without secrets.
func Hide(err error) error {
	if text := Hidden(err.Error()); text != err.Error() {
		return &hidden{text, err}
	}
	return err
}

type hidden struct {
	text  string
	cause error
}

func (h *hidden) Error() string { return h.text }
func (h *hidden) Unwrap() error { return h.cause }

// maxWords bounds what is said, in bytes.
const maxWords = 500

func bounded(text string) string {
	const ellipsis = "…"
	if len(text) <= maxWords {
		return text
	}
	cut := maxWords - len(ellipsis)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + ellipsis
}
