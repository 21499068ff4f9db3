package web

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func drawJob(v JobView) g.Node {
	return g.Group{
		answerBox(v.Job.Level(), v.Sentence(), g.If(v.Reason != "", paragraph(said(v.Reason)))),
		g.If(v.Stranded, alarm(g.Text("The job ended by its deadline while its operation may still run in Azure: the service stays leased until that is told."))),
		drawWhy(v),
		heading("job", "The job"),
		jobFacts(v),
		g.If(len(v.Warnings) > 0, g.Group{heading("warnings", "Warnings"), h.Ul(g.Map(v.Warnings, func(w string) g.Node { return h.Li(said(w)) }))}),
		heading("history", "Time line"),
		drawHistory(v.History),
		drawOrder(v.Restore),
		drawArtefact(v.Point),
	}
}

// drawWhy is what Azure or Lifeboat said of the job's end, word for word.
func drawWhy(v JobView) g.Node {
	if v.Job.Code == "" && v.Message == "" {
		return nil
	}
	return g.Group{
		heading("why", v.Why()),
		paragraph(g.If(v.Job.Code != "", isolated(h.Class("words"), h.Code(g.Text(v.Job.Code))))),
		g.If(v.Message != "", h.BlockQuote(h.Class("words"), isolated(g.Text(v.Message)))),
	}
}

func jobFacts(v JobView) g.Node {
	j := v.Job
	kind := j.Kind
	if j.Refresh {
		kind = "Refresh of a warm standby"
	}
	if v.OnChange {
		kind += " because of a change"
	}
	return h.Dl(
		term("Id", g.Text(j.ID)),
		term("Kind", g.Text(kind)),
		term("Service", g.Text(j.Service), g.If(j.Source != "", g.Group{g.Text(" from "), serviceLink(j.Source)})),
		term("State", stateOf(j)),
		g.If(v.AskedBy != "", term("Asked by", said(v.AskedBy), asserted)),
		g.If(v.AskedWhy != "", term("Why", said(v.AskedWhy))),
		term("Made", at(j.CreatedAt)),
		jobTimes(v),
		g.If(j.Attempt > 0, term("Attempt",
			g.Text(strconv.Itoa(j.Attempt)+", begun "), at(v.StartedAt), g.Text(", "+count(v.Looks, "look", "looks")+" at its operation"))),
		g.If(v.Blob != "", term("Blob", g.Text(v.Blob))),
		g.If(v.Trace != "", term("Trace", g.Text(v.Trace))),
	)
}

// jobTimes are how long the job took, or has been at it.
func jobTimes(v JobView) g.Node {
	j := v.Job
	if !j.EndedAt.IsZero() {
		return term("Ended", at(j.EndedAt), g.Text(", after "+j.Elapsed.String()))
	}
	look := "Next look"
	if j.Waits() {
		look = "Approval until"
	}
	return g.Group{
		term("For", g.Text(elapsed(j)+" "), progress(j)),
		term(look, at(j.NextAt)),
		term("Deadline", at(v.Deadline)),
	}
}

func drawHistory(steps []Step) g.Node {
	if len(steps) == 0 {
		return paragraph(g.Text("An earlier version made this job: it kept no history."))
	}
	return cards("Every change of the job's state, oldest first", []string{"state", "at", "after", "attempt", "note"}, g.Map(steps, func(s Step) g.Node {
		attempt := "–"
		if s.Attempt > 0 {
			attempt = strconv.Itoa(s.Attempt)
		}
		return row(outcome(s.State),
			cell("at", timeOf(s.At, exact(s.At))),
			cell("after", plain(g.Text(s.After.String()))),
			cell("attempt", plain(g.Text(attempt))),
			cell("note", said(orDash(s.Note))),
		)
	}))
}

func drawTrouble(t Trouble) g.Node {
	return answerBox(Bad, t.Sentence, h.P(g.Text(t.Advice)))
}
