package web

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"lifeboat/internal/job"
)

// attacks are texts as no friend would write them.
var attacks = []string{
	`<script>document.title="owned"</script>`,
	`"><img src=x onerror=alert(1)>`,
	`</title></style></svg><script>alert(1)</script>`,
	`javascript:alert(1)`,
	"\u202egnp.exe\u202c \u2066isolated \u200f\u200e\u061c",
	"line\r\nX-Injected: 1\x00\x1b[31m\x7f\u0085",
	"\xff\xfe not UTF-8",
	strings.Repeat("10kB", 2500),
	strings.Repeat("a\u0300\u0301\u0302\u0303\u0304\u0305\u0306", 300),
	"{{.Frame}} ${x} &amp; &#60;b&#62;",
}

var attack = strings.Join(attacks, " | ")

// hostile has an attack wherever somebody else's words can be.
func hostile(t testing.TB) Known { return withWords(t, attack) }

// withWords is a fleet with text wherever somebody else's words can be.
func withWords(t testing.TB, text string) Known {
	k := busy(t)
	k.Plan.Environment = text
	for i := range k.Plan.Services {
		k.Plan.Services[i].Name += text
		for n := range k.Plan.Services[i].Standbys {
			k.Plan.Services[i].Standbys[n].Name += text
		}
	}
	for i := range k.Rows.Summaries {
		s := &k.Rows.Summaries[i]
		s.Service += text
		for _, field := range []*string{&s.LastJob, &s.LastCode, &s.ReadyReason, &s.Incident, &s.FailoverJob, &s.Holds, &s.ServingFor} {
			*field = text
		}
		s.Readiness, s.LastState = job.NotReady, job.Failed
	}
	for i := range k.Rows.Jobs {
		k.Rows.Jobs[i] = wordy(k.Rows.Jobs[i], text)
	}
	for i := range k.Rows.Notices {
		n := &k.Rows.Notices[i]
		n.ID, n.Type, n.About, n.LastError = text, job.NoticeType(text), text, text
	}
	for i := range k.Incidents {
		inc := &k.Incidents[i]
		inc.ID, inc.Service, inc.Rule, inc.Restore, inc.Target = text, text, text, k.Rows.Jobs[1].ID, text
	}
	return k
}

func hostileJob(j job.Job) job.Job { return wordy(j, attack) }

// wordy is j with text wherever somebody else's words can be.
func wordy(j job.Job, text string) job.Job {
	j.ID, j.Service, j.Reason, j.Code, j.Message = j.ID+text, text, text, text, text
	j.Asked = job.Asked{Request: text, By: text, Why: text}
	j.Kind, j.Attempt.Phase, j.Attempt.Blob, j.Attempt.Trace, j.Warnings = job.Kind(text), job.Phase(text), text, text, []string{text, text}
	j.History = append(j.History, job.Step{State: job.State(text), At: now, Note: text})
	if j.Restore != nil {
		o := *j.Restore
		for _, field := range []*string{&o.Source, &o.Incident, &o.By, &o.Why, &o.Rule, &o.Approval.By, &o.Safety.Name, &o.GatewayURL, &o.ManagementURL, &o.Point.Blob, &o.Point.Job, &o.Point.WithdrawnWhy, &o.Point.Facts.Tier, &o.Point.Facts.Location} {
			*field = text
		}
		o.Point.Settings = map[string]string{text: text}
		o.Point.Withdrawn = now
		o.Gates = append([]job.Gate{{Name: text, Outcome: text, Sentence: text}}, o.Gates...)
		j.Restore = &o
	}
	return j
}

// hostilePage is all that can be said about one hostile job, as a page.
func hostilePage(t testing.TB) func() ([]byte, error) {
	return func() ([]byte, error) {
		return Page(Overview(hostile(t)), false)
	}
}

func TestHostileWordsAreHarmless(t *testing.T) {
	k := hostile(t)
	name := k.Plan.Services[0].Name
	past := Past{Points: []job.Point{k.Rows.Jobs[1].Restore.Point}, Jobs: []job.Job{hostileJob(failed("apim-weu", hour))}}
	past.Points[0].StartedAt, past.Points[0].VerifiedAt = ago(2*hour), ago(hour)
	past.Jobs[0].Service = name
	service, ok := About(k, name, past)
	if !ok {
		t.Fatal("the service is not in its plan")
	}
	trouble := NewTrouble(attack, attack, now)
	for name, c := range map[string]struct {
		view any
		draw func() ([]byte, error)
	}{
		"overview": {Overview(k), func() ([]byte, error) { return Page(Overview(k), true) }},
		"service":  {service, func() ([]byte, error) { return ServicePage(service, true) }},
		"backup":   {Detail(k.Plan, past.Jobs[0], nil, now), func() ([]byte, error) { return JobPage(Detail(k.Plan, past.Jobs[0], nil, now), true) }},
		"restore":  {Detail(k.Plan, k.Rows.Jobs[1], nil, now), func() ([]byte, error) { return JobPage(Detail(k.Plan, k.Rows.Jobs[1], nil, now), true) }},
		"trouble":  {trouble, func() ([]byte, error) { return TroublePage(trouble) }},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := c.draw()
			if err != nil {
				t.Fatal(err)
			}
			harmless(t, string(page))
			data, err := json.Marshal(c.view)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(data); strings.Contains(text, "<script") || strings.Contains(text, secret) {
				t.Error("JSON with a tag that a browser could take for one, or with a secret")
			}
		})
	}
}

// harmless looks for what a browser would act on.
func harmless(t *testing.T, page string) {
	t.Helper()
	lower := strings.ToLower(page)
	for _, tag := range []string{"<script", "<img", "onerror=\"", "href=\"javascript", "</title></style>", secret} {
		if strings.Contains(lower, tag) {
			at := strings.Index(lower, tag)
			t.Errorf("the page has %q: …%s…", tag, page[max(at-80, 0):min(at+80, len(page))])
		}
	}
	for _, once := range []string{"<title>", "</style>", "</head>", "<h1>"} {
		want := 1
		if n := strings.Count(lower, once); n != want {
			t.Errorf("the page has %s %d times", once, n)
		}
	}
	for _, r := range page {
		if r != '\n' && r != ' ' && unicode.Is(unicode.C, r) {
			t.Errorf("the page has the control character %U", r)
			break
		}
	}
	if limit := 400 << 10; len(page) > limit {
		t.Errorf("the page has %d bytes: long words were not cut", len(page))
	}
}
