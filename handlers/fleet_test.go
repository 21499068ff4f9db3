package handlers_test

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
)

var services = flag.Int("services", 100, "how many services TestAFleetInOneNight backs up")

// fleet is n small services whose backups take ten minutes.
func fleet(n int) (names []string, instances []arm.Service) {
	for i := range n {
		s := emulator.SampleServices()[0]
		s.Name = fmt.Sprintf("apim-%04d", i)
		s.BackupDuration, s.RetryAfter = 10*time.Minute, time.Minute
		names, instances = append(names, s.Name), append(instances, s)
	}
	return names, instances
}

// night runs n services, all due at once, through one night and returns what
// that took of Azure, without the timers' own table requests.
func night(t *testing.T, n int) (requests emulator.Requests, stats arm.Stats) {
	synctest.Test(t, func(t *testing.T) {
		names, instances := fleet(n)
		a := start(t, samplePlan(t, names...), instances)
		defer a.stop()
		time.Sleep(59 * time.Minute)
		a.checkNights(1, names...)
		requests, stats = a.azure.Requests(), a.azure.ARM.Stats()
	})
	return requests, stats
}

// Many services due in one night cost each what one costs, and ARM sees no
// more writes a second than it lets anybody send.
func TestAFleetInOneNight(t *testing.T) {
	n := *services
	one, _ := night(t, 1)
	all, stats := night(t, n)
	t.Logf("1 service: %+v", one)
	t.Logf("%d services: %+v; at most %d ARM writes in a second, %d throttled, %d conflicts", n, all, stats.MaxWritesPerSecond, stats.Throttled, stats.Conflicts)
	if stats.MaxWritesPerSecond > 10 || stats.Throttled > 0 {
		t.Errorf("%d ARM writes in one second, %d throttled", stats.MaxWritesPerSecond, stats.Throttled)
	}
	if all.ARMPost != n*one.ARMPost || all.ARMGet != n*one.ARMGet || all.ServiceBusSend != n*one.ServiceBusSend {
		t.Errorf("%d services: %+v, one: %+v; want the same for each", n, all, one)
	}
}
