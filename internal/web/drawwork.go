package web

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// drawIncidents is nothing where none is open.
func drawIncidents(all []Incident) g.Node {
	if len(all) == 0 {
		return nil
	}
	return g.Group{heading("incidents", "Open incidents"), g.Map(all, drawIncident)}
}

func drawIncident(i Incident) g.Node {
	return h.Article(h.Class("panel"),
		h.H3(marked(Bad, "! ", i.Service), g.Text(" "), said(i.Rule)),
		h.P(h.Class("quiet"),
			g.Text("Incident "+i.ID+", opened "), at(i.OpenedAt),
			g.If(!i.FiredAt.IsZero(), g.Group{g.Text(", alert fired "), at(i.FiredAt)}),
		),
		restoreOf(i),
	)
}

func restoreOf(i Incident) g.Node {
	if i.Restore == "" {
		return paragraph(g.Text("No restore has been decided on yet."))
	}
	return g.Group{
		paragraph(
			g.Text("Restore onto "+i.Target+": "), jobLink(i.Target, i.Restore),
			g.If(i.State != "", g.Group{g.Text(" "), outcome(i.State)}),
		),
		drawGates(i.Gates),
	}
}

func drawGates(all []Gate) g.Node {
	if len(all) == 0 {
		return h.P(h.Class("quiet"), g.Text("The gates have not been asked yet, or their verdicts were not read: see the job."))
	}
	return cards("What the gates said when they were last asked", []string{"gate", "verdict", "why"}, g.Map(all, func(gate Gate) g.Node {
		return row(isolated(h.Class("mark"), g.Text(words(gate.Name, maxMark))),
			cell("verdict", verdictMark(gate.Outcome).draw()),
			cell("why", said(gate.Sentence)),
		)
	}))
}

// drawJobs is nothing where no job is in flight.
func drawJobs(all []Job) g.Node {
	if len(all) == 0 {
		return nil
	}
	return g.Group{
		heading("jobs", "Jobs in flight"),
		cards("What has not ended, oldest first", []string{"job", "service", "state", "for", "next look", "why it waits"}, g.Map(all, jobRow)),
	}
}

func jobRow(j Job) g.Node {
	service := j.Service
	if j.Source != "" {
		service += " from " + j.Source
	}
	return row(jobLink(j.Service, j.ID),
		cell("service", plain(g.Text(service))),
		cell("state", stateOf(j), g.If(j.Attempt > 1, g.Group{g.Text(" "), faint(g.Textf("attempt %d", j.Attempt))})),
		cell("for", plain(g.Text(elapsed(j))), progress(j)),
		cell("next look", plain(g.If(j.Waits(), g.Text("approval until ")), at(j.NextAt))),
		cell("why it waits", said(orDash(j.Reason))),
	)
}

// stateOf is j's state, with the phase of a restore.
func stateOf(j Job) g.Node {
	return g.Group{outcome(j.State), g.If(j.Phase != "", g.Group{g.Text(" "), faint(g.Text(j.Phase))})}
}

// elapsed is how long j has been at it, of how long it takes as far as known.
func elapsed(j Job) string {
	if usual := j.Expected(); usual > 0 {
		return j.Elapsed.String() + " of usually " + usual.String()
	}
	return j.Elapsed.String()
}

func progress(j Job) g.Node {
	if j.Expected() == 0 {
		return nil
	}
	return h.Progress(h.Max(number(j.Expected())), h.Value(number(j.Elapsed)), h.Aria("label", "Time gone of the usual time"))
}

func number(s Seconds) string { return strconv.FormatInt(int64(s), 10) }
