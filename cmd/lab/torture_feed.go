package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/request"
)

// What torture works on: two sources with standbys, and four without.
const (
	asked  = "apim-weu" // a person asks for its restores and another approves
	alarms = "apim-neu" // alerts ask, and nobody has to approve
)

var plain = []string{"apim-uks", "apim-eus", "apim-jpe", "apim-frc"}

// The spans of a torture: short, so that there is always something to strike.
const (
	tortureOperation = 700 * time.Millisecond
	torturePlan      = "changes: {quiet: 1s, atMost: 3s, minInterval: 0s}"
	tortureSchedule  = "'*/15 * * * * *'"
	tortureEvery     = 15 * time.Second // as the schedule says
	tortureExpiry    = time.Minute      // of an approval
	tortureSettling  = 10 * time.Second
	changeEvery      = 700 * time.Millisecond
	nudgeEvery       = 500 * time.Millisecond
	peekEvery        = 2 * time.Second
)

func tortureServices() []arm.Service {
	sample := emulator.SampleServices()
	var all []arm.Service
	for _, name := range append([]string{asked, alarms}, plain...) {
		all = append(all, named(sample[0], name))
	}
	for _, source := range []string{asked, alarms} {
		standby := named(sample[1], standbyOf(source))
		standby.Settings = sample[0].Settings
		all = append(all, standby)
	}
	for i := range all {
		all[i].BackupDuration, all[i].RestoreDuration, all[i].RetryAfter = tortureOperation, tortureOperation, time.Second
	}
	return all
}

// tortureText is the plan. Settling is the least that a plan may say.
func tortureText(services []arm.Service) string {
	byName := map[string]arm.Service{}
	for _, v := range services {
		byName[v.Name] = v
	}
	var all []protected
	for _, name := range append([]string{asked, alarms}, plain...) {
		p := protected{Service: byName[name], settings: []string{fmt.Sprintf("heartbeatSetting: %s", heartbeatSetting(name))}}
		switch name {
		case plain[0]:
			p.settings = append(p.settings, "access: AccessKey", "accessKeySetting: "+storageKeySetting)
		case asked:
			p.settings = append(p.settings, tortureFailover(byName[standbyOf(name)], "mode: approve, safetyBackup: true, approvers: the on-call engineer")...)
		case alarms:
			p.settings = append(p.settings, tortureFailover(byName[standbyOf(name)], fmt.Sprintf("mode: auto, rules: [%s]", metricRule(name)))...)
		}
		all = append(all, p)
	}
	return planOf(all, tortureSchedule, torturePlan, "settling: "+tortureSettling.String(), "pollMax: 2s", "busyWait: 1s", "retryWait: 1s", "overdueAfter: 2s", "attempts: 10",
		"operationDeadline: 2m", "deadline: 5m", "interval: 10m", "grace: 2m", "retention: {keepLast: 3, hourly: 0, daily: 0, weekly: 0, keepWithin: 0s, minKeep: 2}")
}

func tortureFailover(standby arm.Service, settings string) []string {
	return []string{
		fmt.Sprintf("standbys: {%s: {resourceId: %s}}", standby.Name, resourceOf(standby)),
		fmt.Sprintf("failover: {%s, minFor: 1s, cooldown: 0s, maxPointAge: 1h, approvalExpiry: %s}", settings, tortureExpiry),
	}
}

// feed keeps the handler busy until ctx ends: nights, changes, failovers and
// the watchdog, each as fast as the plan lets them be.
func (s *stage) feed(ctx context.Context) error {
	grid, err := s.serve(s.host.HTTP())
	if err != nil {
		return err
	}
	defer grid.close()
	var group errgroup.Group
	group.Go(func() error {
		return s.repeat(ctx, 2*time.Second, func(int) error { return s.nudge("BackupSchedule") })
	})
	group.Go(func() error {
		return s.repeat(ctx, changeEvery, func(n int) error { return s.edit(ctx, grid, n) })
	})
	group.Go(func() error { return s.restoreOften(ctx) })
	group.Go(func() error { return s.failOften(ctx) })
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// repeat does something again and again until ctx ends.
func (s *stage) repeat(ctx context.Context, every time.Duration, do func(n int) error) error {
	for n := 0; ; n++ {
		if err := do(n); err != nil {
			return err
		}
		if err := rest(ctx, every); err != nil {
			return nil
		}
	}
}

// nudge fires a timer. What becomes of it is the handler's affair: it may be
// killed meanwhile.
func (s *stage) nudge(function string) error {
	if _, err := s.host.Fire(function, ""); errors.Is(err, host.ErrUnknownFunction) {
		return err
	}
	return nil
}

// edit is one change of one service, told by Event Grid.
func (s *stage) edit(ctx context.Context, grid *site, n int) error {
	e := changeEvent(3*n, fmt.Sprintf("torture-%d", n), plain[n%len(plain)])
	e.at = time.Now()
	if err := s.send(ctx, grid, e); err != nil {
		return err
	}
	s.keep(func(v *sent) { v.changes = append(v.changes, takenChange{e.service, e.id, e.at, time.Now()}) })
	return nil
}

// own gives a standby content that no backup has, or a lost restore could not
// be told from one that never was.
func (s *stage) own(standby string, n int) {
	s.azure.ARM.Mutate(standby, func(v *arm.Service) {
		v.Content = named(emulator.SampleServices()[1], fmt.Sprintf("%s-%d", standby, n)).Content
	})
}

// jobBy waits for the nth restore of a standby to be in one of some states; ""
// is the end. It tells the watchdog nothing: that runs by itself.
func (s *stage) reached(ctx context.Context, standby string, n int, states ...string) (jobRow, error) {
	var j jobRow
	err := s.until(ctx, func() bool {
		j = s.restore(standby, n)
		for _, state := range states {
			if j.state == state {
				return true
			}
		}
		return !j.ended.IsZero()
	})
	return j, err
}

// restoreOften lets a person ask for one restore after the other.
func (s *stage) restoreOften(ctx context.Context) error {
	standby := standbyOf(asked)
	if err := s.until(ctx, func() bool { return s.backedUp(asked) }); err != nil {
		return ctx.Err()
	}
	for n := 0; ; n++ {
		s.own(standby, n)
		r := request.Request{ID: fmt.Sprintf("torture-restore-%d", n), Kind: request.Restore, Service: asked, By: operator, Reason: "a drill"}
		if err := s.ask(r); err != nil {
			return err
		}
		s.keep(func(v *sent) { v.restores = append(v.restores, r.ID) })
		j, err := s.reached(ctx, standby, n, "AwaitingApproval")
		if err != nil {
			return err
		}
		if j.ended.IsZero() {
			if err := s.answers(j, fmt.Sprintf("torture-approval-%d", n)); err != nil {
				return err
			}
		}
		if err := s.finish(ctx, asked, n); err != nil {
			return err
		}
	}
}

// finish waits for the end of a restore and takes the standby back.
func (s *stage) finish(ctx context.Context, source string, n int) error {
	standby := standbyOf(source)
	if _, err := s.reached(ctx, standby, n); err != nil {
		return err
	}
	r := request.Request{ID: fmt.Sprintf("torture-failback-%s-%d", source, n), Kind: request.Acknowledge, Service: source, By: operator, Reason: "the drill is over", Outcome: request.Failback}
	if _, serves := servingRows(s.azure)[standby]; serves {
		at := time.Now()
		if err := s.ask(r); err != nil {
			return err
		}
		s.keep(func(v *sent) { v.failbacks = append(v.failbacks, failback{standby, at}) })
	}
	return s.until(ctx, func() bool { _, serves := servingRows(s.azure)[standby]; return !serves })
}

// failOften lets a service go down again and again. Every second alert comes
// by AlertHook.
func (s *stage) failOften(ctx context.Context) error {
	if err := s.until(ctx, func() bool { return s.backedUp(alarms) }); err != nil {
		return ctx.Err()
	}
	for n := 0; ; n++ {
		s.own(standbyOf(alarms), n)
		s.azure.ARM.SetGateway(alarms, arm.GatewayDown)
		fired := outage{service: alarms, id: alertID(alarms, n), fired: time.Now()}
		if err := s.alert(ctx, n, fired.metric()); err != nil {
			return err
		}
		s.keep(func(v *sent) { v.alerts = append(v.alerts, fired) })
		if _, err := s.reached(ctx, standbyOf(alarms), n); err != nil {
			return err
		}
		s.azure.ARM.SetGateway(alarms, arm.GatewayHealthy)
		fired.ended = time.Now()
		if err := s.alert(ctx, n+1, fired.metric()); err != nil {
			return err
		}
		if err := s.finish(ctx, alarms, n); err != nil {
			return err
		}
		if err := s.until(ctx, func() bool { return s.resolved(alarms) }); err != nil {
			return err
		}
	}
}

// alert sends an alert as an action group does: until it is taken.
func (s *stage) alert(ctx context.Context, n int, body []byte) error {
	if n%2 == 0 {
		return s.put(emulator.RequestQueue, body, nil)
	}
	return s.until(ctx, func() bool {
		status, err := s.hook(ctx, functionKey, body)
		return err == nil && status == http.StatusAccepted
	})
}
