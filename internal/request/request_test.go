package request

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

// requests are one request of each kind, as they are on the wire.
var requests = []struct {
	name string
	body string
	want Request
}{
	{
		"a restore with everything",
		`{"schema":1,"id":"r-1","kind":"Restore","service":"apim-weu","to":"apim-neu","point":"apim-weu-20260301T010000Z-backup","reason":"gateway down","by":"kim@contoso.com"}`,
		Request{ID: "r-1", Kind: Restore, Service: "apim-weu", To: "apim-neu", Point: "apim-weu-20260301T010000Z-backup", Reason: "gateway down", By: "kim@contoso.com"},
	},
	{
		"a restore with the least",
		`{"schema":1,"id":"r-1","kind":"Restore","service":"apim-weu","by":"kim"}`,
		Request{ID: "r-1", Kind: Restore, Service: "apim-weu", By: "kim"},
	},
	{
		"a backup by nobody in particular",
		` {"by":null,"kind":"Backup","service":"apim-weu","schema":1,"id":"b.1_x"} `,
		Request{ID: "b.1_x", Kind: Backup, Service: "apim-weu"},
	},
	{
		"a cancel, with text of several lines",
		`{"schema":1,"id":"c-1","kind":"Cancel","job":"apim-neu-inc7f3a-restore","by":" Kim\tof Contoso","reason":"false\r\nalarm\u0007"}`,
		Request{ID: "c-1", Kind: Cancel, Job: "apim-neu-inc7f3a-restore", By: "Kim of Contoso", Reason: "false alarm"},
	},
	{
		"an acknowledgement that only takes note",
		`{"schema":1,"id":"a-1","kind":"Acknowledge","service":"apim-neu","by":"kim","outcome":""}`,
		Request{ID: "a-1", Kind: Acknowledge, Service: "apim-neu", By: "kim"},
	},
	{
		"an acknowledgement with failback",
		`{"schema":1,"id":"a-1","kind":"Acknowledge","service":"apim-neu","by":"kim","outcome":"failback"}`,
		Request{ID: "a-1", Kind: Acknowledge, Service: "apim-neu", By: "kim", Outcome: Failback},
	},
	{
		"maintenance begins",
		`{"schema":1,"id":"m-1","kind":"Maintenance","service":"apim-weu","by":"kim","state":"on","until":"2026-03-01T06:00:00+02:00"}`,
		Request{ID: "m-1", Kind: Maintenance, Service: "apim-weu", By: "kim", On: true, Until: at("2026-03-01T04:00:00Z")},
	},
	{
		"maintenance ends",
		`{"schema":1,"id":"m-2","kind":"Maintenance","service":"apim-weu","by":"kim","state":"off"}`,
		Request{ID: "m-2", Kind: Maintenance, Service: "apim-weu", By: "kim"},
	},
}

func TestDecodeRequests(t *testing.T) {
	for _, c := range requests {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Message(c.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			body, err := EncodeRequest(c.want)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Decode(body)
			if diff := cmp.Diff(Message(c.want), again); diff != "" || err != nil {
				t.Errorf("encoded and decoded: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDecodeTakesWhatIsAsLongAsMayBe(t *testing.T) {
	r := Request{ID: strings.Repeat("i", 64), Kind: Restore, Service: strings.Repeat("s", 50), To: strings.Repeat("a-", 24) + "aa", By: strings.Repeat("b", 200), Reason: strings.Repeat("r", 1000)}
	body, err := EncodeRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	body = append(body, strings.Repeat(" ", MaxSize-len(body))...)
	if got, err := Decode(body); err != nil || got != Message(r) {
		t.Errorf("Decode = %+v, %v", got, err)
	}
	a := Approval{ID: "p-1", Job: strings.Repeat("j", 200), By: r.By, Reason: r.Reason}
	if _, err := EncodeApproval(a); err != nil {
		t.Error(err)
	}
	a.Reason += "r"
	if _, err := EncodeApproval(a); !errors.Is(err, ErrMalformed) {
		t.Errorf("a longer reason: %v, want ErrMalformed", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	const restore = `{"schema":1,"id":"r-1","kind":"Restore","service":"apim-weu","by":"kim"`
	const maintenance = `{"schema":1,"id":"m-1","kind":"Maintenance","service":"apim-weu","by":"kim"`
	for _, c := range []struct{ name, body, want string }{
		{"nothing", "", "want a JSON object"},
		{"null", "null", "want a JSON object"},
		{"a list", "[]", "want a JSON object"},
		{"text that is not JSON", "restore apim-weu, please", "want a JSON object"},
		{"half an object", restore, "not JSON"},
		{"a second object", restore + "}{}", "more data"},
		{"another text encoding", "{\"schema\":1,\"id\":\"\xff\"}", "not UTF-8"},
		{"a book", `{"schema":1,"reason":"` + strings.Repeat("x", MaxSize) + `"}`, "want at most 524288 bytes"},
		{"neither schema", `{"kind":"Restore"}`, "want either schema"},
		{"both schemas", `{"schema":1,"schemaId":"azureMonitorCommonAlertSchema"}`, "want either schema"},
		{"schema in other letters", `{"Schema":1,"id":"r-1","kind":"Backup","service":"apim-weu"}`, "want either schema"},
		{"schema 0", `{"schema":0}`, "want schema 1"},
		{"schema as text", `{"schema":"1"}`, "want schema 1"},
		{"no kind", `{"schema":1,"id":"x"}`, "want a kind"},
		{"a kind that nobody knows", `{"schema":1,"id":"x","kind":"Delete"}`, `got "Delete"`},
		{"a kind in other letters", `{"schema":1,"id":"x","kind":"restore"}`, `got "restore"`},
		{"an approval", `{"schema":1,"id":"x","verdict":"Approve","job":"j","point":"p","target":"t","by":"kim"}`, "want a kind"},
		{"an unknown field", restore + `,"account":"stolen"}`, `Restore: unknown field "account"`},
		{"a field of another kind", restore + `,"job":"j"}`, `unknown field "job"`},
		{"a field in other letters", restore + `,"To":"apim-neu"}`, `unknown field "To"`},
		{"a field twice", restore + `,"to":"apim-neu","to":"apim-sea"}`, `field "to" stands there twice`},
		{"no id", `{"schema":1,"kind":"Backup","service":"apim-weu"}`, "Backup: want id"},
		{"an empty id", `{"schema":1,"id":"","kind":"Backup","service":"apim-weu"}`, "want id"},
		{"an id with a slash", `{"schema":1,"id":"a/b","kind":"Backup","service":"apim-weu"}`, "want an id"},
		{"an id that is too long", `{"schema":1,"id":"` + strings.Repeat("x", 65) + `","kind":"Backup","service":"apim-weu"}`, "want an id"},
		{"a number as id", `{"schema":1,"id":7,"kind":"Backup","service":"apim-weu"}`, "want text"},
		{"no service", `{"schema":1,"id":"x","kind":"Restore","by":"kim"}`, "want service"},
		{"a resource id as service", `{"schema":1,"id":"x","kind":"Backup","service":"/subscriptions/x"}`, "want a service by its name"},
		{"a service that is too long", `{"schema":1,"id":"x","kind":"Backup","service":"` + strings.Repeat("a-", 25) + `a"}`, "want a service by its name"},
		{"a target that is too long", restore + `,"to":"` + strings.Repeat("x", 51) + `"}`, "want to as a standby's name"},
		{"a resource id as target", restore + `,"to":"/subscriptions/x"}`, "want to as a standby's name"},
		{"a path as point", restore + `,"point":"../other/x"}`, "want a point by its name"},
		{"nobody asks", `{"schema":1,"id":"x","kind":"Restore","service":"apim-weu"}`, "want by"},
		{"a blank asks", `{"schema":1,"id":"x","kind":"Restore","service":"apim-weu","by":"\u200b"}`, "want by as a name"},
		{"a crowd asks", `{"schema":1,"id":"x","kind":"Restore","service":"apim-weu","by":"` + strings.Repeat("x", 201) + `"}`, "want by as a name"},
		{"a novel as reason", restore + `,"reason":"` + strings.Repeat("x", 1001) + `"}`, "want a reason"},
		{"no job to cancel", `{"schema":1,"id":"x","kind":"Cancel","by":"kim"}`, "want job"},
		{"a path as job", `{"schema":1,"id":"x","kind":"Cancel","by":"kim","job":"a/b"}`, "want a job by its id"},
		{"an outcome that nobody knows", `{"schema":1,"id":"x","kind":"Acknowledge","service":"s","by":"kim","outcome":"done"}`, "want outcome"},
		{"maintenance without a state", maintenance + `}`, "want state"},
		{"maintenance in between", maintenance + `,"state":"maybe"}`, "want state on or off"},
		{"maintenance without an end", maintenance + `,"state":"on"}`, "want until"},
		{"maintenance until tomorrow", maintenance + `,"state":"on","until":"tomorrow"}`, "want until"},
		{"maintenance until the year 1", maintenance + `,"state":"on","until":"0001-01-01T00:00:00Z"}`, "want until"},
		{"maintenance that ends until a time", maintenance + `,"state":"off","until":"2026-03-01T04:00:00Z"}`, "until only with state on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode([]byte(c.body))
			refused(t, err, c.want)
			if got != nil {
				t.Errorf("decoded %+v beside the error", got)
			}
		})
	}
}

// refused checks an error that says want and is fit for a log.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var m *MalformedError
	if !errors.As(err, &m) || !errors.Is(err, ErrMalformed) || errors.Is(err, ErrNewer) {
		t.Fatalf("error = %v, want a *MalformedError", err)
	}
	if !strings.Contains(m.Problem, want) {
		t.Errorf("problem = %q, want %q in it", m.Problem, want)
	}
	if len(m.Excerpt) > 200 || line(m.Excerpt) != m.Excerpt || line(m.Problem) != m.Problem {
		t.Errorf("not fit for a log: %q", m.Error())
	}
}

func TestExcerptDisturbsNoLog(t *testing.T) {
	_, err := Decode([]byte("\x1b[31m\u202e" + strings.Repeat("é\n", 200)))
	refused(t, err, "want a JSON object")
	if !strings.Contains(err.Error(), "[31m é é") {
		t.Errorf("error = %q, want the beginning in it", err)
	}
}

func TestALaterSchemaIsToldApart(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       NewerError
	}{
		{"with an id", `{"schema":2,"id":"r-1","kind":"Rehearse","depth":{"x":[1]}}`, NewerError{2, "r-1"}},
		{"without an id", `{"schema":3}`, NewerError{3, ""}},
		{"with an id that is none", `{"schema":2,"id":{"n":1}}`, NewerError{2, ""}},
		{"with an id that is not fit for a log", `{"schema":2,"id":"a\nb"}`, NewerError{2, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode([]byte(c.body))
			_, second := DecodeApproval([]byte(c.body))
			for _, err := range []error{err, second} {
				var newer *NewerError
				if !errors.As(err, &newer) || !errors.Is(err, ErrNewer) || *newer != c.want || !strings.Contains(err.Error(), c.want.ID) {
					t.Errorf("error = %v, want %+v", err, c.want)
				}
			}
		})
	}
}

func TestEncodeRequestRefusesWhatDecodeWould(t *testing.T) {
	for _, r := range []Request{
		{},
		{ID: "r-1", Kind: Restore, Service: "apim-weu"},
		{ID: "r-1", Kind: Restore, Service: "apim-weu", By: "kim", Job: "j"},
		{ID: "r-1", Kind: Backup, Service: "apim-weu", On: true},
		{ID: "m-1", Kind: Maintenance, Service: "apim-weu", By: "kim", On: true},
	} {
		if body, err := EncodeRequest(r); !errors.Is(err, ErrMalformed) || body != nil {
			t.Errorf("EncodeRequest(%+v) = %s, %v, want ErrMalformed", r, body, err)
		}
	}
}
