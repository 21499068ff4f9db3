package notice_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"lifeboat/internal/job"
	"lifeboat/internal/notice"
	"lifeboat/internal/plan"
)

var forms = []plan.Form{plan.FormCloudEvents, plan.FormTeams, plan.FormSlack}

func encode(t *testing.T, n job.Notice, form plan.Form) []byte {
	t.Helper()
	_, body, err := notice.Encode(n, "prod", form)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// decode reads an encoded notice as its receiver would.
func decode[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func find(t *testing.T, nt job.NoticeType, name string) job.Notice {
	t.Helper()
	for _, s := range scenes {
		if s.t == nt && s.name == name {
			return s.notice()
		}
	}
	t.Fatalf("no scene %s of %s", name, nt)
	return job.Notice{}
}

func TestForms(t *testing.T) {
	for name, n := range map[string]job.Notice{
		"down":     find(t, job.NoticeDown, "two nights without"),
		"approval": find(t, job.NoticeAwaitingApproval, "a person asks"),
		"restored": find(t, job.NoticeRestoreCompleted, "with warnings"),
	} {
		for _, form := range forms {
			var b bytes.Buffer
			if err := json.Indent(&b, encode(t, n, form), "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("testdata/%s.%s.json", name, form), b.String()+"\n")
		}
	}
}

func TestContentTypes(t *testing.T) {
	for form, want := range map[plan.Form]string{
		plan.FormCloudEvents: "application/cloudevents+json; charset=utf-8",
		plan.FormTeams:       "application/json; charset=utf-8",
		plan.FormSlack:       "application/json; charset=utf-8",
	} {
		got, _, err := notice.Encode(job.Notice{Type: job.NoticeLate, At: at}, "", form)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", form, got, err, want)
		}
	}
	if _, _, err := notice.Encode(job.Notice{}, "", "pager"); err == nil || !strings.Contains(err.Error(), `"pager"`) {
		t.Errorf("unknown form: %v", err)
	}
}

// The attributes follow CloudEvents 1.0.2, sections Required and Optional
// Attributes and Type System.
func TestCloudEventAttributes(t *testing.T) {
	for _, s := range scenes {
		n := s.notice()
		e := decode[map[string]any](t, encode(t, n, plan.FormCloudEvents))
		for name, value := range e {
			if name == "data" {
				continue
			}
			text, ok := value.(string)
			if !ok || text == "" {
				t.Errorf("%s: attribute %s = %v, want a string that is not empty", s.t, name, value)
			}
			if strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) || len(name) > 20 {
				t.Errorf("attribute name %q", name)
			}
			if strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%s: attribute %s = %q has control characters", s.t, name, text)
			}
		}
		if e["specversion"] != "1.0" || e["id"] != n.ID || e["datacontenttype"] != "application/json" {
			t.Errorf("%s: specversion %v, id %v, datacontenttype %v", s.t, e["specversion"], e["id"], e["datacontenttype"])
		}
		if want := "dev.lifeboat.notice." + strings.ToLower(string(s.t)); e["type"] != want {
			t.Errorf("type = %v, want %s", e["type"], want)
		}
		if when, err := time.Parse(time.RFC3339, e["time"].(string)); err != nil || !when.Equal(n.At) {
			t.Errorf("%s: time = %v, want %v", s.t, e["time"], n.At)
		}
		if _, err := url.Parse(e["source"].(string)); err != nil {
			t.Errorf("%s: source: %v", s.t, err)
		}
	}
}

func TestCloudEventSourceAndSubject(t *testing.T) {
	tests := []struct {
		name, environment, about, source string
		subject                          any
	}{
		{"both", "prod", "apim-weu", "/lifeboat/prod/apim-weu", "apim-weu"},
		{"no environment", "", "apim-weu", "/lifeboat/-/apim-weu", "apim-weu"},
		{"no service, so no subject", "prod", "", "/lifeboat/prod/-", nil},
		{"names that a URI must not hold as they are", "a b/c", "d?e#f", "/lifeboat/a%20b%2Fc/d%3Fe%23f", "d?e#f"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, body, err := notice.Encode(job.Notice{ID: "id", Type: job.NoticeLate, Service: job.NoService, About: test.about, At: at}, test.environment, plan.FormCloudEvents)
			if err != nil {
				t.Fatal(err)
			}
			e := decode[map[string]any](t, body)
			if e["source"] != test.source || e["subject"] != test.subject {
				t.Errorf("source %v, subject %v, want %s, %v", e["source"], e["subject"], test.source, test.subject)
			}
		})
	}
}

type teams struct {
	Type        string
	Attachments []struct {
		ContentType string
		Content     struct {
			Type, Version string
			Body          []struct {
				Type, Text string
				Wrap       bool
				Facts      []struct{ Title, Value string }
			}
		}
	}
}

// texts are all texts of a card that Markdown is read in.
func (m teams) texts() []string {
	var all []string
	for _, b := range m.Attachments[0].Content.Body {
		all = append(all, b.Text)
		for _, f := range b.Facts {
			all = append(all, f.Title, f.Value)
		}
	}
	return all
}

func TestTeamsCard(t *testing.T) {
	body := encode(t, find(t, job.NoticeRestoreCompleted, "with warnings"), plan.FormTeams)
	if !bytes.Contains(body, []byte(`"contentUrl":null`)) {
		t.Errorf("no contentUrl that is null in %s", body)
	}
	m := decode[teams](t, body)
	if m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" ||
		m.Attachments[0].Content.Type != "AdaptiveCard" || m.Attachments[0].Content.Version != "1.4" {
		t.Errorf("not a message with one adaptive card: %s", body)
	}
	for _, b := range m.Attachments[0].Content.Body {
		if b.Type == "TextBlock" && (!b.Wrap || b.Text == "" || strings.Contains(b.Text, "\n")) {
			t.Errorf("block %+v: want one wrapped line", b)
		}
	}
	if want := `- not in a backup, and different here: hostname apim\_weu is "a\*b\*c", the source had "api.contoso.example"`; !strings.Contains(strings.Join(m.texts(), "\n"), want) {
		t.Errorf("%q is not in %q", want, m.texts())
	}
}

// Nothing from elsewhere is read as Markdown.
func TestTeamsTextsAreEscaped(t *testing.T) {
	for _, nt := range job.NoticeTypes() {
		for _, text := range decode[teams](t, encode(t, poisoned(nt, "_a_ *b* [c](http://d) `e` \\f"), plan.FormTeams)).texts() {
			bare := strings.NewReplacer(`\\`, "", `\_`, "", `\*`, "", "\\`", "", `]\(`, "").Replace(text)
			if strings.ContainsAny(bare, "_*`\\") || strings.Contains(bare, "](") {
				t.Errorf("%s: %q", nt, text)
			}
		}
	}
}

// However long the facts are, each receiver takes the notice, and the text
// says that it was cut.
func TestLimits(t *testing.T) {
	for name, word := range map[string]string{
		"plain": strings.Repeat("word ", 20000), "escaped": strings.Repeat(`<_"\`, 20000), "wide": strings.Repeat("界", 20000), "wider": strings.Repeat("🔥", 20000),
	} {
		for _, nt := range append(job.NoticeTypes(), job.NoticeType(word)) {
			n := poisoned(nt, word)
			if body := encode(t, n, plan.FormTeams); len(body) >= 28<<10 {
				t.Errorf("%s, %.20s: %d bytes for Teams", name, nt, len(body))
			}
			if body := encode(t, n, plan.FormCloudEvents); len(body) > 64<<10 {
				t.Errorf("%s, %.20s: %d bytes for CloudEvents", name, nt, len(body))
			}
			checkSlack(t, encode(t, n, plan.FormSlack))
		}
		if text := notice.Write(poisoned(job.NoticeBackupFailed, word), ""); !strings.Contains(text.What, "… (cut)") {
			t.Errorf("%s: nothing says that the text was cut: %.200q", name, text.What)
		}
	}
}

// What to do is never cut, whatever else is.
func TestWhatToDoIsWhole(t *testing.T) {
	n := find(t, job.NoticeBackupFailed, "Azure names the failure")
	n.Facts.Message, n.Facts.Warnings = strings.Repeat("_", 50000), nil
	for range 100 {
		n.Facts.Warnings = append(n.Facts.Warnings, strings.Repeat("*", 5000))
	}
	want := notice.Write(n, "prod").Next
	all := decode[teams](t, encode(t, n, plan.FormTeams)).texts()
	if got := all[len(all)-1]; got != want {
		t.Errorf("Teams: %q, want %q", got, want)
	}
	if body := encode(t, n, plan.FormSlack); !strings.Contains(decode[slack](t, body).Blocks[3].Text.Text, want) {
		t.Errorf("Slack: %s", body)
	}
}

type slackText struct {
	Type, Text string
	Emoji      *bool
	Verbatim   bool
}

type slack struct {
	Text   string
	Blocks []struct {
		Type             string
		Text             *slackText
		Fields, Elements []slackText
	}
}

func checkSlack(t *testing.T, body []byte) {
	t.Helper()
	m := decode[slack](t, body)
	if m.Text == "" || len(m.Text) > 4000 || len(m.Blocks) > 50 {
		t.Errorf("text of %d bytes, %d blocks", len(m.Text), len(m.Blocks))
	}
	for _, b := range m.Blocks {
		limit := map[string]int{"header": 150, "section": 3000}[b.Type]
		if b.Text != nil && (len(b.Text.Text) > limit || b.Text.Text == "") {
			t.Errorf("%s of %d bytes, limit %d", b.Type, len(b.Text.Text), limit)
		}
		if len(b.Fields) > 10 || len(b.Elements) > 10 {
			t.Errorf("%d fields, %d elements, limit 10", len(b.Fields), len(b.Elements))
		}
		for _, f := range append(b.Fields, b.Elements...) {
			if len(f.Text) > 2000 || f.Text == "" {
				t.Errorf("field of %d bytes, limit 2000", len(f.Text))
			}
			if f.Type != "mrkdwn" || !f.Verbatim {
				t.Errorf("field %+v", f)
			}
		}
		if b.Type == "header" && (b.Text.Type != "plain_text" || b.Text.Emoji == nil || *b.Text.Emoji) {
			t.Errorf("header %+v", b.Text)
		}
	}
}

// <!channel> would wake everybody, <http://x|y> would lie about where it leads.
func TestSlackTextsAreEscaped(t *testing.T) {
	for _, nt := range job.NoticeTypes() {
		body := encode(t, poisoned(nt, "<!channel> <http://x|y> a&b"), plan.FormSlack)
		checkSlack(t, body)
		m := decode[slack](t, body)
		all := []string{m.Text}
		for _, b := range m.Blocks {
			if b.Text != nil {
				all = append(all, b.Text.Text)
			}
			for _, f := range append(b.Fields, b.Elements...) {
				all = append(all, f.Text)
			}
		}
		for _, text := range all {
			bare := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(text)
			if strings.ContainsAny(bare, "<>&") {
				t.Errorf("%s: %q", nt, text)
			}
		}
	}
}
