package notice

import (
	"strings"

	"lifeboat/internal/job"
)

// message is what the trigger "When a Teams webhook request is received" of
// Workflows takes.
type message struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string  `json:"contentType"`
	ContentURL  *string `json:"contentUrl"`
	Content     card    `json:"content"`
}

type card struct {
	Schema  string    `json:"$schema"`
	Type    string    `json:"type"`
	Version string    `json:"version"`
	Body    []element `json:"body"`
	Teams   cardWidth `json:"msteams"`
}

type cardWidth struct {
	Width string `json:"width"`
}

// element is a TextBlock or a FactSet.
type element struct {
	Type    string     `json:"type"`
	Text    string     `json:"text,omitempty"`
	Wrap    bool       `json:"wrap,omitempty"`
	Size    string     `json:"size,omitempty"`
	Weight  string     `json:"weight,omitempty"`
	Color   string     `json:"color,omitempty"`
	Spacing string     `json:"spacing,omitempty"`
	Facts   []cardFact `json:"facts,omitempty"`
}

type cardFact struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// maxTeams is below the 28 KB that Teams states for a message, for there are
// reports of it refusing some above 21 KB.
const maxTeams = 20 << 10

// teamsMessage shortens what has changed until the message is small enough.
// The last limit is always low enough: all else is made of names, which have
// limits of their own.
func teamsMessage(n job.Notice, environment string, t Text) ([]byte, error) {
	var body []byte
	for _, limit := range []int{maxTeams, 6000, 3000, 1000, 300} {
		var err error
		if body, err = encode(adaptive(n, environment, t, limit)); err != nil || len(body) <= maxTeams {
			return body, err
		}
	}
	return body, nil
}

func adaptive(n job.Notice, environment string, t Text, limit int) message {
	color := map[Severity]string{Critical: "Attention", Warning: "Warning"}[t.Severity]
	body := []element{{Type: "TextBlock", Text: markdown.Replace(t.Subject), Wrap: true, Size: "Large", Weight: "Bolder", Color: color}}
	facts := []cardFact{{"Severity", string(t.Severity)}, {"Time", clock(n.At)}}
	for _, f := range table(n, environment) {
		facts = append(facts, cardFact{f.title, markdown.Replace(f.value)})
	}
	body = append(body, element{Type: "FactSet", Facts: facts})
	for _, s := range []fact{{"What changed", fit(t.What, limit, plainly)}, {"What it means", t.Meaning}, {"What to do", t.Next}} {
		body = append(body, element{Type: "TextBlock", Text: s.title, Wrap: true, Weight: "Bolder", Spacing: "Medium"})
		// A line break within a block is none in Markdown.
		for line := range strings.SplitSeq(s.value, "\n") {
			body = append(body, element{Type: "TextBlock", Text: marked(line), Wrap: true, Spacing: "Small"})
		}
	}
	return message{Type: "message", Attachments: []attachment{{
		ContentType: "application/vnd.microsoft.card.adaptive",
		Content: card{
			Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
			Body: body, Teams: cardWidth{"Full"},
		},
	}}}
}

// marked keeps the one mark that is Lifeboat's own, that of a list.
func marked(line string) string {
	if item, ok := strings.CutPrefix(line, "- "); ok {
		return "- " + markdown.Replace(item)
	}
	return markdown.Replace(line)
}

// markdown escapes emphasis and links, which is what the Markdown of an
// adaptive card knows within a line. A bracket alone is none of these, and
// some clients show a backslash that they don't need.
var markdown = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "](", `]\(`)
