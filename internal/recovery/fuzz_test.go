package recovery_test

import (
	"errors"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// FuzzDecodeNoticePrompt: whatever arrives, the answer is a prompt that can be
// sent again and then says the same, or one of the two errors.
func FuzzDecodeNoticePrompt(f *testing.F) {
	f.Add(recovery.EncodeNoticePrompt(recovery.NoticePrompt{Service: "a", Notice: "a:1:Late", FirstSeen: time.Date(2026, 3, 1, 1, 2, 3, 0, time.UTC)}))
	for _, body := range []string{
		`{"schema":2,"mood":"new"}`, `{"schema":1,"service":"a","notice":"n","attempt":1,"firstSeen":"2026-03-01T01:00:00+01:00","repeats":3}`,
		`{"schema":1,"service":"a","notice":"n"}{}`, `{"schema":1,"service":"a","notice":"n","firstSeen":"9999-12-31T23:59:59-23:59"}`,
		`{"schema":1,"service":"a","notice":"n","attempt":-1}`, `{"schema":1,"service":"a","notice":"n","account":"evil"}`, `null`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := recovery.DecodeNoticePrompt(body)
		if err != nil {
			if !errors.Is(err, recovery.ErrMalformed) && !errors.Is(err, job.ErrNewerSchema) {
				t.Errorf("error %v, want one with a name", err)
			}
			return
		}
		p.Repeats++
		again, err := recovery.DecodeNoticePrompt(recovery.EncodeNoticePrompt(p))
		if err != nil || again != p {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
	})
}

// A time that no message can carry would let a handler panic each time that it
// sends the prompt again.
func TestPromptsOfImpossibleTimes(t *testing.T) {
	for _, at := range []string{"9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59"} {
		_, err := recovery.DecodePrompt([]byte(`{"schema":1,"service":"a","job":"b","revision":1,"since":"` + at + `"}`))
		_, ofNotice := recovery.DecodeNoticePrompt([]byte(`{"schema":1,"service":"a","notice":"n","firstSeen":"` + at + `"}`))
		if !errors.Is(err, recovery.ErrMalformed) || !errors.Is(ofNotice, recovery.ErrMalformed) {
			t.Errorf("%s: %v, %v, want ErrMalformed", at, err, ofNotice)
		}
	}
	if _, err := recovery.DecodeNoticePrompt([]byte(`{"schema":1,"service":"a","notice":"n"}{}`)); !errors.Is(err, recovery.ErrMalformed) {
		t.Errorf("two values: %v, want ErrMalformed", err)
	}
}
