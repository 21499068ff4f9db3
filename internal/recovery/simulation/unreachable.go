package simulation

import "strings"

// excuse is a group of rows of the golden file that no path of the engine
// comes to. Package job decides them all the same: it trusts no caller.
type excuse struct {
	why  string
	rows func(table, state, event string) bool
}

var excuses = []excuse{
	{"only Engine.resolve says Resolved, and to the restore of an incident: a backup has none", func(table, _, event string) bool {
		return !strings.HasPrefix(table, "A restore") && event == "Resolved"
	}},
	{"with the safety backup done, Engine.move asks the gates and does not look at the blob again", func(_, state, event string) bool {
		return state == "Verifying, safety backup done" && (event == "ArtefactMissing" || event == "ArtefactUnfit" || event == "SafetyDone")
	}},
	{"after an overwrite, Engine.verify inspects the target and looks at no blob", func(_, state, event string) bool {
		return state == "Verifying, overwrite" && (event == "ArtefactMissing" || event == "ArtefactUnfit")
	}},
}

// unreachable is why the engine can't come to a transition, or "".
func unreachable(transition string) string {
	table, row, _ := strings.Cut(transition, ": ")
	at := strings.LastIndex(row, ", ")
	for _, e := range excuses {
		if at >= 0 && e.rows(table, row[:at], row[at+2:]) {
			return e.why
		}
	}
	return ""
}
