package request

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var approvals = []struct {
	name string
	body string
	want Approval
}{
	{
		"an approval",
		`{"schema":1,"id":"p-1","job":"apim-neu-inc7f3a-restore","point":"apim-weu-20260301T010000Z-backup","target":"apim-neu","verdict":"Approve","by":"robin@contoso.com","reason":"seen it"}`,
		Approval{ID: "p-1", Approved: true, Job: "apim-neu-inc7f3a-restore", Point: "apim-weu-20260301T010000Z-backup", Target: "apim-neu", By: "robin@contoso.com", Reason: "seen it"},
	},
	{
		"a rejection needs no more than the job",
		`{"schema":1,"id":"p-1","job":"apim-neu-inc7f3a-restore","verdict":"Reject","by":" robin "}`,
		Approval{ID: "p-1", Job: "apim-neu-inc7f3a-restore", By: "robin"},
	},
}

func TestDecodeApprovals(t *testing.T) {
	for _, c := range approvals {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeApproval([]byte(c.body))
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Fatalf("%v (-want +got):\n%s", err, diff)
			}
			body, err := EncodeApproval(got)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := DecodeApproval(body); again != got || err != nil {
				t.Errorf("encoded and decoded: %+v, %v", again, err)
			}
		})
	}
}

func TestDecodeApprovalRefuses(t *testing.T) {
	const whole = `"schema":1,"id":"p-1","job":"j","point":"p","target":"t","by":"robin"`
	for _, c := range []struct{ name, body, want string }{
		{"nothing", "", "want a JSON object"},
		{"no schema", `{"id":"p-1","job":"j","point":"p","target":"t","by":"robin","verdict":"Approve"}`, "want schema 1"},
		{"no verdict", `{` + whole + `}`, "want verdict"},
		{"a verdict in other letters", `{` + whole + `,"verdict":"approve"}`, "want verdict"},
		{"a verdict that is no text", `{` + whole + `,"verdict":true}`, "want verdict"},
		{"a request", `{"schema":1,"id":"r-1","kind":"Restore","service":"apim-weu","by":"kim"}`, "want verdict"},
		{"an alert", `{"schemaId":"azureMonitorCommonAlertSchema"}`, "want schema 1"},
		{"an unknown field", `{` + whole + `,"verdict":"Approve","expires":"never"}`, `unknown field "expires"`},
		{"no job", `{"schema":1,"id":"p-1","point":"p","target":"t","by":"robin","verdict":"Approve"}`, "want job"},
		{"no point", `{"schema":1,"id":"p-1","job":"j","target":"t","by":"robin","verdict":"Approve"}`, "want point"},
		{"no target", `{"schema":1,"id":"p-1","job":"j","point":"p","by":"robin","verdict":"Approve"}`, "want target"},
		{"nobody", `{"schema":1,"id":"p-1","job":"j","point":"p","target":"t","verdict":"Approve"}`, "want by"},
		{"nobody rejects", `{"schema":1,"id":"p-1","job":"j","verdict":"Reject"}`, "want by"},
		{"a blank approves", `{"schema":1,"id":"p-1","job":"j","point":"p","target":"t","by":"\u0000","verdict":"Approve"}`, "want by as a name"},
		{"an id with a space", `{"schema":1,"id":"p 1","job":"j","point":"p","target":"t","by":"robin","verdict":"Approve"}`, "want an id"},
		{"a path as job", `{"schema":1,"id":"p-1","job":"a/b","verdict":"Reject","by":"robin"}`, "want a job"},
		{"a path as point", `{"schema":1,"id":"p-1","job":"j","point":"a/b","target":"t","by":"robin","verdict":"Approve"}`, "want a point"},
		{"a resource id as target", `{"schema":1,"id":"p-1","job":"j","point":"p","target":"/x","by":"robin","verdict":"Approve"}`, "want a target"},
		{"a target that is too long", `{"schema":1,"id":"p-1","job":"j","point":"p","target":"` + strings.Repeat("a-", 25) + `a","by":"robin","verdict":"Approve"}`, "want a target"},
		{"a list as reason", `{` + whole + `,"verdict":"Approve","reason":[]}`, "want text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := DecodeApproval([]byte(c.body))
			refused(t, err, c.want)
		})
	}
}

func TestEncodeApprovalRefusesWhatDecodeWould(t *testing.T) {
	if body, err := EncodeApproval(Approval{ID: "p-1", Approved: true, Job: "j", By: "robin"}); !errors.Is(err, ErrMalformed) || body != nil {
		t.Errorf("EncodeApproval without point and target = %s, %v, want ErrMalformed", body, err)
	}
}
