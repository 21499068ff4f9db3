package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/emulator"
)

// The kinds of jobs, as their rows spell them.
const (
	backupKind  = "Backup"
	restoreKind = "Restore"
)

// order is what a restore's row says of what it was asked to do.
type order struct {
	Source   string        `json:"source"`
	Incident string        `json:"incident"`
	Request  string        `json:"request"`
	By       string        `json:"by"`
	Warm     bool          `json:"warm"`
	FiredAt  time.Time     `json:"firedAt"`
	Point    orderPoint    `json:"point"`
	Gates    []reportGate  `json:"gates"`
	Approval orderApproval `json:"approval"`
}

type orderPoint struct {
	Blob string `json:"blob"`
}

type orderApproval struct {
	By      string    `json:"by"`
	Expires time.Time `json:"expires"`
}

// reportGate is one gate's verdict, in the table as in the report.
type reportGate struct {
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	Sentence string `json:"sentence"`
}

func orderOf(row map[string]any) order {
	var o order
	// A row without an order is a backup's.
	_ = json.Unmarshal([]byte(field(row, "Restore")), &o)
	return o
}

// gate is the verdict of one gate.
func (o order) gate(name string) reportGate {
	for _, g := range o.Gates {
		if g.Name == name {
			return g
		}
	}
	return reportGate{Name: name, Outcome: "none"}
}

// incidentRow is an incident as the state table has it.
type incidentRow struct {
	id, service, rule, restore, resolvedBy string
	opened, resolved                       time.Time // resolved is zero while it is open
}

func incidentRows(a *emulator.Azure) []incidentRow {
	var all []incidentRow
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		id, ok := strings.CutPrefix(field(r, "RowKey"), "incident|")
		if !ok {
			continue
		}
		i := incidentRow{
			id: id, service: field(r, "PartitionKey"), rule: field(r, "Rule"), restore: field(r, "Restore"), resolvedBy: field(r, "ResolvedBy"),
		}
		i.opened, _ = r["OpenedAt"].(time.Time)
		if open, _ := r["Open"].(bool); !open {
			i.resolved, _ = r["ResolvedAt"].(time.Time)
		}
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b incidentRow) int { return cmp.Or(a.opened.Compare(b.opened), cmp.Compare(a.id, b.id)) })
	return all
}

// serving says which service a standby has replaced, and since when.
type serving struct {
	source string
	since  time.Time
}

// servingRows are all standbys that serve.
func servingRows(a *emulator.Azure) map[string]serving {
	all := map[string]serving{}
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		source := field(r, "ServingFor")
		if field(r, "RowKey") != "service" || source == "" {
			continue
		}
		since, _ := r["ServingSince"].(time.Time)
		all[field(r, "PartitionKey")] = serving{source, since}
	}
	return all
}

// ending is why a job ended as it did.
func (s *stage) ending(id string) (code, words string) {
	for _, j := range jobRows(s.azure) {
		if j.id == id {
			return j.code, j.message
		}
	}
	return "", ""
}

// jobsOf are the jobs on a service, in the order of their making.
func (o outcome) jobsOf(service string) []jobRow {
	var found []jobRow
	for _, j := range o.jobs {
		if j.service == service {
			found = append(found, j)
		}
	}
	slices.SortStableFunc(found, func(a, b jobRow) int { return a.created.Compare(b.created) })
	return found
}
