package preflight_test

import (
	"errors"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/preflight"
)

func TestPlanVerdicts(t *testing.T) {
	s := &sheet{T: t}
	const hooks = "webhooks: {ops: {form: slack, urlSetting: OPS}, chat: {form: teams, urlSetting: CHAT}}\n"
	s.add("a good plan", preflight.Plan("lifeboat.yaml", parsed(t, ""), nil))
	s.add("a mistake", preflight.Plan("lifeboat.yaml", nil, errors.New("lifeboat.yaml:3:1: want a mapping")))
	s.add("mistakes", preflight.Plan("lifeboat.yaml", nil, errors.Join(errors.New("lifeboat.yaml:3:1: want a mapping"), errors.New("another"), errors.New("a third"))))

	p := parsed(t, "")
	s.add("no webhooks", preflight.Webhooks(p, p.Services[0]))
	p = parsed(t, hooks)
	s.add("two webhooks", preflight.Webhooks(p, p.Services[0]))
	p = parsed(t, hooks, "webhooks: [ops]")
	s.add("one of them", preflight.Webhooks(p, p.Services[0]))
	p = parsed(t, hooks, "webhooks: []")
	s.add("nobody, as said", preflight.Webhooks(p, p.Services[0]))

	s.add("no retention", preflight.Retention(protected(t)))
	s.add("a retention", preflight.Retention(protected(t, "retention: {daily: 7}")))
	s.add("restorable for Azure's 30 days", preflight.Limit(protected(t)))
	s.add("restorable for longer than Azure says", preflight.Limit(protected(t, "restorableFor: 45d")))
	s.golden("plan")
}

func TestScheduleVerdicts(t *testing.T) {
	s := &sheet{T: t}
	for _, tt := range []struct {
		name     string
		settings []string
	}{
		{"nightly, daylight saving included", []string{"schedule: 0 30 2 * * *", "timeZone: Europe/Berlin"}},
		{"nightly, and the night of 25 hours is too long", []string{"schedule: 0 30 2 * * *", "timeZone: Europe/Berlin", "grace: 30m", "jitter: 0s"}},
		{"every six hours", []string{"schedule: 0 0 */6 * * *", "interval: 6h", "grace: 1h"}},
		{"by day only, and the night is longer than the goal", []string{"schedule: 0 0 8-18 * * *", "interval: 1h", "grace: 1h"}},
		{"weekly with the goal of a day", []string{"schedule: 0 0 1 * * 0"}},
		{"on weekdays", []string{"schedule: 0 0 1 * * 1-5"}},
		{"jitter that eats the grace", []string{"interval: 24h", "grace: 10m", "jitter: 20m"}},
		{"jitter that just fits", []string{"interval: 24h", "grace: 20m", "jitter: 20m"}},
		{"hourly, but not at a month's end", []string{"schedule: 0 0 * 1-20 * *", "interval: 1h", "grace: 1h"}},
		{"four times an hour, but not at weekends", []string{"schedule: 0 */15 * * * 1-5", "interval: 1h", "grace: 1h"}},
		{"hourly, but not in winter", []string{"schedule: 0 0 * * 3-11 *", "interval: 1h", "grace: 1h"}},
		{"every minute", []string{"schedule: 0 * * * * *", "interval: 1h", "grace: 1h"}},
		{"once a year", []string{"schedule: 0 0 0 1 1 *"}},
		{"as long as a backup lasts", []string{"schedule: 0 0 1 * * *", "restorableFor: 24h", "lapseWarning: 1h", "failover: {maxPointAge: 12h}"}},
	} {
		s.add(tt.name, preflight.Schedule(protected(t, tt.settings...), now))
	}
	s.golden("schedule")
}

func TestPointVerdicts(t *testing.T) {
	s := &sheet{T: t}
	service := protected(t)
	point := func(age time.Duration) job.Summary {
		return job.Summary{PointBlob: "b", PointStarted: now.Add(-age), ProtectedSince: now.Add(-1000 * time.Hour)}
	}
	for _, tt := range []struct {
		name string
		row  job.Summary
	}{
		{"never seen", job.Summary{}},
		{"just seen", job.Summary{ProtectedSince: now.Add(-time.Hour)}},
		{"never backed up for too long", job.Summary{ProtectedSince: now.Add(-27 * time.Hour)}},
		{"fresh", point(18 * time.Hour)},
		{"minutes old", point(25*time.Minute + 29*time.Second)},
		{"at the goal", point(26 * time.Hour)},
		{"late", point(26*time.Hour + 1)},
		{"down", point(60 * time.Hour)},
		{"lapsed", point(30 * 24 * time.Hour)},
		{"by another clock", point(-time.Minute)},
		{"withdrawn", job.Summary{Bereft: true, ProtectedSince: now.Add(-time.Hour)}},
	} {
		s.add(tt.name, preflight.Point(service, tt.row, now))
	}
	s.add("not known", preflight.PointUnknown(service))
	s.golden("point")
}
