package plan

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"lifeboat/internal/retention"
)

const wantRetention = "a mapping of keepLast, hourly, daily, weekly, keepWithin and minKeep, or off"

// defaultRetention is what a retention has that names only some of its rules.
// It is made for nightly backups, more of them after changes, that Azure
// restores for 30 days: every point of the last three days, which a weekend
// and the Monday after it take to find a bad change; one a day for two weeks;
// one a week for what is left of the 30 days, which touch five weeks or six;
// and, for services that are backed up less often, the last seven.
var defaultRetention = retention.Policy{KeepLast: 7, Daily: 14, Weekly: 5, KeepWithin: 3 * 24 * time.Hour, MinKeep: 3}

// maxKept is far above what anybody keeps.
const maxKept = 1000

var retentionSettings = []setting[retention.Policy]{
	{key: "keepLast", want: "a number from 0 to 1000", set: number(0, maxKept, func(p *retention.Policy) *int { return &p.KeepLast })},
	{key: "hourly", want: "a number from 0 to 1000", set: number(0, maxKept, func(p *retention.Policy) *int { return &p.Hourly })},
	{key: "daily", want: "a number from 0 to 1000", set: number(0, maxKept, func(p *retention.Policy) *int { return &p.Daily })},
	{key: "weekly", want: "a number from 0 to 1000", set: number(0, maxKept, func(p *retention.Policy) *int { return &p.Weekly })},
	{key: "keepWithin", want: "a duration such as 3d", set: span(0, func(p *retention.Policy) *time.Duration { return &p.KeepWithin })},
	{key: "minKeep", want: "a number from 1 to 1000", set: number(1, maxKept, func(p *retention.Policy) *int { return &p.MinKeep })},
}

// retention reads which points are kept. Nothing is deleted unless somebody
// has said so in numbers: an empty mapping is a mistake.
func (r *reader) retention(e entry, path string, s *Service) {
	if off, ok := e.value.(*ast.StringNode); ok && off.Value == "off" {
		s.Retention = nil
		return
	}
	m, ok := asMapping(e.value)
	if !ok || len(m.Values) == 0 {
		r.report(e.at, path, "want %s, got %s", wantRetention, describeRetention(e.value))
		return
	}
	policy := defaultRetention
	if s.Retention != nil {
		policy = *s.Retention
	}
	policy.RestorableFor = s.RestorableFor
	before := len(r.mistakes)
	readSettings(r, m, path, retentionSettings, &policy, false)
	if err := policy.Validate(); err != nil && len(r.mistakes) == before {
		r.report(e.at, path, "%v", err)
	}
	s.Retention = &policy
}

func describeRetention(n ast.Node) string {
	if _, ok := asMapping(n); ok {
		return "an empty mapping"
	}
	return describe(n)
}

// completeRetention gives s's policy what it has in common with the service.
func completeRetention(s *Service) {
	if s.Retention == nil {
		return
	}
	own := *s.Retention // the defaults' is shared
	own.Location, own.RestorableFor = s.Schedule.zone, s.RestorableFor
	s.Retention = &own
}
