package tablestore

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"lifeboat/internal/job"
)

func factsIn(t *testing.T, text string) job.NoticeFacts {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	f := &fields{values: map[string]json.RawMessage{"Facts": quoted}}
	facts := f.noticeFacts("Facts")
	if f.err != nil {
		t.Error(f.err)
	}
	return facts
}

// However much there is to say, the property stays within what a table takes.
func TestNoticeFactsFit(t *testing.T) {
	long := strings.Repeat("ż\x01\"", 50_000)
	for name, c := range map[string]struct{ gates, warnings, kept int }{
		"long sentences":     {30, 30, 30},
		"countless gates":    {5000, 1, 0},
		"countless warnings": {1, 5000, 0},
		"long names alone":   {},
	} {
		facts := job.NoticeFacts{
			Job: long, Standby: long, Point: long, Code: long, Message: long, By: long, Incident: long,
			Gateway: long, Management: long, Queue: long, Excerpt: long,
		}
		for i := range c.gates {
			facts.Gates = append(facts.Gates, job.Gate{Name: fmt.Sprint("gate ", i), Sentence: long})
		}
		for range c.warnings {
			facts.Warnings = append(facts.Warnings, long)
		}
		text := encodeNoticeFacts(facts)
		if len(text) > maxNested {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		got := factsIn(t, text)
		if len(got.Job) < 200 || len(got.Message) < 10 || len(got.Gates) != c.kept || len(got.Warnings) != c.kept {
			t.Errorf("%s: kept %d and %d bytes, %d gates, %d warnings", name, len(got.Job), len(got.Message), len(got.Gates), len(got.Warnings))
		}
		if again := encodeNoticeFacts(got); again != text {
			t.Errorf("%s: a second write changes it", name)
		}
	}
}

// A fact that a newer version added does not hide the others.
func TestNoticeFactsFromTheFuture(t *testing.T) {
	if got := factsIn(t, `{"fromTheFuture":[1],"message":"It's refused.","took":5}`); got.Message != "It's refused." || got.Took != 5 {
		t.Errorf("facts %+v", got)
	}
}

func TestEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "recovery-requests.2_x": "recovery-requests.2_x", "a|b": "a=7Cb", "=7C": "=3D7C", "/\\#?'": "=2F=5C=23=3F=27", "ż\n": "=C5=BC=0A",
	} {
		got := escaped(text)
		if got != want || !job.FitsKey(got) {
			t.Errorf("escaped(%q) = %q, want %q", text, got, want)
		}
	}
}
