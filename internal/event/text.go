package event

import (
	"strings"
	"unicode"
)

// maxPlain bounds what is shown of an event, in characters.
const maxPlain = 300

// plain is the beginning of s without anything that could disturb a log or a
// terminal.
func plain(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
	count := 0
	for i := range s {
		if count == maxPlain {
			return strings.TrimSpace(s[:i])
		}
		count++
	}
	return s
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// first is the first of a and b that says something.
func first(a, b string) string {
	if blank(a) {
		return b
	}
	return a
}

// Azure's names mean the same in upper and lower case.

func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func hasSuffix(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

func cutPrefix(s, prefix string) (after string, found bool) {
	if !hasPrefix(s, prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func cutSuffix(s, suffix string) (before string, found bool) {
	if !hasSuffix(s, suffix) {
		return s, false
	}
	return s[:len(s)-len(suffix)], true
}
