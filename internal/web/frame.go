package web

import (
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// frame is what surrounds every page.
type frame struct {
	Title, Environment string
	At                 time.Time
	Above              []place

	// Where the page can reload by itself: whether it does, and the addresses
	// of the same page that does and that does not.
	CanReload, Reloads bool
	Live, Still        address
}

// reloading is f for a page with these parameters, which reloads if it is live.
func (f frame) reloading(live bool, self ...string) frame {
	f.CanReload, f.Reloads = true, live
	f.Still, f.Live = addressOf(self...), addressOf(append(self, "live", "on")...)
	return f
}

func (f frame) around(content g.Node) g.Node {
	return h.Doctype(h.HTML(h.Lang("en"),
		f.head(),
		h.Body(
			f.header(),
			h.Main(h.ID("main"), h.TabIndex("-1"), content),
			footer,
		),
	))
}

func (f frame) head() g.Node {
	title := f.Title + " · Lifeboat"
	if f.Environment != "" {
		title += " " + f.Environment
	}
	return h.Head(
		h.Meta(h.Charset("utf-8")),
		h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
		g.If(f.Reloads, h.Meta(g.Attr("http-equiv", "refresh"), h.Content("30"))),
		h.Meta(h.Name("robots"), h.Content("noindex")),
		h.Link(h.Rel("icon"), h.Href("data:,")),
		h.TitleEl(g.Text(title)),
		h.StyleEl(g.Raw(style)), // the Content-Security-Policy has its hash
	)
}

func (f frame) header() g.Node {
	above := g.Map(f.Above, func(p place) g.Node { return g.Group{link(p.Address, g.Text(p.Name)), g.Text(" › ")} })
	return h.Header(
		h.A(h.Class("skip"), h.Href("#main"), g.Text("Skip to the content")), g.Text(" "),
		g.If(len(above) > 0, h.Nav(h.Aria("label", "Above this page"), above)),
		h.Strong(g.Text("Lifeboat")), g.If(f.Environment != "", g.Text(" · "+f.Environment)),
		g.Text(" · as of "), at(f.At), g.Text(" UTC "),
		g.If(f.CanReload, f.reload()),
	)
}

func (f frame) reload() g.Node {
	const every = "every 30\u00a0s"
	if f.Reloads {
		return h.Span(h.Class("live"), g.Text("· reloads "+every+" · "), link(f.Still, g.Text("stop")))
	}
	return h.Span(h.Class("live"), g.Text("· "), link(f.Live, g.Text("reload "+every)))
}

var footer = h.Footer(h.P(
	g.Text("All times are UTC. This page reads the tables at each request and changes nothing: act with the "), h.Code(g.Text("lifeboat")), g.Text(" command."),
))
