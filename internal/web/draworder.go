package web

import (
	"cmp"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// drawOrder is what a restore was asked to do; nothing of a backup.
func drawOrder(o *Order) g.Node {
	if o == nil {
		return nil
	}
	return g.Group{
		heading("restore", "The restore"),
		h.Dl(
			term("Asked by", askedBy(o)),
			g.If(o.Why != "", term("Why", said(o.Why))),
			g.If(o.Incident != "", term("Incident", g.Text(o.Incident))),
			approval(o),
			g.If(!o.Attempted.IsZero(), term("Overwriting since", at(o.Attempted))),
			g.If(o.Safety != "", term("Safety backup", g.Text(o.Safety))),
			g.If(o.Gateway != "", term("Gateway", g.Text(o.Gateway))),
			g.If(o.Management != "", term("Management", g.Text(o.Management))),
		),
		h.H3(g.Text("Gates")),
		drawGates(o.Gates),
	}
}

func askedBy(o *Order) g.Node {
	if o.Automatic {
		return g.Group{g.Text("alert rule "), said(o.Rule), g.If(!o.FiredAt.IsZero(), g.Group{g.Text(", fired "), at(o.FiredAt)})}
	}
	return g.Group{said(cmp.Or(o.By, "nobody: a refresh after a backup")), g.If(o.By != "", asserted)}
}

// asserted stands behind a name that nobody has proved.
var asserted = g.Group{g.Text(" "), faint(g.Text("(as asserted)"))}

func approval(o *Order) g.Node {
	switch {
	case o.ApprovedBy != "":
		return term("Approved by", said(o.ApprovedBy), asserted, g.Text(", "), at(o.ApprovedAt))
	case !o.Expires.IsZero():
		return term("Approval until", at(o.Expires))
	}
	return nil
}

// drawArtefact is the point that a backup made or a restore restores, if it is
// known.
func drawArtefact(a *Artefact) g.Node {
	if a == nil {
		return nil
	}
	return g.Group{
		heading("point", "The point"),
		h.Dl(
			term("Blob", g.Text(a.Blob+", "+size(a.Size))),
			term("Taken", at(a.StartedAt), g.Text(", verified "), at(a.VerifiedAt)),
			term("Restorable", restorableMark(a.Point).draw(), g.Text(" until "), at(a.RestorableUntil)),
			term("Remarks", pointRemarks(a.Point)),
			g.If(a.Tier != "", term("Tier and region", g.Text(a.Tier+", "+a.Location))),
		),
		drawCounts(a.Counts),
		drawSettings(a.Settings),
	}
}

func drawCounts(all []Counted) g.Node {
	if len(all) == 0 {
		return nil
	}
	return h.Table(
		h.Caption(g.Text("What was counted before and after")),
		numberHead([]string{"kind", "before", "after"}),
		h.TBody(g.Map(all, func(c Counted) g.Node { return numberRow(c.Kind, counted(c.Before), counted(c.After)) })),
	)
}

func drawSettings(all []Setting) g.Node {
	if len(all) == 0 {
		return nil
	}
	return h.Details(
		h.Summary(g.Textf("Settings of the service that a backup leaves out (%d)", len(all))),
		h.Dl(g.Map(all, func(s Setting) g.Node { return g.Group{h.Dt(isolated(g.Text(s.Name))), h.Dd(said(s.Value))} })),
	)
}
