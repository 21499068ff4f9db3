package web

import (
	"strconv"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func drawTimeline(t Timeline) g.Node {
	return g.Group{
		heading("timeline", "Last 30 days"),
		chart(t),
		h.Div(h.Class("axis"), h.Aria("hidden", "true"), axisDay(t.From), axisDay(t.Middle()), axisDay(t.To)),
		legend,
		paragraph(g.Text(t.Summary())),
		g.If(t.Incomplete, note(g.Text("Not all points and past jobs could be read: backups and restores may be missing, and gaps can't be told."))),
		g.If(t.PointsOnly && !t.Incomplete, note(g.Text("Past jobs can't be listed here: failed backups and restores are missing, and where backups have been pruned there seems to be a gap."))),
		h.Details(h.Summary(g.Text("The same as a table")), dayTable(t)),
		drawGaps(t.Gaps),
	}
}

func axisDay(t time.Time) g.Node { return plain(g.Text(t.UTC().Format("2 Jan"))) }

// chart says to a screen reader what it shows, and nothing of its shapes.
func chart(t Timeline) g.Node {
	return h.SVG(h.Class("line"), g.Attr("viewBox", "0 0 "+strconv.Itoa(lineWidth)+" 100"), g.Attr("preserveAspectRatio", "none"),
		h.Role("img"), h.Aria("labelledby", "line-title line-desc"),
		g.El("title", h.ID("line-title"), g.Text("Time line of the last 30 days")),
		g.El("desc", h.ID("line-desc"), g.Text(t.Summary()+" The table below has each day.")),
		rect(Shape{"lane", 0, 50, lineWidth, 1}), rect(Shape{"lane", 0, 75, lineWidth, 1}),
		g.Map(t.Shapes(), rect),
	)
}

func rect(s Shape) g.Node {
	return g.El("rect", h.Class(s.Class),
		g.Attr("x", strconv.Itoa(s.X)), g.Attr("y", strconv.Itoa(s.Y)), g.Attr("width", strconv.Itoa(s.Width)), g.Attr("height", strconv.Itoa(s.Height)))
}

// legend says what each shape is by its place and height, besides its colour.
var legend = h.Ul(h.Class("key"),
	legendOf(Shape{"good", 3, 0, 4, 10}, "good backup (top row, tall)"),
	legendOf(Shape{"failed", 3, 6, 4, 4}, "failed backup (top row, short)"),
	legendOf(Shape{"gap", 0, 3, 10, 5}, "newest backup older than the goal (middle row)"),
	legendOf(Shape{"restore", 3, 0, 4, 10}, "failover (bottom row, tall)"),
	legendOf(Shape{"refresh", 3, 6, 4, 4}, "refresh of a standby (bottom row, short)"),
)

func legendOf(s Shape, meaning string) g.Node {
	return h.Li(h.SVG(g.Attr("viewBox", "0 0 10 10"), h.Aria("hidden", "true"), rect(s)), g.Text(meaning))
}

func dayTable(t Timeline) g.Node {
	heads := []string{"day", "good", "failed", "gap", "failovers", "refreshes"}
	return h.Table(
		h.Caption(g.Text("Each day (UTC), the first and the last in part")),
		numberHead(heads),
		h.TBody(g.Map(t.Days, func(d Day) g.Node {
			gap := "–"
			switch {
			case t.Incomplete:
				gap = "?"
			case d.Gap > 0:
				gap = d.Gap.String()
			}
			return numberRow(d.Date, strconv.Itoa(d.Good), strconv.Itoa(d.Failed), gap, strconv.Itoa(d.Restores), strconv.Itoa(d.Refreshes))
		})),
	)
}

// numberHead and numberRow are of a table that is narrow enough for any screen.
func numberHead(heads []string) g.Node {
	return h.THead(h.Tr(g.Map(heads, func(head string) g.Node { return h.Th(h.Scope("col"), g.Text(head)) })))
}

func numberRow(head string, cells ...string) g.Node {
	return h.Tr(h.Th(h.Scope("row"), g.Text(head)), g.Map(cells, func(c string) g.Node { return h.Td(g.Text(c)) }))
}

func drawGaps(gaps []Event) g.Node {
	if len(gaps) == 0 {
		return nil
	}
	return g.Group{h.H3(g.Text("Gaps")), h.Ul(g.Map(gaps, func(e Event) g.Node {
		return h.Li(at(e.From), g.Text(" to "), at(e.To), g.Text(" ("+e.Took().String()+")"))
	}))}
}
