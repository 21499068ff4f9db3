package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/emulator"
)

// The services of a change-ridden day.
const (
	edited  = "apim-weu" // is changed once more while it is backed up
	cleared = "apim-neu" // loses a backup to somebody who tidies up
	calm    = "apim-uks" // only has its share of the storm
)

// changes is a deployment that touches everything.
func changes() scenario { return changesOf(500) }

// changesOf are changes with so many events.
func changesOf(events int) scenario {
	services := nightlyServices()
	for i := range services {
		services[i].BackupDuration, services[i].RetryAfter = 3*time.Second, time.Second
	}
	return scenario{
		name:     "changes",
		summary:  fmt.Sprintf("a storm of %d changes of three services, a change during a backup, and a backup that somebody deletes", events),
		services: services,
		plan:     []string{"changes: {quiet: 2s, atMost: 1m, minInterval: 0s}"},
		schedule: longPast(time.Now()),
		act:      func(ctx context.Context, s *stage) error { return actChanges(ctx, s, events) },
		check:    func(o outcome) []string { return checkChanges(o, events) },
	}
}

func actChanges(ctx context.Context, s *stage, events int) error {
	s.timeline.act("last night: each of the three services is backed up")
	if err := s.fire("BackupSchedule"); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	if err := s.ageAll(ctx, 10*time.Hour); err != nil {
		return err
	}
	grid, err := s.serve(s.host.HTTP())
	if err != nil {
		return err
	}
	defer grid.close()
	if err := actStorm(ctx, s, grid, events); err != nil {
		return err
	}
	for _, act := range []func(context.Context, *stage, *site) error{actEdit, actClear} {
		if err := act(ctx, s, grid); err != nil {
			return err
		}
	}
	return nil
}

// actStorm lets the changes come, and waits until each service has begun the
// one backup that they ask for.
func actStorm(ctx context.Context, s *stage, grid *site, n int) error {
	events := stormOf(n, s.names())
	if err := s.measureEcho(ctx, events); err != nil {
		return err
	}
	s.timeline.act("ten hours later: %d events of the three services, in both schemas, in waves", len(events))
	if err := s.blow(ctx, grid, events); err != nil {
		return err
	}
	s.timeline.act("the storm is over: ConfigChange has taken %d events in %s", len(events), short(s.storm.busy))
	return s.until(ctx, func() bool {
		return s.inState(edited, 1, "InProgress") && s.begun(cleared, 1) && s.begun(calm, 1)
	})
}

// inState reports whether the nth job on a service is in a state.
func (s *stage) inState(service string, n int, state string) bool {
	jobs := s.jobs(service)
	return len(jobs) > n && jobs[n].state == state
}

// begun reports whether the nth job on a service has begun.
func (s *stage) begun(service string, n int) bool {
	jobs := s.jobs(service)
	return len(jobs) > n && jobs[n].attempt > 0
}

// actEdit is one more change, while the service is backed up.
func actEdit(ctx context.Context, s *stage, grid *site) error {
	s.timeline.act("a policy of %s is changed while the service is backed up", edited)
	e := armEvent("during-a-backup", edited, "Write", "/policies/policy", "Microsoft.ApiManagement/service/policies/write")
	e.at = time.Now()
	s.storm.changed = e.at
	if err := s.send(ctx, grid, e); err != nil {
		return err
	}
	return s.until(ctx, func() bool {
		return s.inState(edited, 2, "Succeeded") && s.inState(cleared, 1, "Succeeded") && s.inState(calm, 1, "Succeeded")
	})
}

// send is one delivery of events in Event Grid's own schema.
func (s *stage) send(ctx context.Context, grid *site, events ...gridEvent) error {
	body, err := batch(ownSchema, events)
	if err == nil {
		_, err = deliver(ctx, grid, eventsURL, body)
	}
	return err
}

// actClear deletes the newest backup of a service behind Lifeboat's back.
func actClear(ctx context.Context, s *stage, grid *site) error {
	for _, p := range pointRows(s.azure) {
		if p.service == cleared {
			s.storm.lost = p.blob // the newest is the last
		}
	}
	s.timeline.act("somebody deletes the newest backup of %s; Event Grid tells it twice", cleared)
	if err := s.azure.Storage.DeleteBlob(backupContainer, s.storm.lost); err != nil {
		return fmt.Errorf("delete blob %s: %w", s.storm.lost, err)
	}
	e := blobEvent("deleted", "BlobDeleted", s.storm.lost)
	e.at = time.Now()
	for range 2 {
		if err := s.send(ctx, grid, e); err != nil {
			return err
		}
	}
	return s.fire("Watchdog")
}

// ageAll makes every backup that there is older, in the rows that say when it
// was made, as if it were the last night's.
func (s *stage) ageAll(ctx context.Context, by time.Duration) error {
	table, err := s.azure.TableClient(nil)
	if err != nil {
		return err
	}
	for _, row := range s.azure.Storage.Entities(emulator.StateTable) {
		service, key := field(row, "PartitionKey"), field(row, "RowKey")
		point := strings.HasPrefix(key, "point|")
		if !point && key != "service" {
			continue
		}
		for _, name := range []string{"StartedAt", "VerifiedAt", "PointStarted", "PointVerified", "LastStarted", "LastEnded"} {
			if at, ok := row[name].(time.Time); ok {
				row[name] = at.Add(-by)
			}
		}
		if point {
			started, _ := row["StartedAt"].(time.Time)
			row["RowKey"] = "point|" + started.UTC().Format("20060102T150405Z") + "|" + field(row, "Job")
		}
		_, err := table.DeleteEntity(ctx, service, key, nil)
		if err == nil {
			err = s.insert(ctx, row)
		}
		if err != nil {
			return fmt.Errorf("age row %s of %s: %w", key, service, err)
		}
	}
	return nil
}
