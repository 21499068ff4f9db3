package request

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What callers branch on.
var (
	// ErrMalformed: nobody can understand the message, now or later.
	ErrMalformed = errors.New("malformed message")
	// ErrNewer: a newer version of Lifeboat wrote the message, and may
	// understand it.
	ErrNewer = errors.New("message of a newer version")
)

// MalformedError says what is wrong with a message. It matches ErrMalformed.
type MalformedError struct {
	Problem string
	Excerpt string // the message's beginning, fit to be logged
}

// Error gives the problem and the excerpt on one line.
func (e *MalformedError) Error() string {
	if e.Excerpt == "" {
		return fmt.Sprintf("%v: %s", ErrMalformed, e.Problem)
	}
	return fmt.Sprintf("%v: %s: %s", ErrMalformed, e.Problem, e.Excerpt)
}

// Unwrap lets errors.Is find ErrMalformed.
func (e *MalformedError) Unwrap() error { return ErrMalformed }

// NewerError is a message of a later schema. It matches ErrNewer.
type NewerError struct {
	Schema int
	ID     string // "" if it could not be told
}

// Error names the schema and, where it is known, the message.
func (e *NewerError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("%v: schema %d, want 1", ErrNewer, e.Schema)
	}
	return fmt.Sprintf("%v: schema %d, want 1: %s", ErrNewer, e.Schema, e.ID)
}

// Unwrap lets errors.Is find ErrNewer.
func (e *NewerError) Unwrap() error { return ErrNewer }

func malformed(body []byte, problem string) error {
	return &MalformedError{Problem: problem, Excerpt: short(Excerpt(body), maxQuoted)}
}

// maxQuoted bounds what of a message an error repeats, in bytes.
const maxQuoted = 200

// quoted is a name in a message, such as a key's, fit to be logged.
func quoted(name string) string {
	return short(strings.ToValidUTF8(Excerpt([]byte(name)), "?"), maxQuoted)
}

// line puts text on one line and leaves nothing in it that does not print.
func line(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// short is the beginning of s, at most n bytes, on one line.
func short(s string, n int) string {
	s = line(s)
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimSpace(s[:n])
}
