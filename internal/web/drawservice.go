package web

import (
	"fmt"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func drawService(v ServiceView) g.Node {
	return g.Group{
		g.If(v.Incomplete, drawIncomplete()),
		answerBox(v.Answer.Level, v.Answer.Sentence, h.P(g.Text(v.Answer.Work))),
		heading("service", v.Service.Name),
		serviceFacts(v.Service),
		heading("standbys", "Standbys"),
		drawStandbys(v.Service.Standbys),
		drawIncidents(v.Incidents),
		drawJobs(v.Jobs),
		drawTimeline(v.Timeline),
		heading("points", "Points"),
		folded(v.Points, v.Timeline.Incomplete, "Older points", pointTable),
		heading("past", "Past jobs"),
		drawPast(v),
	}
}

func serviceFacts(s Service) g.Node {
	return h.Dl(
		term("Health", healthMark(s).draw()),
		term("Newest backup / goal", rpo(s)),
		g.If(!s.StartedAt.IsZero(), term("It was taken", at(s.StartedAt), g.Text(", verified "), at(s.VerifiedAt))),
		term("Restorable until", restorableUntil(s)),
		term("Next run", at(s.NextRun), g.If(s.Waiting != "", g.Group{g.Text(": "), jobLink("", s.Waiting)})),
		term("Last backup job", lastOf(s, s.LastBackup)),
		term("Last failover", lastOf(s, s.LastRestore)),
		g.If(!s.MaintenanceUntil.IsZero(), term("Maintenance", g.Text("until "), at(s.MaintenanceUntil), g.Text(": alerts start nothing"))),
	)
}

func drawStandbys(all []Standby) g.Node {
	if len(all) == 0 {
		return paragraph(g.Text("None in the plan."))
	}
	return g.Map(all, func(s Standby) g.Node {
		return h.Article(h.Class("panel"),
			h.H3(g.Textf("%s (%s)", s.Name, s.Mode)),
			paragraph(readinessMark(s).draw(), g.If(!s.CheckedAt.IsZero(), g.Group{g.Text(" "), faint(g.Text("as of "), at(s.CheckedAt))})),
			g.If(s.Reason != "", paragraph(said(s.Reason))),
			g.If(s.ServingFor != "", paragraph(
				g.Text("Serves for "+s.ServingFor+" since "), at(s.Since),
				g.Text(": nothing is restored onto it until a person acknowledges the failover."),
			)),
			g.If(s.Holds != "", h.P(h.Class("quiet"), g.Text("Restored last: "+s.Holds))),
		)
	})
}

// shownAtOnce is how much of a long list is seen without unfolding it.
const shownAtOnce = 7

// folded draws all, the older of them folded away. There may be more if they
// are incomplete.
func folded[T any](all []T, incomplete bool, older string, draw func([]T) g.Node) g.Node {
	switch {
	case len(all) == 0 && incomplete:
		return paragraph(g.Text("None could be read: whether there are any in the last 30 days is not known."))
	case len(all) == 0:
		return paragraph(g.Text("None in the last 30 days."))
	}
	if len(all) <= shownAtOnce {
		return draw(all)
	}
	rest := all[shownAtOnce:]
	return g.Group{
		draw(all[:shownAtOnce]),
		h.Details(h.Summary(g.Textf("%s (%d)", older, len(rest))), draw(rest)),
	}
}

func pointTable(points []Point) g.Node {
	return cards("Verified backups of the last 30 days, newest first", []string{"taken", "restorable", "size", "blob", "remarks"}, g.Map(points, func(p Point) g.Node {
		return row(link(jobAddress("", p.Job), at(p.StartedAt)),
			cell("restorable", restorableMark(p).draw(), g.Text(" "), faint(g.Text("until "), at(p.RestorableUntil))),
			cell("size", plain(g.Text(size(p.Size)))),
			cell("blob", plain(g.Text(p.Blob))),
			cell("remarks", pointRemarks(p)),
		)
	}))
}

func pointRemarks(p Point) g.Node {
	remark := g.Node(g.Text("–"))
	switch {
	case !p.WithdrawnAt.IsZero():
		remark = g.Group{g.Text("withdrawn "), at(p.WithdrawnAt), g.If(p.WithdrawnWhy != "", g.Text(": "+p.WithdrawnWhy))}
	case p.ConcurrentChanges:
		remark = g.Text("changed while it was taken")
	}
	return isolated(h.Class("words"), remark)
}

func drawPast(v ServiceView) g.Node {
	if v.Timeline.PointsOnly {
		return note(g.Text("Past jobs can't be listed here. "), h.Code(g.Text("lifeboat jobs")), g.Text(" does."))
	}
	return folded(v.Past, v.Timeline.Incomplete, "Older jobs", pastTable)
}

func pastTable(jobs []Job) g.Node {
	return cards("Jobs that ended in the last 30 days, newest first", []string{"job", "kind", "outcome", "ended", "took", "why"}, g.Map(jobs, func(j Job) g.Node {
		return row(jobLink(j.Service, j.ID),
			cell("kind", plain(g.Text(kindOf(j)))),
			cell("outcome", outcome(j.State)),
			cell("ended", plain(at(j.EndedAt))),
			cell("took", plain(g.Text(j.Elapsed.String()))),
			cell("why", said(why(j))),
		)
	}))
}

func kindOf(j Job) string {
	kind := j.Kind
	if j.Refresh {
		kind = "Refresh"
	}
	if j.Source != "" {
		kind += " onto " + j.Service
	}
	return kind
}

// why is how j ended, in its own words.
func why(j Job) string {
	if j.Code == "" {
		return orDash(j.Message)
	}
	return fmt.Sprintf("%s: %s", j.Code, orDash(j.Message))
}
