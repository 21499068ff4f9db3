package simulation

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/plan"
	"lifeboat/internal/retention"
)

const resources = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"

// fleets are who is protected, and by whom replaced.
var fleets = []string{`
  apim-weu:
    resourceId: ID/apim-weu
    heartbeatSetting: BEAT_URL
    standbys: {apim-neu: {resourceId: ID/apim-neu}, apim-nor: {resourceId: ID/apim-nor}}
    failover: {rules: [down, very down]}
  apim-sea:
    resourceId: ID/apim-sea
    standbys: {apim-neu: {resourceId: ID/apim-neu}}
    failover: {rules: [sea down]}
`, `
  apim-weu:
    resourceId: ID/apim-weu
    heartbeatSetting: BEAT_URL
    standbys: {apim-neu: {resourceId: ID/apim-neu}}
    failover: {rules: [down, very down]}
`, `
  apim-weu:
    resourceId: ID/apim-weu
    standbys: {apim-neu: {resourceId: ID/apim-neu}}
    failover: {rules: [down]}
  apim-sea:
    resourceId: ID/apim-sea
    heartbeatSetting: BEAT_URL
`}

// calendars are schedules, with the time that may lie between two backups, and
// the days at which histories begin that matter to them: before clocks change,
// before a leap day, at a year's end.
var calendars = []struct {
	schedule, zone string
	interval       time.Duration
	starts         []string
}{
	{"0 0 0 * * *", "UTC", 24 * time.Hour, []string{"2028-02-27", "2026-12-30", "2027-06-01"}},
	{"0 30 2 * * *", "Europe/Amsterdam", 24 * time.Hour, []string{"2026-03-27", "2026-10-23", "2027-03-26"}},
	{"0 30 1 * * *", "America/New_York", 24 * time.Hour, []string{"2026-03-06", "2026-10-30", "2028-02-27"}},
	{"0 15 2 * * *", "Australia/Lord_Howe", 24 * time.Hour, []string{"2027-04-02", "2026-10-02"}},
	{"0 0 */6 * * *", "UTC", 6 * time.Hour, []string{"2028-02-28", "2027-01-30"}},
}

// bases are the parsed plans, by fleet and calendar.
var bases = sync.OnceValue(func() (all [][]*plan.Plan) {
	for _, fleet := range fleets {
		var row []*plan.Plan
		for _, c := range calendars {
			text := "version: 1\nenvironment: test\nwebhooks: {ops: {urlSetting: OPS_URL}, chat: {urlSetting: CHAT_URL}}\n" +
				"defaults: {storageAccount: stbackups, container: apim, schedule: \"" + c.schedule + "\", timeZone: " + c.zone + ", interval: " + c.interval.String() + "}\n" +
				"services:" + strings.ReplaceAll(fleet, "ID/", resources)
			p, err := plan.Parse("simulation.yaml", []byte(text))
			if err != nil {
				panic(err)
			}
			row = append(row, p)
		}
		all = append(all, row)
	}
	return all
})

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// one reports true once in n times.
func one(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

// drawPlan is a random plan and the day on which its history begins.
func drawPlan(r *rand.Rand) (*plan.Plan, time.Time) {
	calendar := r.IntN(len(calendars))
	whole := *bases()[r.IntN(len(fleets))][calendar]
	whole.Services = slices.Clone(whole.Services)
	for i := range whole.Services {
		drawService(r, &whole.Services[i])
	}
	start, err := time.Parse(time.DateOnly, pick(r, calendars[calendar].starts...))
	if err != nil {
		panic(err)
	}
	return &whole, start.Add(time.Duration(r.IntN(24*60)) * time.Minute)
}

func drawService(r *rand.Rand, s *plan.Service) {
	s.Jitter = pick(r, 0, 10*time.Minute, 20*time.Minute)
	s.Grace = pick(r, 30*time.Minute, time.Hour, 2*time.Hour)
	s.RestorableFor = pick(r, 36*time.Hour, 30*24*time.Hour)
	s.LapseWarning = pick(r, 6*time.Hour, 3*24*time.Hour)
	s.Rules.Deadline = pick(r, 90*time.Minute, 3*time.Hour, 6*time.Hour)
	s.Rules.OperationDeadline = pick(r, 40*time.Minute, time.Hour, 2*time.Hour)
	if one(r, 4) { // so short that deadlines matter
		s.Rules.Deadline = pick(r, 15*time.Minute, 20*time.Minute, 35*time.Minute)
		s.Rules.OperationDeadline = pick(r, 10*time.Minute, 12*time.Minute, 15*time.Minute)
	}
	s.Rules.Attempts = pick(r, 1, 2, 3)
	s.Rules.RetryWait = pick(r, 5*time.Minute, 15*time.Minute)
	s.Rules.MinSizePercent = pick(r, 0, 10, 50)
	s.Changes = plan.Changes{Quiet: pick(r, 5*time.Minute, 10*time.Minute), AtMost: pick(r, 20*time.Minute, time.Hour), MinInterval: pick(r, 0, 30*time.Minute, time.Hour)}
	s.Retention = nil
	if !one(r, 4) {
		s.Retention = &retention.Policy{
			KeepLast: pick(r, 0, 1, 2), Daily: pick(r, 0, 1, 2), KeepWithin: pick(r, 0, 5*time.Hour, 30*time.Hour), MinKeep: pick(r, 1, 2), RestorableFor: s.RestorableFor,
		}
		if s.Retention.Validate() != nil {
			s.Retention.KeepLast = 1
		}
	}
	f := &s.Failover
	f.Mode = pick(r, plan.FailoverAuto, plan.FailoverAuto, plan.FailoverApprove, plan.FailoverApprove, plan.FailoverOff)
	f.MinFor = pick(r, 0, 5*time.Minute, 20*time.Minute)
	f.Cooldown = pick(r, 20*time.Minute, time.Hour, 5*time.Hour)
	f.MaxPointAge = pick(r, 4*time.Hour, 48*time.Hour, 48*time.Hour)
	f.SafetyBackup = !one(r, 3)
	f.ApprovalExpiry = pick(r, 10*time.Minute, 30*time.Minute)
	s.Standbys = slices.Clone(s.Standbys)
	for n := range s.Standbys {
		s.Standbys[n].Mode = pick(r, plan.StandbyCold, plan.StandbyCold, plan.StandbyWarm)
	}
}
