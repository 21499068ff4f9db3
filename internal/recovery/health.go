package recovery

import (
	"context"
	"fmt"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// watchHealth announces, once each, that a service's backups are late, that
// it is down, that it has recovered, and that its last point is about to
// lapse. Services whose summary says nothing new cost nothing.
func (e *Engine) watchHealth(ctx context.Context, s plan.Service, known job.Summary) error {
	if healthMove(s, known, e.now()).Empty() {
		return nil
	}
	return e.contended(ctx, func() error {
		now := e.now() // what others have announced meanwhile is not older than this
		summary, err := e.Store.StoredSummary(ctx, s.Name)
		if err != nil {
			return err
		}
		t := job.Transition{Read: summary, Summary: healthMove(s, summary.Summary, now), Notices: healthNotices(s, summary.Summary, now)}
		if t.Summary.Empty() {
			return nil
		}
		if err := e.Store.Transit(ctx, t); err != nil {
			return fmt.Errorf("save the health of %s: %w", s.Name, err)
		}
		for _, n := range t.Notices {
			e.Log.WarnContext(ctx, "health changed", keyService, s.Name, "notice", string(n.Type), "since", n.Facts.Since)
		}
		e.announce(ctx, t.Notices)
		return nil
	})
}

// healthMove is what s's summary must say at now, as far as it does not.
func healthMove(s plan.Service, known job.Summary, now time.Time) job.SummaryMove {
	var m job.SummaryMove
	if known.ProtectedSince.IsZero() {
		since := now
		m.ProtectedSince, known.ProtectedSince = &since, since
	}
	if health := healthAt(s, known, now); health != known.Health {
		m.Health = &health
	}
	if lapsing(s, known, now) {
		blob := known.PointBlob
		m.Lapsing = &blob
	}
	return m
}

// steady is for how long a service that recovers must have nothing to announce:
// by the clock of whoever announced it late, it may be late still.
func steady(c job.Cadence) time.Duration { return min(10*time.Minute, c.Interval/12) }

// healthAt is s's health at now as it is announced: what is down is down until
// it is well again, and what is well again is not about to be late.
func healthAt(s plan.Service, known job.Summary, now time.Time) job.Health {
	health := known.HealthAt(s.Cadence(), now)
	switch {
	case health == job.Late && known.Health == job.Down:
		return job.Down
	case health == "" && known.HealthAt(s.Cadence(), now.Add(steady(s.Cadence()))) != "":
		return known.Health
	}
	return health
}

// lapsing reports whether the newest point is about to lapse and nobody was
// told.
func lapsing(s plan.Service, known job.Summary, now time.Time) bool {
	left := known.PointStarted.Add(s.RestorableFor).Sub(now)
	return known.PointBlob != "" && known.Lapsing != known.PointBlob && left <= s.LapseWarning
}

// healthNotices says what healthMove changes. A service that was not looked
// at while it was late is announced as late all the same.
func healthNotices(s plan.Service, known job.Summary, now time.Time) []job.Notice {
	facts := job.NoticeFacts{Job: known.LastJob, Code: known.LastCode, Point: known.PointBlob, Since: known.PointStarted}
	if known.PointBlob != "" {
		facts.Until = known.PointStarted.Add(s.RestorableFor)
	}
	if facts.Since.IsZero() {
		facts.Since = known.ProtectedSince
	}
	var notices []job.Notice
	add := func(t job.NoticeType) {
		notices = append(notices, job.ServiceNotice(s.Name, s.Name, t, now, facts))
	}
	health := healthAt(s, known, now)
	overdue := now.Sub(facts.Since) > s.Interval+s.Grace
	switch {
	case health == known.Health:
	case health == "":
		add(job.NoticeRecovered)
	case health == job.Late:
		add(job.NoticeLate)
	case health == job.Down:
		if known.Health == "" && overdue {
			add(job.NoticeLate)
		}
		add(job.NoticeDown)
	}
	if lapsing(s, known, now) {
		add(job.NoticePointLapsing)
	}
	return notices
}
