package preflight_test

import (
	"testing"

	"lifeboat/internal/preflight"
)

// FuzzParseDuration: whatever Service Bus says of a span, it is one that time
// can have, or an error.
func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"PT1M30S", "P14D", "P10675199DT2H48M5.4775807S", "P", "PT", "P1DT", "PT1M1H", "P1e400D", "PT-1S", "PT+1S", "PTNaNS", "PT0x1pS", "P٣D"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := preflight.ParseDuration(text); err == nil && d < 0 || err != nil && d != 0 {
			t.Errorf("ParseDuration(%q) = %s, %v", text, d, err)
		}
	})
}
