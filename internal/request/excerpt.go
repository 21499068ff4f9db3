package request

import (
	"regexp"
	"strings"
	"unicode"
)

// maxExcerpt bounds an excerpt, in characters.
const maxExcerpt = 300

var (
	// A name that sounds like a secret's, whose value follows.
	secretName = regexp.MustCompile(`(?i)(?:(?:key|secret|passw|passphrase|pwd|token|signature|credential|authorization|code)[\w.-]*|sig)\\*["']?\s*[=:]`)
	// A run of characters such as keys and tokens are made of, escaped or not.
	secretRun = regexp.MustCompile(`[A-Za-z0-9+/_=.%\\-]{40,}`)
)

// Excerpt is the begin of a message for people: printable, short, and without
// what looks like a secret. Where a value ends is the sender's matter, so what
// follows the name of a secret is left out altogether.
func Excerpt(body []byte) string {
	text := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, string(body[:min(len(body), 16*maxExcerpt)]))
	if name := secretName.FindStringIndex(text); name != nil {
		text = text[:name[1]] + "***"
	}
	text = secretRun.ReplaceAllString(text, "***")
	if runes := []rune(text); len(runes) > maxExcerpt {
		text = string(runes[:maxExcerpt]) + "…"
	}
	return text
}
