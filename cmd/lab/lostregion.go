package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	esb "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/emulator/wire"
)

// The services of the lost region.
const (
	goneSource = "apim-weu"
	goneTarget = "apim-neu"
)

// lostRegion is the worst day: of Lifeboat nothing is left but its containers.
func lostRegion() scenario {
	services := emulator.SampleServices()[:2]
	for i := range services {
		services[i].BackupDuration, services[i].RestoreDuration, services[i].RetryAfter = 2*time.Second, 5*time.Second, time.Second
	}
	return scenario{
		name:     "lost-region",
		summary:  "the region is gone, with the function app, the table and Service Bus; the commands bring the standby up from the container alone",
		services: services,
		plan:     []string{"pollMax: 2s"},
		protected: []protected{{Service: services[0], settings: []string{
			fmt.Sprintf("standbys: {%s: {resourceId: %s}}", goneTarget, resourceOf(services[1])),
			"failover: {mode: approve, approvers: the on-call engineer of the platform team}",
		}}},
		schedule: longPast(time.Now()),
		act:      actLostRegion,
		check:    checkLostRegion,
		gone:     true,
	}
}

// lostNotes are what only the scenario itself knows.
type lostNotes struct {
	played bool
	// before and after are the rows that the container knows of, by their keys.
	before, after map[string]row
	content       arm.Content // of the source, at its newest backup
	sent          int         // to Service Bus, when that was lost
	sentAfter     int
	steps         []lostStep
}

// row is an entity of the state table.
type row map[string]any

// lostStep is one of the rehearsal.
type lostStep struct {
	what, command string
	took          time.Duration
}

func actLostRegion(ctx context.Context, s *stage) error {
	s.lost.played = true
	for _, act := range []func(context.Context, *stage) error{actBeforeLoss, actLoss, actRebuild, actRestore} {
		if err := act(ctx, s); err != nil {
			return err
		}
	}
	s.lost.after = s.knownRows()
	s.lost.sentAfter = s.azure.Requests().ServiceBusSend
	return nil
}

// actBeforeLoss is an ordinary week: two backups with a change between them,
// and the older one held.
func actBeforeLoss(ctx context.Context, s *stage) error {
	s.timeline.act("a backup of %s, a change, and another backup; the older one is held", goneSource)
	if err := s.fire("BackupSchedule"); err != nil {
		return err
	}
	if err := s.until(ctx, func() bool { return s.inState(goneSource, 0, "Succeeded") }); err != nil {
		return err
	}
	s.azure.ARM.Mutate(goneSource, func(v *arm.Service) { v.Content.APIs = v.Content.APIs[:1] })
	s.lost.content = s.azure.ARM.Content(goneSource)
	if err := s.backUp(goneSource, "after a change"); err != nil {
		return err
	}
	if err := s.until(ctx, func() bool { return s.inState(goneSource, 1, "Succeeded") && s.delivered() }); err != nil {
		return err
	}
	// What is changed after the last backup is lost.
	s.azure.ARM.Mutate(goneSource, func(v *arm.Service) { v.Content.APIs = nil })
	if err := s.writeGoneFile(); err != nil {
		return err
	}
	_, err := s.types(ctx, "hold", goneSource, pointRows(s.azure)[0].blob, "--reason", "audit 2026", "--by", operator)
	return err
}

// actLoss takes everything away but the containers and the standby.
func actLoss(ctx context.Context, s *stage) error {
	s.lost.before = s.knownRows()
	s.timeline.act("the region is gone: %s is silent, and the function app, the table and Service Bus are no more", goneSource)
	s.host.Crash()
	for _, queue := range queues {
		if _, err := s.purge(ctx, queue); err != nil {
			return err
		}
	}
	s.azure.Broker.SetHook(func(esb.Op) esb.Verdict { return esb.DropBefore })
	s.lost.sent = s.azure.Requests().ServiceBusSend
	s.azure.ARM.SetGateway(goneSource, arm.GatewayDown)
	s.azure.Tap.Inject(wire.Fault{
		Service: emulator.ServiceARM, Kind: wire.Reset,
		Match: func(r *http.Request) bool { return strings.Contains(r.URL.Path+"/", "/service/"+goneSource+"/") },
	})
	return s.azure.Storage.DeleteTable(emulator.StateTable)
}

func actRebuild(ctx context.Context, s *stage) error {
	s.timeline.act("an operator makes the catalogue again from the container, with settings that name no Service Bus")
	return s.step(ctx, "the table and its catalogue are there again", "rebuild", goneSource, "--yes", "--by", operator)
}

// actRestore restores without queue and app, in one terminal, and approves in
// another.
func actRestore(ctx context.Context, s *stage) error {
	s.timeline.act("the operator restores in one terminal, and %s approves in another", engineer)
	asked := []string{"restore", goneSource, "--direct", "--yes", "--by", operator, "--reason", "the region is lost"}
	began := time.Now()
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	var first sync.WaitGroup // the first terminal
	first.Go(func() { ended <- s.show(ctx, asked...) })
	defer func() {
		stop()
		first.Wait()
	}()
	waits := func() bool { return s.restore(goneTarget, 0).state == "AwaitingApproval" }
	if err := s.unless(ctx, ended, waits); err != nil {
		return err
	}
	s.did("the gates are judged, and somebody else must approve", began, asked)
	j := s.restore(goneTarget, 0)
	if err := s.step(ctx, "it is approved", "approve", j.id, "--direct", "--yes", "--by", engineer, "--reason", "agreed"); err != nil {
		return err
	}
	approved := time.Now()
	select {
	case err := <-ended:
		s.did(fmt.Sprintf("the standby is up (Azure takes %s for that here, and in production half an hour or more)", s.operated()), approved, nil)
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// operated is how long Azure's own part of the restore took.
func (s *stage) operated() string {
	o := outcome{operations: s.azure.ARM.Operations()}
	op, _ := o.lastRestore(goneTarget)
	return short(op.Ended.Sub(op.Started))
}

// unless waits for something to come true, unless a command ends before.
func (s *stage) unless(ctx context.Context, ended <-chan error, done func() bool) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case err := <-ended:
			return fmt.Errorf("the restore ended before anybody approved it: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// knownRows are the points, and what the summary says of the newest, as far as
// a container knows of them: who pins a point is of the table only.
func (s *stage) knownRows() map[string]row {
	known := map[string]row{}
	for _, r := range s.azure.Storage.Entities(emulator.StateTable) {
		key := field(r, "RowKey")
		kept := row(maps.Clone(r))
		switch {
		case strings.HasPrefix(key, "point|"):
			maps.DeleteFunc(kept, func(name string, _ any) bool {
				return slices.Contains([]string{"Timestamp", "odata.etag", "Pinned", "Removing"}, name)
			})
		case key == "service" && field(r, "PartitionKey") == goneSource:
			maps.DeleteFunc(kept, func(name string, _ any) bool { return !strings.HasPrefix(name, "Point") })
		default:
			continue
		}
		known[key] = kept
	}
	return known
}
