package main

import (
	"bytes"
	"strings"
	"testing"

	"lifeboat/internal/emulator"
)

// Wrong usage is refused before anything is sent or looked at, in one line that
// says what is wanted, and one that says where more is told.
func TestWrongUsage(t *testing.T) {
	inWorld(t, worldPlan, true, func(w *world) {
		for _, tt := range []struct {
			line  string
			code  int
			want  string
			about string
		}{
			{"backup", exitUsage, "backup: want SERVICE, got none: lifeboat backup SERVICE", " backup"},
			{"hold apim-weu", exitUsage, "hold: want SERVICE POINT, got 1 argument: lifeboat hold SERVICE POINT", " hold"},
			{"points a b", exitUsage, "points: want [SERVICE], got 2 arguments: lifeboat points [SERVICE]", " points"},
			{"check a b", nagiosUnknown, "check: want [SERVICE], got 2 arguments: lifeboat check [SERVICE]", " check"},
			{"plan validate a b", exitUsage, "plan validate: want [FILE], got 2 arguments: lifeboat plan validate [FILE]", " plan validate"},
			{"version x", exitUsage, "version: want no argument, got 1 argument: lifeboat version", " version"},
			{"jobs --limit x", exitUsage, "--limit x: want a whole number", " jobs"},
			{"jobs --json=maybe", exitUsage, "--json maybe: want true or false", " jobs"},
			{"prune apim-weu --dry-run=maybe", exitUsage, "--dry-run maybe: want true or false", " prune"},
			{"status --jsno", exitUsage, "unknown flag: --jsno", " status"},
			{"maintenance apim-weu on --for 2d", exitUsage, "--for 2d: want a time such as 90s, 30m or 48h", " maintenance"},
			{"status --lab --settings f", exitUsage, "--settings and --lab name two places of the settings: say one of them", " status"},
			{"bakcup x", exitUsage, "bakcup is no command: did you mean backup?", ""},
			{"plan valdate", exitUsage, "valdate is no command of plan: did you mean validate?", " plan"},
			{"help nope", exitUsage, "nope is no command", ""},
			{"help plan nope", exitUsage, "nope is no command of plan", ""},
			{"backup apim-weu --wait --timeout 0s", exitUsage, "--timeout 0s: want more than 0, such as 30m", " backup"},
			{"restore apim-weu --yes --direct --timeout -5s", exitUsage, "--timeout -5s: want more than 0, such as 30m", " restore"},
			{"approve j --yes --wait --timeout -5s", exitUsage, "--timeout -5s: want more than 0, such as 30m", " approve"},
			{"job j --wait --timeout 0s", exitUsage, "--timeout 0s: want more than 0, such as 30m", " job"},
			{"resume j --timeout 0s", exitUsage, "--timeout 0s: want more than 0, such as 30m", " resume"},
			{"backup apim-weu --timeout 5m", exitUsage, "--timeout bounds a wait, and nothing is waited for: say --wait too, or leave --timeout out", " backup"},
			{"approve j --yes --direct --timeout 5m", exitUsage, "--timeout bounds a wait, and nothing is waited for: say --wait too, or leave --timeout out", " approve"},
			{"job j --timeout 5m", exitUsage, "--timeout bounds a wait, and nothing is waited for: say --wait too, or leave --timeout out", " job"},
		} {
			a := w.does(w.t.Context(), strings.Fields(tt.line)...)
			want := "lifeboat: " + tt.want + "\nlifeboat: to do: lifeboat help" + tt.about + "\n"
			if a.code != tt.code || a.stdout != "" || a.stderr != want {
				t.Errorf("lifeboat %s: exit code %d, want %d\n%s%swant:\n%s", tt.line, a.code, tt.code, a.stdout, a.stderr, want)
			}
		}
		if active, scheduled, dead := w.azure.Broker.Counts(emulator.RequestQueue); active+scheduled+dead != 0 {
			t.Error("something was sent")
		}
	})
}

// What is right stays so: help of a command below another, and groups alone.
func TestHelp(t *testing.T) {
	for line, want := range map[string]string{
		"": "Usage:", "help": "Usage:", "plan": "lifeboat plan", "help plan validate": "lifeboat plan validate",
		"help backup": "who asks, as recorded", "help approve": "who approves, as recorded", "help reject": "who rejects, as recorded",
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(line), func(string) string { return "" }, &stdout, &stderr)
		if code != exitDone || !strings.Contains(stdout.String(), want) || stderr.Len() > 0 {
			t.Errorf("lifeboat %s: exit code %d, want %q in\n%s%s", line, code, want, &stdout, &stderr)
		}
	}
}
