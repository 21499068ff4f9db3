package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	"lifeboat/internal/plan"
	"lifeboat/internal/preflight"
)

// crowd is a plan of n services of a subscription.
func crowd(t *testing.T, n int, settings string) *plan.Plan {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "version: 1\ndefaults: {storageAccount: stbackups, container: apim%s}\nservices:\n", settings)
	for i := range n {
		fmt.Fprintf(&text, "  apim-%d: {resourceId: /subscriptions/%s/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim-%d}\n", i, subscription, i)
	}
	p, err := plan.Parse("lifeboat.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCrowds(t *testing.T) {
	s := &sheet{T: t}
	for _, tt := range []struct {
		n        int
		settings string
	}{
		{2000, ""},
		{2001, ""},
		{1000, ", jitter: 0s"},
		{1001, ", jitter: 0s"},
		{10_000, ""},
		{10_000, ", jitter: 3h"},
	} {
		s.add(fmt.Sprint(tt.n, " services", tt.settings), preflight.Crowds(crowd(t, tt.n, tt.settings), now)...)
	}
	p := crowd(t, 2001, "")
	p.Services[0].Subscription = "another"
	s.add("two subscriptions", preflight.Crowds(p, now)...)
	p = crowd(t, 2001, "")
	p.Services[0].Schedule = protected(t, "schedule: 0 30 1 * * *").Schedule
	s.add("one of them half an hour later", preflight.Crowds(p, now)...)
	s.golden("crowds")
}
