package notice

import (
	"strings"

	"lifeboat/internal/job"
)

// slackBody is what an incoming webhook takes. Text is what a notification
// and a screen reader say.
type slackBody struct {
	Text   string  `json:"text"`
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string       `json:"type"`
	Text     *slackText   `json:"text,omitempty"`
	Fields   []*slackText `json:"fields,omitempty"`
	Elements []*slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji,omitempty"`    // of plain_text: no :name: becomes a picture
	Verbatim bool   `json:"verbatim,omitempty"` // of mrkdwn: no name becomes a link or a mention
}

// Slack's limits, in characters (Block Kit reference).
const (
	maxHeader  = 150
	maxSection = 3000
	maxField   = 2000
)

func slackMessage(n job.Notice, environment string, t Text) slackBody {
	no := false
	body := slackBody{
		Text: fit(t.Subject+"\n"+t.What, maxSection, entities),
		Blocks: []block{
			{Type: "header", Text: &slackText{Type: "plain_text", Text: fit(t.Subject, maxHeader, entities), Emoji: &no}},
			section("What changed", t.What),
			section("What it means", t.Meaning),
			section("What to do", t.Next),
		},
	}
	var fields []*slackText
	for _, f := range table(n, environment) {
		fields = append(fields, mrkdwn(titled(f.title, f.value, maxField)))
	}
	if len(fields) > 0 {
		body.Blocks = append(body.Blocks, block{Type: "section", Fields: fields})
	}
	context := fit(strings.Join([]string{"Severity: " + string(t.Severity), clock(n.At), clean(n.ID, maxName)}, " · "), maxField, entities)
	body.Blocks = append(body.Blocks, block{Type: "context", Elements: []*slackText{mrkdwn(context)}})
	return body
}

func section(title, text string) block {
	return block{Type: "section", Text: mrkdwn(titled(title, text, maxSection))}
}

func titled(title, text string, limit int) string {
	title = "*" + title + "*\n"
	return title + fit(text, limit-len(title), entities)
}

func mrkdwn(text string) *slackText { return &slackText{Type: "mrkdwn", Text: text, Verbatim: true} }

// entities escapes the three characters that Slack gives a meaning (Formatting
// text for app surfaces, "Escaping text"). For *, _, ~ and ` it has no escape.
func entities(r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	}
	return string(r)
}
