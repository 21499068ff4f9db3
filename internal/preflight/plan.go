package preflight

import (
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// longestLimit is how long Azure accepts a backup for a restore.
const longestLimit = 30 * 24 * time.Hour

// Plan judges whether file could be read as a plan; p is nil if err is not.
func Plan(file string, p *plan.Plan, err error) Verdict {
	if err != nil {
		lines := strings.Split(err.Error(), "\n")
		return verdict(Fail, "plan", "", "lifeboat plan validate says each mistake; the checks of services wait for it",
			"%s can't be used: %s", file, first(lines))
	}
	standbys := 0
	for _, s := range p.Services {
		standbys += len(s.Standbys)
	}
	return ok("plan", "", "%s: %s, %s", file, count(len(p.Services), "service"), count(standbys, "standby"))
}

// first is the first of some lines, with how many follow.
func first(lines []string) string {
	if len(lines) == 1 {
		return sentence(lines[0])
	}
	return fmt.Sprintf("%s (and %d more)", sentence(lines[0]), len(lines)-1)
}

// Webhooks judges whether anybody hears of s's troubles.
func Webhooks(p *plan.Plan, s plan.Service) Verdict {
	switch told := p.Told(s.Name); {
	case len(told) > 0:
		return ok("webhooks", s.Name, "%s told of it", strings.Replace(count(len(told), "webhook")+" is", "s is", "s are", 1))
	case s.Webhooks != nil:
		return ok("webhooks", s.Name, "nobody is told of it, as the plan says")
	}
	return verdict(Warn, "webhooks", s.Name, "name a webhook in the plan, or write webhooks: [] if nobody shall be told",
		"the plan names none: nobody is told when a backup fails or is late")
}

// Retention says which of s's points are kept.
func Retention(s plan.Service) Verdict {
	if s.Retention == nil {
		return ok("retention", s.Name, "none: every backup is kept, and none is ever deleted")
	}
	return ok("retention", s.Name, "pruned to the plan's rules, never below %s that can be restored", count(s.Retention.MinKeep, "point"))
}

// Limit judges how long the plan takes a backup to be good for.
func Limit(s plan.Service) Verdict {
	if s.RestorableFor > longestLimit {
		return verdict(Warn, "restorable", s.Name, "set restorableFor to 30d or less",
			"the plan counts on a backup for %s, and Azure refuses it after %s", span(s.RestorableFor), span(longestLimit))
	}
	return ok("restorable", s.Name, "a backup counts for %s", span(s.RestorableFor))
}

// Schedule judges whether s's schedule and its goal fit together.
func Schedule(s plan.Service, now time.Time) Verdict {
	next, gap := runs(s, now)
	runs := "next " + strings.Join(next, ", ") + " UTC"
	goal := s.Interval + s.Grace
	switch {
	case gap >= s.RestorableFor:
		return verdict(Fail, "schedule", s.Name, "let it run more often",
			"up to %s lie between its runs, and a backup can be restored for %s: there are times with nothing to restore; %s", span(gap), span(s.RestorableFor), runs)
	case gap > goal:
		return verdict(Warn, "schedule", s.Name, "let it run more often, or set interval to "+span(gap),
			"up to %s lie between its runs, and interval + grace is %s: it will be late before each such run; %s", span(gap), span(goal), runs)
	case gap+s.Jitter > goal:
		return verdict(Warn, "schedule", s.Name, "give it more grace, or less jitter",
			"up to %s lie between its runs, jitter adds up to %s, and interval + grace is %s: it will be late now and then; %s", span(gap), span(s.Jitter), span(goal), runs)
	}
	return ok("schedule", s.Name, "every %s at most, goal %s; %s", span(gap), span(goal), runs)
}

// Point judges the age of s's newest point against the goal. row is the zero
// Summary for a service that was never seen.
func Point(s plan.Service, row job.Summary, now time.Time) Verdict {
	goal := s.Interval + s.Grace
	age := now.Sub(row.PointStarted)
	backup := "lifeboat backup " + s.Name + " makes one now; lifeboat jobs " + s.Name + " shows what went wrong"
	health := row.HealthAt(s.Cadence(), now)
	switch {
	case row.PointBlob == "" && health == job.Down && row.Bereft:
		return verdict(Fail, "newest point", s.Name, backup, "nothing can be restored: the last point's backup is gone")
	case row.PointBlob == "" && health != "":
		return verdict(Fail, "newest point", s.Name, backup, "there has been no good backup since the service came into the plan %s ago", about(now.Sub(row.ProtectedSince)))
	case row.PointBlob == "":
		return verdict(Warn, "newest point", s.Name, "wait for the first run, or lifeboat backup "+s.Name, "there is no backup yet, so nothing can be restored")
	case !now.Before(row.PointStarted.Add(s.RestorableFor)):
		return verdict(Fail, "newest point", s.Name, backup, "nothing can be restored: the newest point is from %s ago, and Azure accepts it for %s", about(age), span(s.RestorableFor))
	case health == job.Down:
		return verdict(Fail, "newest point", s.Name, backup, "it is from %s ago, far beyond the goal of %s", about(age), span(goal))
	case health == job.Late:
		return verdict(Warn, "newest point", s.Name, backup, "it is from %s ago, beyond the goal of %s", about(age), span(goal))
	}
	return ok("newest point", s.Name, "from %s ago, goal %s", about(age), span(goal))
}

// about is a span that need not be told to the minute.
func about(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 2*time.Hour:
		return span(d.Round(time.Minute))
	case d < 72*time.Hour:
		return span(d.Round(time.Hour))
	}
	return span(d.Round(24 * time.Hour))
}

// PointUnknown is Point's verdict where the table can't be read.
func PointUnknown(s plan.Service) Verdict {
	return verdict(Warn, "newest point", s.Name, "see the check of the table", "how old it is can't be told without the table")
}
