package job_test

import (
	"testing"

	"lifeboat/internal/job"
)

func TestFitsKey(t *testing.T) {
	for _, s := range []string{"", "apim-weu-20260301T010000Z-backup", "job|9", "münchen", "a b", "a%2Fb"} {
		if !job.FitsKey(s) {
			t.Errorf("%q does not fit", s)
		}
	}
	for _, s := range []string{"a/b", `a\b`, "#", "?", "o'clock", "a\nb", "\x00", "\x7f", "\u0085"} {
		if job.FitsKey(s) {
			t.Errorf("%q fits", s)
		}
	}
}
