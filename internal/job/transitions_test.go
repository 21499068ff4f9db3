package job

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/transitions.txt anew")

const golden = "testdata/transitions.txt"

var (
	midnight    = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	sampleRules = Rules{
		Deadline: 6 * time.Hour, OperationDeadline: 3 * time.Hour, PollMin: 15 * time.Second, PollMax: 5 * time.Minute,
		Settling: 5 * time.Minute, BusyWait: 2 * time.Minute, Attempts: 2, RetryWait: 10 * time.Minute,
	}
)

// sampleEvents has one event of every type. None asks for a time of its own,
// so that the table shows the rules'.
func sampleEvents() []Event {
	return []Event{
		Start{Owner: "invocation"}, Busy{Reason: "busy"}, Throttled{Reason: "throttled"}, Refused{Code: "AuthorizationFailed"},
		Unanswered{Reason: "reset"}, NotLanded{Reason: "no blob"}, Accepted{ResumeToken: "token"}, Updating{}, Running{ResumeToken: "next"},
		HandleLost{Reason: "404"}, OperationSucceeded{}, OperationFailed{Code: "BackupFailed"}, Evident{}, ArtefactMissing{},
		ArtefactUnfit{Reason: "empty"}, Verified{}, Pruned{}, Deferred{Reason: "503"}, Cancel{Reason: "by hand"},
		Blocked{Reason: "a gate"}, Held{Reason: "a gate"}, AskApproval{Point: Point{Blob: "point"}, Expires: midnight.Add(15 * time.Minute)},
		Approve{By: "bob", Point: "point", Target: "apim-neu"}, Reject{By: "bob"}, ApprovalExpired{}, Resolved{Reason: "over"},
		SafetyDone{Artefact: Artefact{Name: "a1", Size: 1}}, Undecidable{Reason: "partial"}, Restored{},
		PutOff{To: midnight.Add(10 * time.Minute)}, Hastened{}, Changed{}, TooSoon{Until: midnight.Add(time.Hour), Reason: "too soon"},
	}
}

// stand is a job in one state, with what may matter about it beside the state.
type stand struct {
	name string
	job  Job
}

// stands has a job in every state, a minute into it, in its first attempt; then
// those whose number of attempts or looks runs out with the next event.
func stands() []stand {
	sample := func(s State, change ...func(*Job)) Job {
		j := NewBackup("apim-weu", midnight, midnight, sampleRules, midnight)
		j.State = s
		if s != Pending && s != Canceled {
			j.Attempt = Attempt{Number: 1, Owner: "invocation", Blob: "a1", StartedAt: midnight}
		}
		if s == InProgress {
			j.Attempt.ResumeToken = "token"
		}
		for _, c := range change {
			c(&j)
		}
		return j
	}
	restore := func(s State, phase Phase, change ...func(*Job)) Job {
		return sample(s, append([]func(*Job){func(j *Job) {
			attempt := j.Attempt
			attempt.Phase = phase
			*j = NewRestore("apim-neu", "cause", RestoreOrder{Source: "apim-weu", By: "ann", Point: Point{Blob: "point"}}, sampleRules, midnight)
			j.State, j.Attempt = s, attempt
			if s == AwaitingApproval {
				j.Restore.Approval.Expires = midnight.Add(15 * time.Minute)
			}
		}}, change...)...)
	}
	withoutHandle := func(j *Job) { j.Attempt.ResumeToken = "" }
	lastAttempt := func(j *Job) { j.Failures = sampleRules.Attempts - 1 }
	return []stand{
		{"Pending", sample(Pending)},
		{"Starting", sample(Starting)},
		{"InProgress", sample(InProgress)},
		{"InProgress, no handle", sample(InProgress, withoutHandle)},
		{"Verifying", sample(Verifying)},
		{"Pruning", sample(Pruning)},
		{"Succeeded", sample(Succeeded)},
		{"Failed", sample(Failed)},
		{"Canceled", sample(Canceled)},
		{"InProgress, last attempt", sample(InProgress, lastAttempt)},
		{"InProgress, last attempt, no handle", sample(InProgress, lastAttempt, withoutHandle)},
		{"Verifying, last attempt", sample(Verifying, lastAttempt)},
		{"Verifying, last look", sample(Verifying, func(j *Job) { j.Misses = maxMisses - 1 })},
		{"Pending", restore(Pending, "")},
		{"AwaitingApproval", restore(AwaitingApproval, "")},
		{"Starting, safety backup", restore(Starting, SafetyBackup)},
		{"InProgress, safety backup", restore(InProgress, SafetyBackup)},
		{"InProgress, safety backup, no handle", restore(InProgress, SafetyBackup, withoutHandle)},
		{"Verifying, safety backup", restore(Verifying, SafetyBackup)},
		{"Verifying, safety backup done", restore(Verifying, SafetyBackup, func(j *Job) { j.Restore.Safety.Name = "a1" })},
		{"Starting, overwrite", restore(Starting, Overwrite)},
		{"InProgress, overwrite", restore(InProgress, Overwrite, func(j *Job) { j.Attempt.ResumeToken = "token" })},
		{"InProgress, overwrite, no handle", restore(InProgress, Overwrite, withoutHandle)},
		{"Verifying, overwrite", restore(Verifying, Overwrite)},
	}
}

// outcome is what an event does to a job, in a row's columns.
func outcome(j Job, e Event, now time.Time) (columns []string, err error) {
	next, err := Apply(j, e, sampleRules, now)
	if err != nil {
		return nil, err
	}
	state := string(next.State)
	if next.Lost() {
		state += ", no handle"
	}
	wait := "-"
	if !next.State.Terminal() {
		wait = "+" + next.NotBefore.Sub(now).Round(time.Second).String()
	}
	code := next.Code
	if code == "" {
		code = "-"
	}
	return []string{state, code, leaseWords[LeaseBetween(j, next)], wait}, nil
}

var leaseWords = map[LeaseMove]string{KeepLease: "-", TakeLease: "take", ReleaseLease: "release", OrphanLease: "orphan"}

// transitions is the golden file.
func transitions(t *testing.T) string {
	var file bytes.Buffer
	file.WriteString(`# What every event does to a job in every state, by the test's rules. "next" is
# the time to the job's next move. An event that is not listed for a state is
# impossible in it. Written by: go test ./internal/job -update
`)
	table := func(title string, stands []stand, now time.Time) {
		fmt.Fprintf(&file, "\n%s\n\n", title)
		w := tabwriter.NewWriter(&file, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "state\tevent\tbecomes\tcode\tlease\tnext")
		for _, s := range stands {
			ended := 0
			for _, e := range sampleEvents() {
				event := reflect.TypeOf(e).Name()
				columns, err := outcome(s.job, e, now)
				switch {
				case err == nil:
					fmt.Fprintf(w, "%s\t%s\t%s\n", s.name, event, strings.Join(columns, "\t"))
				case errors.Is(err, ErrTooLate):
					fmt.Fprintf(w, "%s\t%s\t(too late)\t-\t-\t-\n", s.name, event)
				case errors.Is(err, ErrEnded):
					ended++
				case !errors.Is(err, ErrImpossible):
					t.Errorf("%s in %s: %v is no error that callers know", event, s.name, err)
				}
			}
			if ended == len(sampleEvents()) {
				fmt.Fprintf(w, "%s\t(any)\t(has ended)\t-\t-\t-\n", s.name)
			} else if ended > 0 {
				t.Errorf("%s has ended for %d events only", s.name, ended)
			}
		}
		_ = w.Flush()
	}
	all := stands()
	table("A minute after the last move", all[:9], midnight.Add(time.Minute))
	table("When attempts or looks run out", all[9:13], midnight.Add(time.Minute))
	table("A restore, a minute after the last move", all[13:], midnight.Add(time.Minute))
	table("A restore, when the approval has expired", all[14:15], midnight.Add(15*time.Minute))
	table("At the operation's deadline", all[1:4], midnight.Add(sampleRules.OperationDeadline))
	table("At the job's deadline", slices.Concat(all[:1], all[4:6]), midnight.Add(sampleRules.Deadline))
	table("A restore, at the job's deadline", all[13:], midnight.Add(sampleRules.Deadline))
	return trimmed(file.String())
}

// trimmed leaves no spaces at the ends of lines.
func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

func TestTransitions(t *testing.T) {
	got := transitions(t)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); if that is meant: go test ./internal/job -update\n%s", golden, diff)
	}
}

// An event type that is not in the list would be missing from the table.
func TestSampleEventsAreAllThereAre(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			method, ok := d.(*ast.FuncDecl)
			if !ok || method.Recv == nil || method.Name.Name != "apply" {
				continue
			}
			if receiver, ok := method.Recv.List[0].Type.(*ast.Ident); ok {
				declared = append(declared, receiver.Name)
			} else {
				t.Errorf("%s: apply on something else than a plain type", f.Name())
			}
		}
	}
	var listed []string
	for _, e := range sampleEvents() {
		listed = append(listed, reflect.TypeOf(e).Name())
	}
	slices.Sort(declared)
	slices.Sort(listed)
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("events (-declared +listed):\n%s", diff)
	}
	stood := map[State]bool{}
	for _, s := range stands() {
		stood[s.job.State] = true
	}
	for _, s := range States() {
		if !stood[s] {
			t.Errorf("no sample job is %s", s)
		}
	}
}
