package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/emulator"
)

// The names that Lifeboat gives to blobs.
const (
	backupSuffix  = ".apimbackup"
	sidecarSuffix = ".lifeboat.json"
)

// jobRow is a job as the state table has it.
type jobRow struct {
	id, service, kind    string
	state, code, message string
	attempt, polls       int
	due, created, ended  time.Time // ended is zero while it goes on
	notBefore, updated   time.Time
	order                order // of a restore
}

// jobRows reads every job, by service and id, from the table itself, so that
// nothing the handler says has to be believed.
func jobRows(a *emulator.Azure) []jobRow {
	var jobs []jobRow
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		id, ok := strings.CutPrefix(field(r, "RowKey"), "job|")
		if !ok {
			continue
		}
		j := jobRow{
			id: id, service: field(r, "PartitionKey"), kind: field(r, "Kind"),
			state: field(r, "State"), code: field(r, "Code"), message: field(r, "Message"),
		}
		attempt, _ := r["Attempt"].(int32)
		polls, _ := r["AttemptPolls"].(int32)
		j.attempt, j.polls, j.order = int(attempt), int(polls), orderOf(r)
		j.due, _ = r["Due"].(time.Time)
		j.created, _ = r["CreatedAt"].(time.Time)
		j.notBefore, _ = r["NotBefore"].(time.Time)
		j.updated, _ = r["UpdatedAt"].(time.Time)
		if active, _ := r["Active"].(bool); !active {
			j.ended, _ = r["EndedAt"].(time.Time)
		}
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b jobRow) int { return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.id, b.id)) })
	return jobs
}

// pointRow is a verified backup as the state table has it.
type pointRow struct {
	service, job, blob string
	started, withdrawn time.Time // withdrawn is zero of one that can be restored
	concurrent         bool
	sidecar            sidecar
}

// sidecar is what is said of a point beside its blob, as far as it is learned
// later.
type sidecar struct {
	ConcurrentChanges bool      `json:"concurrentChanges"`
	Withdrawn         time.Time `json:"withdrawn"`
}

func pointRows(a *emulator.Azure) []pointRow {
	var points []pointRow
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		if strings.HasPrefix(field(r, "RowKey"), "point|") {
			p := pointRow{service: field(r, "PartitionKey"), job: field(r, "Job"), blob: field(r, "Blob")}
			p.started, _ = r["StartedAt"].(time.Time)
			if at, _ := r["Withdrawn"].(time.Time); at.Year() > 1900 { // none is the year 1601
				p.withdrawn = at
			}
			p.concurrent, _ = r["ConcurrentChanges"].(bool)
			if body, _, err := a.Storage.GetBlob(backupContainer, p.blob+sidecarSuffix); err == nil {
				_ = json.Unmarshal(body, &p.sidecar) // kept says that it is missing or empty
			}
			points = append(points, p)
		}
	}
	slices.SortFunc(points, func(a, b pointRow) int { return a.started.Compare(b.started) })
	return points
}

// leaseRows names the services that are leased.
func leaseRows(a *emulator.Azure) []string {
	var services []string
	for _, r := range a.Storage.Entities(emulator.StateTable) {
		if field(r, "RowKey") == "lease" {
			services = append(services, field(r, "PartitionKey"))
		}
	}
	return services
}

func field(row map[string]any, name string) string {
	s, _ := row[name].(string)
	return s
}
