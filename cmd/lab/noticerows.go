package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/emulator"
)

// noticeRow is a notice as the state table has it.
type noticeRow struct {
	id, kind, about, state string
	attempts               int
	at                     time.Time
	excerpt                string
}

// quiet reports whether a notice is for heartbeats only.
func (n noticeRow) quiet() bool { return n.kind == "BackupStarted" || n.kind == "BackupSucceeded" }

// noticeRows reads every notice, by its time.
func noticeRows(a *emulator.Azure) []noticeRow {
	var all []noticeRow
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		id, ok := strings.CutPrefix(field(r, "RowKey"), "notice|")
		if !ok {
			continue
		}
		n := noticeRow{id: id, kind: field(r, "Type"), about: field(r, "About"), state: field(r, "State")}
		attempts, _ := r["Attempts"].(int32)
		n.attempts = int(attempts)
		n.at, _ = r["At"].(time.Time)
		var facts struct{ Excerpt string }
		_ = json.Unmarshal([]byte(field(r, "Facts")), &facts) // a notice without facts has no excerpt
		n.excerpt = facts.Excerpt
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b noticeRow) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	return all
}

// counterRow is one of Lifeboat's counters.
type counterRow struct {
	name, label string
	value       int
	counted     time.Time // when it last was
}

func counterRows(a *emulator.Azure) []counterRow {
	var all []counterRow
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		if strings.HasPrefix(field(r, "RowKey"), "count|") {
			value, _ := r["Value"].(int64)
			at, _ := r["Timestamp"].(time.Time)
			all = append(all, counterRow{field(r, "Name"), field(r, "Label"), int(value), at})
		}
	}
	return all
}

// counted is one counter; zero if nobody has counted yet.
func counted(all []counterRow, name, label string) counterRow {
	for _, c := range all {
		if c.name == name && c.label == label {
			return c
		}
	}
	return counterRow{name: name, label: label}
}

// sum adds the counters of a name up.
func sum(all []counterRow, name string) (n int) {
	for _, c := range all {
		if c.name == name {
			n += c.value
		}
	}
	return n
}

// healthRow is what a service's row says of its health.
type healthRow struct {
	health    string // empty: well
	pointBlob string // the newest that can be restored
}

func healthRows(a *emulator.Azure) map[string]healthRow {
	all := map[string]healthRow{}
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		if field(r, "RowKey") == "service" {
			all[field(r, "PartitionKey")] = healthRow{field(r, "Health"), field(r, "PointBlob")}
		}
	}
	return all
}

// told checks the notices of a kind about a service: so many, each under one
// id, and each at the receiver.
func (o outcome) told(about, kind string, want int) []string {
	var wrong []string
	rows, arrived := 0, 0
	for _, n := range o.notices {
		if n.about == about && n.kind == kind {
			rows++
		}
	}
	for _, e := range o.mail.taken {
		if e.Data.Service == about && e.Data.Type == kind {
			arrived++
		}
	}
	if rows != want {
		wrong = append(wrong, fmt.Sprintf("%s has %s, want %d", cmp.Or(about, "no service"), count(rows, kind+" notice"), want))
	}
	if arrived != want {
		wrong = append(wrong, fmt.Sprintf("%s about %s arrived, want %d", count(arrived, kind+" notice"), cmp.Or(about, "no service"), want))
	}
	return wrong
}

// loud checks that there is no notice but so many.
func (o outcome) loud(want int) []string {
	var all []string
	for _, n := range o.notices {
		if !n.quiet() {
			all = append(all, n.id)
		}
	}
	if len(all) != want {
		return []string{fmt.Sprintf("there are %s, want %d: %s", count(len(all), "notice"), want, strings.Join(all, ", "))}
	}
	return nil
}
