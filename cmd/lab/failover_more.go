package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/request"
)

// tooOld is how old the backup is that nothing can be restored from any more:
// Azure takes one for 30 days.
const tooOld = 31 * 24 * time.Hour

// actOutdated lets a person name a backup that Azure would not accept.
func actOutdated(ctx context.Context, s *stage) error {
	s.timeline.act("%s: a person asks for a backup that has expired", outdated)
	blob, err := s.age(ctx, outdated, tooOld)
	if err != nil {
		return err
	}
	err = s.ask(request.Request{ID: "restore-" + outdated, Kind: request.Restore, Service: outdated, Point: blob, By: operator, Reason: "a bad deployment"})
	if err != nil {
		return err
	}
	return s.until(ctx, func() bool { return !s.restore(standbyOf(outdated), 0).ended.IsZero() })
}

// age adds a copy of a service's backup that was taken earlier: its files in
// the container and its row, as the retention of another day left them.
func (s *stage) age(ctx context.Context, service string, by time.Duration) (blob string, err error) {
	for _, row := range s.azure.Storage.Entities(emulator.StateTable) {
		if field(row, "PartitionKey") != service || !strings.HasPrefix(field(row, "RowKey"), "point|") {
			continue
		}
		started, _ := row["StartedAt"].(time.Time)
		started = started.Add(-by)
		blob = strings.TrimSuffix(field(row, "Blob"), backupSuffix) + "-earlier" + backupSuffix
		if err := s.copyBackup(field(row, "Blob"), blob); err != nil {
			return "", err
		}
		row["RowKey"] = "point|" + started.UTC().Format("20060102T150405Z") + "|earlier"
		row["Job"], row["Blob"], row["StartedAt"], row["VerifiedAt"] = "earlier", blob, started, started.Add(backupTime)
		return blob, s.insert(ctx, row)
	}
	return "", fmt.Errorf("%s has no point", service)
}

func (s *stage) copyBackup(from, to string) error {
	for _, suffix := range []string{"", sidecarSuffix} {
		body, metadata, err := s.azure.Storage.GetBlob(backupContainer, from+suffix)
		if err == nil {
			err = s.azure.Storage.PutBlob(backupContainer, to+suffix, body, metadata)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insert adds a row to the state table, with the types that JSON does not show.
func (s *stage) insert(ctx context.Context, row map[string]any) error {
	entity := maps.Clone(row)
	delete(entity, "Timestamp")
	for name, value := range row {
		switch v := value.(type) {
		case time.Time:
			entity[name], entity[name+"@odata.type"] = azureTime(v), "Edm.DateTime"
		case int64:
			entity[name], entity[name+"@odata.type"] = strconv.FormatInt(v, 10), "Edm.Int64"
		}
	}
	delete(entity, "Timestamp@odata.type")
	body, err := json.Marshal(entity)
	if err != nil {
		return err
	}
	table, err := s.azure.TableClient(nil)
	if err == nil {
		_, err = table.AddEntity(ctx, body, nil)
	}
	return err
}

// actWarm fails over onto a standby that holds the newest backup already. Then
// the source is back, with changes, and is backed up again.
func actWarm(ctx context.Context, s *stage) error {
	target := standbyOf(warmed)
	if err := s.until(ctx, func() bool { return s.restore(target, 0).state == "Succeeded" }); err != nil {
		return err
	}
	s.timeline.act("%s is down, and its warm standby holds the newest backup already", warmed)
	fired, err := s.alarm(warmed)
	if err != nil {
		return err
	}
	if err := s.until(ctx, func() bool { return !s.restore(target, 1).ended.IsZero() }); err != nil {
		return err
	}
	return s.comeBack(ctx, fired)
}

// comeBack ends the outage of the warm source: what it held has changed, and
// its next backup would be restored onto the standby.
func (s *stage) comeBack(ctx context.Context, fired outage) error {
	s.timeline.act("%s is back, with changes, and backed up again: nothing may overwrite the standby that serves", warmed)
	s.azure.ARM.SetGateway(warmed, arm.GatewayHealthy)
	fired.ended = time.Now()
	err := s.put(emulator.RequestQueue, fired.metric(), nil)
	if err == nil {
		err = s.until(ctx, func() bool { return s.resolved(warmed) })
	}
	if err != nil {
		return err
	}
	s.azure.ARM.Mutate(warmed, func(v *arm.Service) { v.Content.APIs = v.Content.APIs[:1] })
	if err := s.ask(request.Request{ID: "backup-" + warmed, Kind: request.Backup, Service: warmed, By: operator, Reason: "back again"}); err != nil {
		return err
	}
	return s.until(ctx, func() bool { return !s.restore(standbyOf(warmed), 2).ended.IsZero() })
}

// alertID is the id of the nth alert about a service.
func alertID(service string, n int) string { return fmt.Sprintf("%s-alert-%d", service, n) }

// outageOf is the first alert about a service, fired now.
func (s *stage) outageOf(service string) outage {
	return outage{service: service, id: alertID(service, 1), fired: time.Now()}
}

// alarm takes a source down and sends one alert of it.
func (s *stage) alarm(service string) (outage, error) {
	s.azure.ARM.SetGateway(service, arm.GatewayDown)
	fired := s.outageOf(service)
	return fired, s.put(emulator.RequestQueue, fired.metric(), nil)
}

// note keeps from when on a standby's restore could have gone ahead.
func (s *stage) note(target string, at time.Time) {
	s.noting.Lock()
	defer s.noting.Unlock()
	if s.asked == nil {
		s.asked = notes{}
	}
	s.asked[target] = at
}

// jobs are the jobs on a service, in the order of their making.
func (s *stage) jobs(service string) []jobRow { return outcome{jobs: jobRows(s.azure)}.jobsOf(service) }

// restore is the nth restore onto a standby; zero while there is none.
func (s *stage) restore(target string, n int) jobRow {
	for _, j := range s.jobs(target) {
		if j.kind != restoreKind {
			continue
		}
		if n == 0 {
			return j
		}
		n--
	}
	return jobRow{}
}

// backedUp reports whether each service has a good backup.
func (s *stage) backedUp(services ...string) bool {
	for _, service := range services {
		jobs := s.jobs(service)
		if len(jobs) == 0 || jobs[0].state != "Succeeded" {
			return false
		}
	}
	return true
}

// taken reports whether every request has been taken from its queue.
func (s *stage) taken() bool {
	active, _, _ := s.azure.Broker.Counts(emulator.RequestQueue)
	return active == 0
}

// resolved reports whether a service's incidents have all been resolved.
func (s *stage) resolved(service string) bool {
	for _, i := range incidentRows(s.azure) {
		if i.service == service && i.resolved.IsZero() {
			return false
		}
	}
	return true
}
