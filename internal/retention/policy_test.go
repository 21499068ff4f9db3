package retention

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	const empty = "keeps nothing beyond minKeep: want at least one of keepLast, hourly, daily, weekly and keepWithin above 0"
	tests := map[string]struct {
		policy Policy
		want   string
	}{
		"keepLast alone":   {Policy{KeepLast: 1, MinKeep: 1, RestorableFor: 1}, ""},
		"hourly alone":     {Policy{Hourly: 1, MinKeep: 1, RestorableFor: 1}, ""},
		"daily alone":      {Policy{Daily: 1, MinKeep: 1, RestorableFor: 1}, ""},
		"weekly alone":     {Policy{Weekly: 1, MinKeep: 1, RestorableFor: 1}, ""},
		"keepWithin alone": {Policy{KeepWithin: 1, MinKeep: 1, RestorableFor: 1}, ""},
		"minKeep alone":    {Policy{MinKeep: 3, RestorableFor: 1}, empty},
		"nothing at all":   {Policy{}, empty + "\nminKeep: want 1 or more, got 0\nrestorableFor: want more than 0s, got 0s"},
		"below zero": {
			Policy{KeepLast: -1, Hourly: -2, Daily: -3, Weekly: -4, KeepWithin: -time.Hour, MinKeep: -5, RestorableFor: -time.Hour},
			"keepLast: want 0 or more, got -1\nhourly: want 0 or more, got -2\ndaily: want 0 or more, got -3\nweekly: want 0 or more, got -4\n" +
				"keepWithin: want 0s or more, got -1h0m0s\nminKeep: want 1 or more, got -5\nrestorableFor: want more than 0s, got -1h0m0s",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := tt.policy.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(strings.Split(tt.want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("Validate (-want +got):\n%s", diff)
			}
		})
	}
}
