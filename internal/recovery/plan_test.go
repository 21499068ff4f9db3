package recovery_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// A service that leaves the plan while its backup runs is waited for: the
// plan may have been rolled back by mistake.
func TestAServiceThatLeavesThePlanIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.DiscardHandler))
		w.Run(t.Context(), 15*time.Minute)
		whole := w.Engine.Plan
		away := *whole
		away.Services = nil
		w.Engine.Plan = &away
		w.Run(t.Context(), time.Hour)
		if j := w.Store.Jobs("apim-weu")[0]; j.State != job.InProgress || !strings.Contains(j.Reason, "not in the plan") {
			t.Errorf("job is %s: %s", j.State, j.Reason)
		}
		w.Engine.Plan = whole
		w.Run(t.Context(), time.Hour)
		check(t, stories()[0], w)
	})
}

// A job tells its story in one line for each move.
func TestOneLogLineForEachMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		w := recoverytest.NewWorld(testPlan(t, ""), slog.New(slog.NewJSONHandler(&out, nil)))
		w.Run(t.Context(), time.Hour)
		j := w.Store.Jobs("apim-weu")[0]
		if got := strings.Count(out.String(), `"msg":"job moved"`); got != j.Revision-1 {
			t.Errorf("%d lines for %d moves:\n%s", got, j.Revision-1, &out)
		}
	})
}

func TestDecodePrompt(t *testing.T) {
	since := time.Date(2026, 3, 1, 1, 2, 3, 0, time.UTC)
	for _, p := range []recovery.Prompt{
		{Service: "a", Job: "b", Revision: 1},
		{Service: "a", Job: "b", Revision: 7, Repeats: 3, Since: since},
	} {
		got, err := recovery.DecodePrompt(recovery.EncodePrompt(p))
		if diff := cmp.Diff(p, got); diff != "" || err != nil {
			t.Errorf("round trip: %v\n%s", err, diff)
		}
	}
	for name, body := range map[string]string{
		"nothing": "", "text": "hello", "no schema": `{"service":"a","job":"b","revision":1}`, "no job": `{"schema":1,"service":"a","revision":1}`,
		"an unknown field": `{"schema":1,"service":"a","job":"b","revision":1,"account":"evil"}`, "two values": `{"schema":1,"service":"a","job":"b","revision":1}{}`,
		"a brace too many": `{"schema":1,"service":"a","job":"b","revision":1}}`,
		"revision 0":       `{"schema":1,"service":"a","job":"b","revision":0}`, "an array": `[]`, "null": `null`,
	} {
		if p, err := recovery.DecodePrompt([]byte(body)); !errors.Is(err, recovery.ErrMalformed) {
			t.Errorf("%s: %+v, %v, want ErrMalformed", name, p, err)
		}
	}
	newer, err := recovery.DecodePrompt([]byte(`{"schema":2,"service":"a","job":"b","revision":4,"mood":"new"}`))
	if want := (recovery.Prompt{Service: "a", Job: "b", Revision: 4}); newer != want || !errors.Is(err, job.ErrNewerSchema) {
		t.Errorf("newer schema: %+v, %v", newer, err)
	}
}

func FuzzDecodePrompt(f *testing.F) {
	f.Add(recovery.EncodePrompt(recovery.Prompt{Service: "a", Job: "b", Revision: 1}))
	f.Add([]byte(`{"schema":2}`))
	f.Add([]byte(`{"schema":1,"service":"a","job":"b","revision":1,"since":"9999-12-31T23:59:59-23:59"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := recovery.DecodePrompt(body)
		if err != nil {
			return
		}
		again, err := recovery.DecodePrompt(recovery.EncodePrompt(p))
		if err != nil || again != p {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
	})
}
