package apim_test

import (
	"strings"
	"testing"
	"unicode"
)

// fitForALog fails the test if a text is longer than most, has a control
// character, or betrays a secret of the tests.
func fitForALog(t *testing.T, text string, most int) {
	t.Helper()
	if len(text) > most {
		t.Errorf("%d bytes, want at most %d: %.200q", len(text), most, text)
	}
	for _, secret := range []string{storageKey, bearer} {
		if strings.Contains(text, secret) {
			t.Errorf("betrays a secret: %q", text)
		}
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		t.Errorf("has a control character: %q", text)
	}
}
