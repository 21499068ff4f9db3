package main

import (
	"context"
	"fmt"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
)

// The three services of the night.
const (
	ordinary = "apim-weu"
	busy     = "apim-neu"
	failing  = "apim-uks"
)

// refusals is how often somebody else's operation is in the way, at least.
const refusals = 2

// noAccess is what a service says that may not write to the storage account.
// The words are storage's own.
var noAccess = arm.Failure{
	Status: 400, Code: "AuthorizationPermissionMismatch",
	Message: "This request is not authorized to perform this operation using this permission.",
}

// nightly is one night of three services, in seconds instead of minutes.
func nightly() scenario {
	return scenario{
		name:     "nightly",
		summary:  "three services through a night: one ordinary, one busy for a while, one whose backup fails",
		services: nightlyServices(),
		plan:     []string{"attempts: 2"},
		schedule: longPast(time.Now()),
		act:      actNightly,
		check:    checkNightly,
	}
}

func nightlyServices() []arm.Service {
	services := emulator.SampleServices()
	third := services[0]
	third.Name, third.Location = failing, "UK South"
	services = append(services, third)
	for i := range services {
		services[i].BackupDuration = time.Duration(5-i) * time.Second
		services[i].RetryAfter = 2 * time.Second
	}
	return services
}

// longPast is a nightly occurrence that is not going to come while the
// scenario is played.
func longPast(now time.Time) string {
	return fmt.Sprintf("0 0 %d * * *", now.UTC().Add(-6*time.Hour).Hour())
}

func actNightly(ctx context.Context, s *stage) error {
	s.azure.ARM.FailNext(failing, arm.Fault{Fail: &noAccess}, arm.Fault{Fail: &noAccess})
	s.azure.ARM.Lock(busy, time.Hour)
	if err := s.fire("BackupSchedule"); err != nil {
		return err
	}
	// However slow this machine is, the other operation is in the way.
	err := s.until(ctx, func() bool { return s.azure.ARM.Stats().Conflicts >= refusals })
	s.azure.ARM.Lock(busy, 0)
	if err != nil {
		return err
	}
	return s.settled(ctx)
}

func checkNightly(o outcome) []string {
	wrong := o.sound()
	wrong = append(wrong, o.ended(ordinary, "Succeeded", "", "")...)
	wrong = append(wrong, o.ended(busy, "Succeeded", "", "")...)
	wrong = append(wrong, o.ended(failing, "Failed", noAccess.Code, noAccess.Message)...)
	wrong = append(wrong, o.posted(ordinary, 1)...)
	wrong = append(wrong, o.posted(busy, o.conflicts+1)...)
	wrong = append(wrong, o.posted(failing, 2)...)
	if o.conflicts < refusals {
		wrong = append(wrong, fmt.Sprintf("ARM answered 409 ServiceLocked %d times, want at least %d", o.conflicts, refusals))
	}
	return wrong
}
