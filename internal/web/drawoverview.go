package web

import (
	"fmt"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func drawOverview(v View) g.Node {
	return g.Group{
		g.If(v.Incomplete, drawIncomplete()),
		answerBox(v.Answer.Level, v.Answer.Sentence, h.P(g.Text(v.Answer.Work))),
		drawIncidents(v.Incidents),
		drawJobs(v.Jobs),
		heading("services", "Services"),
		cards(fmt.Sprintf("%d protected, those in trouble first. Times are UTC. A service's own page has its last 30 days.", len(v.Services)),
			[]string{"service", "health", "newest backup / goal", "restorable until", "next run", "standbys", "last backup job", "last failover"},
			g.Map(v.Services, serviceRow)),
		drawNotices(v),
	}
}

func drawIncomplete() g.Node {
	return alarm(h.Strong(g.Text("Incomplete:")), g.Text(" some rows could not be read. What is shown is true, but there may be more. The function app's log says why."))
}

func serviceRow(s Service) g.Node {
	standbys := g.Map(s.Standbys, standbyLines)
	if len(standbys) == 0 {
		standbys = g.Group{plain(g.Text("none"))}
	}
	return row(g.Group{serviceLink(s.Name), remarks(s)},
		cell("health", healthMark(s).draw()),
		cell("newest backup", rpo(s)),
		cell("restorable until", restorableUntil(s)),
		cell("next run", plain(at(s.NextRun))),
		cell("standbys", standbys),
		cell("last backup job", lastOf(s, s.LastBackup)),
		cell("last failover", lastOf(s, s.LastRestore)),
	)
}

// remarks stand below a service's name.
func remarks(s Service) g.Node {
	return g.Group{
		g.If(s.Incident != "", g.Group{marked(Bad, "!\u00a0", "incident open"), g.Text(" ")}),
		g.If(!s.MaintenanceUntil.IsZero(), faint(g.Text("maintenance until "), at(s.MaintenanceUntil))),
		g.If(s.JobsInFlight > 0, faint(g.Text(count(s.JobsInFlight, "job", "jobs")+" in flight"))),
	}
}

// rpo is the newest backup's age and what it should be at most.
func rpo(s Service) g.Node {
	if s.Restorable {
		return plain(g.Textf("%s / %s", s.RPO, s.Goal))
	}
	none := marked(Bad, "✕\u00a0", "none restorable")
	if s.Unknown {
		none = notKnown.draw()
	}
	return g.Group{none, g.Text(" "), faint(g.Text("goal " + s.Goal.String()))}
}

func restorableUntil(s Service) g.Node {
	if s.Unknown {
		return notKnown.draw()
	}
	if s.RestorableUntil.IsZero() {
		return plain(g.Text("–"))
	}
	return plain(g.If(!s.Restorable, g.Text("over since ")), at(s.RestorableUntil))
}

func standbyLines(s Standby) g.Node {
	return g.Group{
		plain(g.Textf("%s (%s)", s.Name, s.Mode)), g.Text(" "), readinessMark(s).draw(),
		g.If(s.Reason != "", g.Group{g.Text(" "), h.Span(h.Class("quiet words"), isolated(g.Text(s.Reason)))}),
		g.If(s.ServingFor != "", g.Group{g.Text(" "), faint(g.Text("serves for "+s.ServingFor+" since "), at(s.Since))}),
	}
}

// lastOf is s's last job of a kind.
func lastOf(s Service, e *Ended) g.Node {
	if s.Unknown {
		return notKnown.draw()
	}
	return ended(e)
}

// ended is a job that has ended, in a few words, or a dash where there is none.
func ended(e *Ended) g.Node {
	if e == nil {
		return plain(g.Text("–"))
	}
	shown := g.Text(e.Job)
	if !e.At.IsZero() {
		shown = at(e.At)
	}
	return g.Group{
		g.If(e.State != "", g.Group{
			outcome(e.State), g.Text(" "),
			g.If(e.Code != "", g.Group{h.Span(h.Class("quiet words"), isolated(g.Text(e.Code))), g.Text(" ")}),
		}),
		link(jobAddress("", e.Job), h.Class("block"), shown),
	}
}

// outcome is a job's state as a mark.
func outcome(state string) g.Node { return mark{levelOf(state), words(state, maxMark)}.draw() }

func drawNotices(v View) g.Node {
	if len(v.Notices) == 0 {
		all := "Every notice has been delivered."
		if v.Incomplete {
			all = "No undelivered one was read, but not everything could be read: whether all have been delivered is not known."
		}
		return g.Group{heading("notices", "Notices"), paragraph(g.Text(all))}
	}
	caption := fmt.Sprintf("%d on their way, %d given up; the newest first", v.NoticesPending, v.NoticesUndelivered)
	if v.Incomplete {
		caption = "As far as could be read: " + caption
	}
	if v.NoticesPending+v.NoticesUndelivered > len(v.Notices) {
		caption += fmt.Sprintf(", %d of them shown", len(v.Notices))
	}
	return g.Group{
		heading("notices", "Notices"),
		cards(caption, []string{"notice", "about", "of", "delivery", "last error"}, g.Map(v.Notices, noticeRow)),
	}
}

func noticeRow(n Notice) g.Node {
	return row(g.Text(n.Type),
		cell("about", isolated(g.Text(orDash(n.About)))),
		cell("of", plain(at(n.At))),
		cell("delivery", deliveryMark(n.State).draw(), g.Text(" "),
			faint(g.Text(count(n.Attempts, "attempt", "attempts")), next(n.NextAt))),
		cell("last error", said(orDash(n.Error))),
	)
}

func next(t time.Time) g.Node {
	return g.If(!t.IsZero(), g.Group{g.Text(", next "), at(t)})
}
