package recovery_test

import (
	"testing"
	"time"

	"lifeboat/internal/recovery"
)

// The prompts as they lie in queues, where another version of this program put
// them or takes them: what stands here is never edited. A field more makes a new
// schema and one more prompt here, for versions before it refuse what they do
// not know.
func TestKeptPrompts(t *testing.T) {
	since := time.Date(2026, 3, 1, 1, 2, 3, 456000000, time.UTC)
	for body, want := range map[string]recovery.Prompt{
		`{"schema":1,"service":"apim-weu","job":"apim-weu-20260301T010000Z-backup","revision":7}`:                                                {Service: "apim-weu", Job: "apim-weu-20260301T010000Z-backup", Revision: 7},
		`{"schema":1,"service":"apim-weu","job":"apim-weu-20260301T010000Z-backup","revision":7,"repeats":3,"since":"2026-03-01T01:02:03.456Z"}`: {Service: "apim-weu", Job: "apim-weu-20260301T010000Z-backup", Revision: 7, Repeats: 3, Since: since},
	} {
		if got, err := recovery.DecodePrompt([]byte(body)); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v, want %+v", body, got, err, want)
		}
		if got := string(recovery.EncodePrompt(want)); got != body {
			t.Errorf("%+v is written as %s, want %s", want, got, body)
		}
	}
	for body, want := range map[string]recovery.NoticePrompt{
		`{"schema":1,"service":"apim-weu","notice":"apim-weu:9:Late","attempt":0,"firstSeen":"2026-03-01T01:02:03.456Z"}`:             {Service: "apim-weu", Notice: "apim-weu:9:Late", FirstSeen: since},
		`{"schema":1,"service":"apim-weu","notice":"apim-weu:9:Late","attempt":2,"firstSeen":"2026-03-01T01:02:03.456Z","repeats":3}`: {Service: "apim-weu", Notice: "apim-weu:9:Late", Attempt: 2, FirstSeen: since, Repeats: 3},
	} {
		if got, err := recovery.DecodeNoticePrompt([]byte(body)); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v, want %+v", body, got, err, want)
		}
		if got := string(recovery.EncodeNoticePrompt(want)); got != body {
			t.Errorf("%+v is written as %s, want %s", want, got, body)
		}
	}
}
