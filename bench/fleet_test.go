package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
)

const fleetSize = 1000

// BenchmarkFleetProcess backs up a thousand services that are due at once with
// the deployed binary over loopback sockets, and reports the process's
// memory when it is ready and at its peak, and the CPU that it took. Spans are
// short, so that it takes minutes: use -benchtime 1x.
func BenchmarkFleetProcess(b *testing.B) {
	binary := build(b, deployed)
	for b.Loop() {
		fleetNight(b, binary)
	}
}

func fleetNight(b *testing.B, binary string) {
	b.Helper()
	services, plan := fleet()
	// Not throttled: how ARM does that is BenchmarkNight's.
	unlimited := arm.Bucket{Burst: 1e9, PerSecond: 1e9}
	azure := emulator.New(emulator.Options{Services: services, Reads: unlimited, Writes: unlimited})
	defer azure.Close()
	at, err := azure.Serve("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "lifeboat.yaml")
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		b.Fatal(err)
	}
	app, err := host.Load("..", func(string) string { return "" })
	if err != nil {
		b.Fatal(err)
	}
	app.Handler.Executable = binary
	quiet := slog.New(slog.DiscardHandler)
	process := host.NewProcess(app, host.ProcessOptions{Log: quiet, Env: []string{
		"LIFEBOAT_PLAN=" + file, "ARM_ENDPOINT=" + at.ARM, "ServiceBusConnection=" + at.ServiceBus,
		"StateStorage=" + at.Storage, "BackupStorage=" + at.Storage,
		"IDENTITY_ENDPOINT=" + at.IdentityEndpoint, "IDENTITY_HEADER=" + at.IdentityHeader,
	}})
	h := host.New(app, host.Options{Worker: process, Queues: azure.Queues(), Log: quiet})
	if err := h.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	idle := memory(b, process.Pid(), "VmRSS:")
	if _, err := h.Fire("BackupSchedule", ""); err != nil {
		b.Fatal(err)
	}
	succeeded := await(b, azure)
	b.ReportMetric(idle, "idle-MiB")
	b.ReportMetric(memory(b, process.Pid(), "VmHWM:"), "peak-MiB")
	b.ReportMetric(processorTime(b, process.Pid()).Seconds()*1000/fleetSize, "cpu-ms/job")
	b.ReportMetric(float64(succeeded), "succeeded")
	if err := h.Stop(context.Background()); err != nil {
		b.Error(err)
	}
}

// fleet is a thousand services due at once, whose starts are spread over a
// minute.
func fleet() ([]arm.Service, string) {
	var plan strings.Builder
	plan.WriteString("version: 1\ndefaults: {storageAccount: stbackups, container: apim, jitter: 1m, pollMin: 5s}\nservices:\n")
	var services []arm.Service
	for i := range fleetSize {
		s := emulator.SampleServices()[0]
		s.Name = fmt.Sprintf("apim-%04d", i)
		s.BackupDuration, s.RetryAfter = 20*time.Second, 5*time.Second
		services = append(services, s)
		fmt.Fprintf(&plan, "  %s: {resourceId: /subscriptions/%s/resourceGroups/%s/providers/Microsoft.ApiManagement/service/%s}\n",
			s.Name, emulator.SampleSubscription, emulator.SampleGroup, s.Name)
	}
	return services, plan.String()
}

// await returns how many jobs have succeeded once every one has ended.
func await(b *testing.B, azure *emulator.Azure) int {
	b.Helper()
	deadline := time.After(15 * time.Minute)
	for {
		ended, succeeded := 0, 0
		for _, row := range azure.Storage.Entities(emulator.StateTable) {
			key, _ := row["RowKey"].(string)
			if !strings.HasPrefix(key, "job|") {
				continue
			}
			switch row["State"] {
			case "Succeeded":
				succeeded++
				ended++
			case "Failed", "Canceled":
				ended++
			}
		}
		if ended == fleetSize {
			return succeeded
		}
		select {
		case <-deadline:
			b.Fatalf("%d of %d jobs ended in 15 minutes", ended, fleetSize)
		case <-time.After(time.Second):
		}
	}
}
