package main

import (
	"context"
	"fmt"
	"time"

	"lifeboat/internal/emulator"
	esb "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/request"
)

// The services of the silence.
const (
	silentService = "apim-weu" // is to be backed up every few seconds, and is not
	patient       = "apim-neu" // has a whole day
)

// The spans of the plan. A good backup is verified about five seconds after
// its start, so that a service is well again for some seconds.
const (
	silentInterval = 6 * time.Second
	silentGrace    = 3 * time.Second
	overdueAfter   = 3 * time.Second // a prompt takes two seconds at the least
	watchEvery     = time.Second
	refusedPosts   = 10
)

// silence is an outage of Lifeboat itself.
func silence() scenario {
	services := nightlyServices()[:2]
	var plan []protected
	for i := range services {
		services[i].BackupDuration, services[i].RetryAfter = time.Second, time.Second
		p := protected{Service: services[i], settings: []string{"heartbeatSetting: " + heartbeatSetting(services[i].Name)}}
		if services[i].Name == silentService {
			p.settings = append(p.settings, "interval: "+silentInterval.String(), "grace: "+silentGrace.String())
		}
		plan = append(plan, p)
	}
	return scenario{
		name:      "silence",
		summary:   "Lifeboat is dead for two intervals and loses messages; all is said once it is back, to a receiver that fails ten times",
		services:  services,
		plan:      []string{"overdueAfter: " + overdueAfter.String()},
		protected: plan,
		schedule:  longPast(time.Now()),
		act:       actSilence,
		check:     checkSilence,
	}
}

// silenceNotes are what only the scenario itself knows.
type silenceNotes struct {
	played      bool
	dead, back  time.Time
	purged      int
	interrupted repair // lost while Lifeboat was dead
	swallowed   repair // lost while everything ran
	scrapes     []scrape
}

func actSilence(ctx context.Context, s *stage) error {
	s.silence.played = true
	for _, act := range []func(context.Context, *stage) error{actGood, actDies, actBack, actWell} {
		if err := act(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// watched is until with a run of Watchdog every second.
func (s *stage) watched(ctx context.Context, done func() bool) error {
	var last time.Time
	var failure error
	err := s.until(ctx, func() bool {
		if time.Since(last) >= watchEvery {
			last = time.Now()
			failure = s.fire("Watchdog")
		}
		return failure != nil || done()
	})
	if failure != nil {
		return failure
	}
	return err
}

// actGood is an ordinary start.
func actGood(ctx context.Context, s *stage) error {
	s.timeline.act("a backup of both services, in time; %s wants another every %s, with %s of grace", silentService, silentInterval, silentGrace)
	if err := s.fire("BackupSchedule"); err != nil {
		return err
	}
	return s.watched(ctx, func() bool { return s.inState(silentService, 0, "Succeeded") && s.inState(patient, 0, "Succeeded") })
}

// actDies is the death of the whole instance in the middle of a backup, for
// two intervals and the grace. What its queue holds by then is lost.
func actDies(ctx context.Context, s *stage) error {
	if err := s.backUp(silentService, "before a change"); err != nil {
		return err
	}
	if err := s.watched(ctx, func() bool { return s.inState(silentService, 1, "InProgress") && s.delivered() }); err != nil {
		return err
	}
	j := s.jobs(silentService)[1]
	gone := 2*silentInterval + silentGrace
	s.timeline.act("the instance dies in the middle of it, for %s", gone)
	s.host.Crash()
	s.silence.dead = time.Now()
	if err := rest(ctx, gone/2); err != nil {
		return err
	}
	n, err := s.purge(ctx, emulator.StepQueue)
	if err != nil {
		return err
	}
	s.silence.purged = n
	s.silence.interrupted = repair{job: j.id, lost: time.Now(), due: j.notBefore}
	s.timeline.act("its queue loses %s; Azure has finished the backup meanwhile, and nobody knows", count(n, "message"))
	return rest(ctx, gone-gone/2)
}

// backUp is a person's request for a backup.
func (s *stage) backUp(service, why string) error {
	id := fmt.Sprintf("backup-%s-%d", service, len(s.jobs(service)))
	return s.ask(request.Request{ID: id, Kind: request.Backup, Service: service, By: operator, Reason: why})
}

// strange is a message that nobody understands, with something in it that
// nobody is to read.
const (
	strange       = `{"schema": 1, "kind": "Rescue", "please": "restore everything", "password": "` + strangeSecret + `"}`
	strangeSecret = "correct-horse-battery-staple"
)

// actBack is the return: three things at once have to be found and said.
func actBack(ctx context.Context, s *stage) error {
	s.receiver.refuseNext(refusedPosts)
	s.timeline.act("the instance is back, and the receiver of its notices fails %d times", refusedPosts)
	if err := s.start(ctx); err != nil {
		return err
	}
	s.silence.back = time.Now()
	if err := s.azure.Broker.Send(emulator.RequestQueue, esb.Message{ID: "strange", Body: []byte(strange)}); err != nil {
		return err
	}
	if err := s.watched(ctx, func() bool {
		s.repaired()
		return s.took("Late", "Down")
	}); err != nil {
		return err
	}
	s.scrape(ctx, "down")
	if err := s.loseFirstLook(); err != nil {
		return err
	}
	return s.watched(ctx, func() bool { return s.repaired() && s.inState(silentService, 1, "Succeeded") })
}

// took reports whether notices of these kinds have arrived.
func (s *stage) took(kinds ...string) bool {
	arrived := map[string]bool{}
	for _, e := range s.receiver.got().taken {
		arrived[e.Data.Type] = true
	}
	for _, kind := range kinds {
		if !arrived[kind] {
			return false
		}
	}
	return true
}

// actWell is the first good backup in time.
func actWell(ctx context.Context, s *stage) error {
	s.timeline.act("%s is backed up again, in time", silentService)
	if err := s.backUp(silentService, "catch up"); err != nil {
		return err
	}
	known := func() bool {
		return s.repaired() && !s.silence.swallowed.moved.IsZero() && s.took("Recovered", "DeadMessage") && s.delivered()
	}
	if err := s.watched(ctx, known); err != nil {
		return err
	}
	s.scrape(ctx, "well")
	return s.settled(ctx)
}
