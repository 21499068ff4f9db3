package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/request"
)

// The people of the story.
const (
	engineer = "on-call@contoso.example"
	operator = "operations@contoso.example"
)

// actFailover lets the flood come first, so that nothing else stands in the
// queue behind it, and all the rest while the restore goes on.
func actFailover(ctx context.Context, s *stage, copies int) error {
	s.timeline.act("a backup of each of the %s; a standby that is kept warm gets it at once", count(len(sources), "service"))
	if err := s.fire("BackupSchedule"); err != nil {
		return err
	}
	if err := s.until(ctx, func() bool { return s.backedUp(sources...) }); err != nil {
		return err
	}
	if err := actFlood(ctx, s, copies); err != nil {
		return err
	}
	group, limited := errgroup.WithContext(ctx)
	for _, act := range []func(context.Context, *stage) error{actAgain, actRecovers, actMistiered, actOutdated, actRivals, actStuck, actWarm} {
		group.Go(func() error { return act(limited, s) })
	}
	return group.Wait()
}

// actFlood is an outage, a thousand alerts of it, and an approval.
func actFlood(ctx context.Context, s *stage, copies int) error {
	s.azure.ARM.SetGateway(flooded, arm.GatewayDown)
	s.timeline.act("%s is down: %s of two alerts, a metric's and Resource Health's, half by the queue, half through AlertHook", flooded, thousands(2*copies))
	fired := s.outageOf(flooded)
	if status, err := s.hook(ctx, "no key", fired.metric()); err != nil || status != http.StatusUnauthorized {
		return fmt.Errorf("AlertHook answered %d to a wrong key, want %d: %w", status, http.StatusUnauthorized, err)
	}
	began := time.Now()
	if err := s.flood(ctx, fired, copies); err != nil {
		return err
	}
	target := standbyOf(flooded)
	if err := s.until(ctx, func() bool { return s.taken() && s.restore(target, 0).state == "AwaitingApproval" }); err != nil {
		return err
	}
	j := s.restore(target, 0)
	s.timeline.act("all %s are taken after %s and made %s; its restore waits for an approval, and these are its gates:",
		thousands(2*copies), short(time.Since(began)), count(len(incidentRows(s.azure)), "incident"))
	s.timeline.say("%s", gateLines(j.order.Gates))
	return s.approve(j)
}

// approve is another person's yes to exactly what waits.
func (s *stage) approve(j jobRow) error {
	s.timeline.act("%s approves", engineer)
	s.note(j.service, time.Now())
	body, err := request.EncodeApproval(request.Approval{
		ID: "approval-1", Approved: true, Job: j.id, Point: j.order.Point.Blob, Target: j.service, By: engineer, Reason: "the region is down",
	})
	return s.put(emulator.ApprovalQueue, body, err)
}

// actAgain resolves the flood's alerts when the standby serves, and lets one
// fire again.
func actAgain(ctx context.Context, s *stage) error {
	target := standbyOf(flooded)
	if err := s.until(ctx, func() bool { return !s.restore(target, 0).ended.IsZero() }); err != nil {
		return err
	}
	s.timeline.act("both alerts of %s resolve, and one fires again inside the cool-down", flooded)
	over := outage{service: flooded, id: alertID(flooded, 1), fired: time.Now().Add(-minFor), ended: time.Now()}
	err := s.put(emulator.RequestQueue, over.metric(), nil)
	if err == nil {
		err = s.put(emulator.RequestQueue, over.health(), nil)
	}
	if err == nil {
		err = s.until(ctx, func() bool { return s.resolved(flooded) })
	}
	if err != nil {
		return err
	}
	again := outage{service: flooded, id: alertID(flooded, 2), fired: time.Now()}
	if err := s.put(emulator.RequestQueue, again.metric(), nil); err != nil {
		return err
	}
	return s.until(ctx, func() bool { return !s.restore(target, 1).ended.IsZero() })
}

// actRecovers lets an alert resolve while its restore waits.
func actRecovers(ctx context.Context, s *stage) error {
	s.timeline.act("%s is down, and back before anybody approves", recovers)
	fired, err := s.alarm(recovers)
	if err != nil {
		return err
	}
	target := standbyOf(recovers)
	if err := s.until(ctx, func() bool { return s.restore(target, 0).state == "AwaitingApproval" }); err != nil {
		return err
	}
	s.azure.ARM.SetGateway(recovers, arm.GatewayHealthy)
	fired.ended = time.Now()
	if err := s.put(emulator.RequestQueue, fired.metric(), nil); err != nil {
		return err
	}
	return s.until(ctx, func() bool { return !s.restore(target, 0).ended.IsZero() })
}

// actMistiered asks for a restore that Azure would refuse half an hour later.
func actMistiered(ctx context.Context, s *stage) error {
	s.timeline.act("%s is down, and its standby has another tier", mistiered)
	if _, err := s.alarm(mistiered); err != nil {
		return err
	}
	return s.until(ctx, func() bool { return !s.restore(standbyOf(mistiered), 0).ended.IsZero() })
}

// actRivals lets two sources want one standby.
func actRivals(ctx context.Context, s *stage) error {
	target := standbyOf(rivalA)
	s.timeline.act("%s and %s are down at once, and both want %s", rivalA, rivalB, target)
	for _, source := range []string{rivalA, rivalB} {
		if _, err := s.alarm(source); err != nil {
			return err
		}
	}
	return s.until(ctx, func() bool { return !s.restore(target, 0).ended.IsZero() && !s.restore(target, 1).ended.IsZero() })
}

// actStuck lets the source's own backup hang before the source goes down.
func actStuck(ctx context.Context, s *stage) error {
	s.timeline.act("%s is down in the middle of a backup that hangs", stuck)
	s.azure.ARM.FailNext(stuck, arm.Fault{Duration: time.Hour})
	if err := s.ask(request.Request{ID: "backup-" + stuck, Kind: request.Backup, Service: stuck, By: operator, Reason: "before a change"}); err != nil {
		return err
	}
	hangs := func() bool {
		jobs := s.jobs(stuck)
		return len(jobs) == 2 && jobs[1].state == "InProgress"
	}
	if err := s.until(ctx, hangs); err != nil {
		return err
	}
	fired, err := s.alarm(stuck)
	if err != nil {
		return err
	}
	s.note(standbyOf(stuck), fired.fired.Add(minFor))
	return s.until(ctx, func() bool { return !s.restore(standbyOf(stuck), 0).ended.IsZero() })
}

func thousands(n int) string {
	if n < 1000 {
		return count(n, "copy")
	}
	return fmt.Sprintf("%d,%03d copies", n/1000, n%1000)
}
