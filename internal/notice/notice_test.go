package notice_test

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
	"lifeboat/internal/notice"
)

var update = flag.Bool("update", false, "rewrite testdata")

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date; read it, then go test -update (-want +got):\n%s", file, diff)
	}
}

// The file is for a reader to judge the wording.
func TestTexts(t *testing.T) {
	var b strings.Builder
	for _, nt := range job.NoticeTypes() {
		fmt.Fprintf(&b, "%s\n", nt)
		told := 0
		for _, s := range scenes {
			if s.t != nt {
				continue
			}
			told++
			text := notice.Write(s.notice(), "prod")
			fmt.Fprintf(&b, "\n  %s: %s\n    %s\n", s.name, text.Severity, text.Subject)
			for _, part := range []string{text.What, text.Meaning, text.Next} {
				fmt.Fprintf(&b, "    | %s\n", strings.ReplaceAll(part, "\n", "\n      "))
			}
		}
		if told == 0 {
			t.Errorf("no scene of %s", nt)
		}
		b.WriteString("\n")
	}
	golden(t, "testdata/notices.txt", b.String())
}

var (
	planned = []string{"status", "jobs", "points", "backup", "restore", "approve", "acknowledge"}
	command = regexp.MustCompile(`lifeboat ([a-z]+)`)
)

// Every fact may be missing, and the text is whole all the same.
func TestEveryTypeHasAText(t *testing.T) {
	for _, nt := range append(job.NoticeTypes(), "FromTheFuture") {
		for _, n := range []job.Notice{{Type: nt, Service: "apim-weu", At: at}, {Type: nt, Service: job.NoService}, {}} {
			text := notice.Write(n, "")
			for part, s := range parts(text) {
				if s == "" || strings.Contains(s, "%!") || strings.Contains(s, "0001-01-01") || strings.Contains(s, "  ") || strings.Contains(s, " .") || s != strings.TrimSpace(s) {
					t.Errorf("%s: %s = %q", nt, part, s)
				}
			}
			if words := !strings.Contains(text.Meaning, "has no words for it"); words != slices.Contains(job.NoticeTypes(), nt) && n.Type != "" {
				t.Errorf("%s: has words of its own: %t", nt, words)
			}
			if !slices.Contains([]notice.Severity{notice.Info, notice.Warning, notice.Critical}, text.Severity) {
				t.Errorf("%s: severity %q", nt, text.Severity)
			}
		}
	}
}

func TestOnlyPlannedCommandsAreNamed(t *testing.T) {
	for _, s := range scenes {
		text := notice.Write(s.notice(), "prod")
		named := command.FindAllStringSubmatch(text.Next, -1)
		for _, c := range named {
			if !slices.Contains(planned, c[1]) {
				t.Errorf("%s, %s: %q", s.t, s.name, c[0])
			}
		}
		if len(named) == 0 && s.t != job.NoticeRestoreStarted {
			t.Errorf("%s, %s: no command in %q", s.t, s.name, text.Next)
		}
	}
}

func TestSubjectBeginsWithEnvironmentAndService(t *testing.T) {
	tests := []struct {
		name, environment, about, want string
	}{
		{"both", "prod", "apim-weu", "[prod] apim-weu: backups are late"},
		{"no environment", "", "apim-weu", "apim-weu: backups are late"},
		{"no service", "prod", "", "[prod] Lifeboat: backups are late"},
		{"an environment on two lines", "pr\nod", "apim-weu", "[pr od] apim-weu: backups are late"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := job.Notice{Type: job.NoticeLate, Service: job.NoService, About: test.about, At: at}
			if got := notice.Write(n, test.environment).Subject; got != test.want {
				t.Errorf("subject = %q, want %q", got, test.want)
			}
		})
	}
}

// A restore lives in its target's partition and is about its source.
func TestARestoreIsAboutItsSource(t *testing.T) {
	n := job.Notice{Type: job.NoticeRestoreStarted, Service: "apim-neu", About: "apim-weu", At: at, Facts: job.NoticeFacts{Standby: "apim-neu"}}
	if got, want := notice.Write(n, "prod").Subject, "[prod] apim-weu: restore onto apim-neu has begun"; got != want {
		t.Errorf("subject = %q, want %q", got, want)
	}
}

func TestAzuresWordsAreQuotedAsTheyAre(t *testing.T) {
	const words = `Could not access 'c' (403) <a&b> "quoted" *_[x](y)_* Ünïcödé`
	for _, nt := range []job.NoticeType{job.NoticeBackupFailed, job.NoticeRestoreFailed} {
		n := job.Notice{Type: nt, Service: "apim-weu", At: at, Facts: job.NoticeFacts{Code: "AuthorizationFailed", Message: words}}
		if got, want := notice.Write(n, "").What, `Azure says: "AuthorizationFailed: `+words+`"`; !strings.Contains(got, want) {
			t.Errorf("%s: %q does not contain %q", nt, got, want)
		}
		n.Facts.Code = job.CodeArtefactMissing
		if got := notice.Write(n, "").What; strings.Contains(got, "Azure says") {
			t.Errorf("%s: Lifeboat's own words are called Azure's: %q", nt, got)
		}
	}
}

func TestWarningsAndRefusalsAreTold(t *testing.T) {
	facts := job.NoticeFacts{
		Standby: "apim-neu", Warnings: []string{"the first warning", "the second warning"},
		Gates: []job.Gate{{Name: "a", Outcome: "Refused", Sentence: "The first refusal."}, {Name: "b", Outcome: "Refused", Sentence: "The second refusal."}, {Name: "c", Outcome: "PassedWithWarning", Sentence: "A doubt."}},
	}
	want := map[job.NoticeType][]string{
		job.NoticeBackupSucceeded:  facts.Warnings,
		job.NoticeBackupFailed:     facts.Warnings,
		job.NoticeRestoreFailed:    facts.Warnings,
		job.NoticeRestoreCompleted: append([]string{"A doubt."}, facts.Warnings...),
		job.NoticeRestoreBlocked:   {"The first refusal.", "The second refusal.", "A doubt."},
		job.NoticeAwaitingApproval: {"A doubt."},
		job.NoticeRestoreStarted:   {"A doubt."},
	}
	for nt, all := range want {
		got := notice.Write(job.Notice{Type: nt, Service: "apim-weu", At: at, Facts: facts}, "").What
		for _, w := range all {
			if strings.Count(got, "\n- "+w) != 1 {
				t.Errorf("%s: %q once on a line of its own in %q", nt, w, got)
			}
		}
	}
}

func TestWhatIsLeftOutIsCounted(t *testing.T) {
	n := job.Notice{Type: job.NoticeBackupFailed, Service: "apim-weu", At: at, Facts: job.NoticeFacts{Warnings: slices.Repeat([]string{"a warning"}, 23)}}
	what := notice.Write(n, "").What
	if got := strings.Count(what, "\n- a warning"); got != 20 || !strings.HasSuffix(what, "\n- and 3 more") {
		t.Errorf("%d warnings in %q, want 20 and the number of the others", got, what)
	}
}

// A service without a point is never said to have one, nor to have been
// without one for as long as it is protected.
func TestDownTellsWhetherAnythingIsLeft(t *testing.T) {
	tests := []struct {
		name    string
		facts   job.NoticeFacts
		subject string
	}{
		{"a point that can be restored", healthy(51*3600e9, ""), "backups have stopped"},
		{"a point that lapses this second", healthy(30*24*3600e9, ""), "no backup can be restored"},
		{"no point", job.NoticeFacts{Since: before(3600e9)}, "no backup can be restored"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := notice.Write(job.Notice{Type: job.NoticeDown, Service: "apim-weu", At: at, Facts: test.facts}, "")
			if want := "apim-weu: " + test.subject; text.Subject != want {
				t.Errorf("subject = %q, want %q", text.Subject, want)
			}
			if text.Severity != notice.Critical {
				t.Errorf("severity = %s", text.Severity)
			}
		})
	}
}

// A warm standby's refresh is no failover that failed.
func TestARefreshIsNoFailover(t *testing.T) {
	for warm, want := range map[bool]notice.Severity{true: notice.Warning, false: notice.Critical} {
		n := job.Notice{Type: job.NoticeRestoreFailed, Service: "apim-neu", About: "apim-weu", At: at, Facts: job.NoticeFacts{Standby: "apim-neu", Warm: warm}}
		if got := notice.Write(n, ""); got.Severity != want {
			t.Errorf("warm %t: %s, %q", warm, got.Severity, got.Subject)
		}
	}
}

// evil is text with lines, control characters and a reversed direction.
const evil = "a\r\nb c\x00\x1b[31m\u202egnp\u2066\u2029\ufeff\xff z"

func poisoned(nt job.NoticeType, word string) job.Notice {
	n := job.Notice{ID: "id", Type: nt, Service: word, About: word, At: at}
	v := reflect.ValueOf(&n.Facts).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString(word)
		}
	}
	n.Facts.Warnings = slices.Repeat([]string{word}, 100)
	n.Facts.Gates = slices.Repeat([]job.Gate{{Name: word, Outcome: "Refused", Sentence: word}, {Name: word, Outcome: "PassedWithWarning"}}, 100)
	n.Facts.Since, n.Facts.Until = before(3600e9), at.Add(3600e9)
	return n
}

func TestNothingUnprintableReachesAText(t *testing.T) {
	for _, nt := range append(job.NoticeTypes(), evil) {
		for part, s := range parts(notice.Write(poisoned(nt, evil), evil)) {
			if part == "subject" && strings.Contains(s, "\n") {
				t.Errorf("%s: %s has two lines: %q", nt, part, s)
			}
			for _, r := range s {
				if !unicode.IsPrint(r) && r != '\n' {
					t.Errorf("%.20q: %s has %U: %.200q", nt, part, r, s)
				}
			}
			for _, line := range strings.Split(s, "\n") {
				if strings.HasPrefix(line, "b c") {
					t.Errorf("%s: %s has a line that is not Lifeboat's: %q", nt, part, s)
				}
			}
		}
	}
}

func parts(t notice.Text) map[string]string {
	return map[string]string{"subject": t.Subject, "what": t.What, "meaning": t.Meaning, "next": t.Next}
}
