package web

import (
	"cmp"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// link leads to another page of this app, and nowhere else.
func link(to address, content ...g.Node) g.Node {
	return h.A(h.Href(to.query), g.Group(content))
}

func serviceLink(name string) g.Node { return link(serviceAddress(name), g.Text(name)) }

// jobLink names a job whose service may be unknown: "".
func jobLink(service, id string) g.Node { return link(jobAddress(service, id), g.Text(id)) }

// at is a time, for people and for programs.
func at(t time.Time) g.Node { return timeOf(t, clock(t)) }

func timeOf(t time.Time, text string) g.Node {
	return h.Time(h.DateTime(t.UTC().Format(time.RFC3339)), g.Text(text))
}

// draw is m with its symbol, which a screen reader leaves out.
func (m mark) draw() g.Node { return marked(m.Level, symbol(m.Level)+"\u00a0", m.Word) }

func marked(l Level, symbol, word string) g.Node {
	return h.Span(h.Class("mark "+string(l)), hidden(symbol), g.Text(word))
}

// hidden is shown, and not read aloud.
func hidden(text string) g.Node { return h.Span(h.Aria("hidden", "true"), g.Text(text)) }

// isolated is what somebody else wrote: it may run in another direction than
// what is around it.
func isolated(content ...g.Node) g.Node { return g.El("bdi", content...) }

// said is isolated where it may be long.
func said(text string) g.Node { return isolated(h.Class("words"), g.Text(text)) }

func faint(content ...g.Node) g.Node     { return h.Span(h.Class("quiet"), g.Group(content)) }
func plain(content ...g.Node) g.Node     { return h.Span(g.Group(content)) }
func paragraph(content ...g.Node) g.Node { return h.P(g.Group(content)) }

// orDash is text, or a dash where there is none.
func orDash(text string) string { return cmp.Or(text, "–") }

func heading(id, text string) g.Node { return h.H2(h.ID(id), g.Text(text)) }

// answerBox is the first thing on every page.
func answerBox(l Level, sentence string, more g.Node) g.Node {
	return h.Section(h.Class("answer "+string(l)), h.Aria("label", "Answer"),
		h.H1(hidden(symbol(l)+" "), g.Text(sentence)),
		more,
	)
}

// note is something to know before all else.
func note(content ...g.Node) g.Node {
	return h.P(h.Class("note"), g.Group(content))
}

func alarm(content ...g.Node) g.Node { return note(h.Role("alert"), g.Group(content)) }

// cards is a table that becomes a list of cards on a narrow screen. The style
// for that takes the elements' own roles away, so they are said.
func cards(caption string, heads []string, rows g.Node) g.Node {
	return h.Table(h.Class("cards"), h.Role("table"),
		h.Caption(g.Text(caption)),
		h.THead(h.Role("rowgroup"), h.Tr(h.Role("row"), g.Map(heads, func(head string) g.Node {
			return h.Th(h.Scope("col"), h.Role("columnheader"), g.Text(head))
		}))),
		h.TBody(h.Role("rowgroup"), rows),
	)
}

// row is one card: its head, then its cells.
func row(head g.Node, cells ...g.Node) g.Node {
	return h.Tr(h.Role("row"), h.Th(h.Scope("row"), h.Role("rowheader"), head), g.Group(cells))
}

// cell has its column's name for where the heads are not seen. Each child is a
// line of the card, so text must be in an element.
func cell(label string, content ...g.Node) g.Node {
	return h.Td(h.Role("cell"), h.Data("label", label), g.Group(content))
}

// term is one line of a list of facts.
func term(name string, content ...g.Node) g.Node {
	return g.Group{h.Dt(g.Text(name)), h.Dd(content...)}
}
