package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/tablestore"
)

const statusFleet = 1000

// BenchmarkStatus is the real `lifeboat status` of a thousand services, as a
// process, with and without a week of jobs: its time from start to end and
// the requests that it sends to the table.
func BenchmarkStatus(b *testing.B) {
	binary := build(b, deployed)
	b.Run("version", func(b *testing.B) {
		for b.Loop() {
			if out, err := exec.Command(binary, "version").CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		}
	})
	for _, days := range []int{0, 7} {
		b.Run(fmt.Sprintf("days=%d", days), func(b *testing.B) { statusAfter(b, binary, days) })
	}
}

func statusAfter(b *testing.B, binary string, days int) {
	azure := emulator.New(emulator.Options{})
	defer azure.Close()
	at, err := azure.Serve("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	p := fleetOf(b, statusFleet)
	fill(b, azure, p, days)
	settings := statusSettings(b, at)
	before := azure.Tap.Totals()[emulator.ServiceTable]
	runs := 0
	for b.Loop() {
		runs++
		statusOnce(b, binary, settings)
	}
	b.ReportMetric(float64(azure.Tap.Totals()[emulator.ServiceTable]-before)/float64(runs), "table-requests/op")
}

func statusOnce(b *testing.B, binary, settings string) {
	b.Helper()
	command := exec.Command(binary, "status", "--settings", settings, "--json")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		b.Fatalf("%v: %s", err, &stderr)
	}
	var answer struct {
		Good     bool
		Services []struct{ Health string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil || !answer.Good || len(answer.Services) != statusFleet {
		b.Fatalf("%v, %d services: %.300s", err, len(answer.Services), &stdout)
	}
}

func statusSettings(b *testing.B, at emulator.Addresses) string {
	b.Helper()
	dir := b.TempDir()
	var text strings.Builder
	text.WriteString("version: 1\ndefaults: {storageAccount: stbackups, container: apim}\nservices:\n")
	for i := range statusFleet {
		fmt.Fprintf(&text, "  apim-%04d: {resourceId: %sapim-%04d}\n", i, subscription, i)
	}
	values, err := json.Marshal(map[string]any{"Values": map[string]string{"LIFEBOAT_PLAN": "fleet.yaml", "StateStorage": at.Storage}})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "fleet.yaml"), []byte(text.String()), 0o600)
	}
	file := filepath.Join(dir, "settings.json")
	if err == nil {
		err = os.WriteFile(file, values, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
	return file
}

// fill gives every service a point and, for each day, a job that has ended.
func fill(b *testing.B, azure *emulator.Azure, p *plan.Plan, days int) {
	b.Helper()
	table, err := azure.TableClient(nil)
	if err != nil {
		b.Fatal(err)
	}
	store := tablestore.New(table)
	now := time.Now().UTC()
	var work sync.WaitGroup
	names := make(chan plan.Service)
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for s := range names {
				if err := fillOne(b, store, s, days, now); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, s := range p.Services {
		names <- s
	}
	close(names)
	work.Wait()
}

func fillOne(b *testing.B, store *tablestore.Store, s plan.Service, days int, now time.Time) error {
	var last job.SummaryMove
	for day := days; day > 0; day-- {
		at := now.Add(-time.Duration(day) * 24 * time.Hour)
		j := job.NewBackup(s.Name, at, at, s.Rules, at)
		j.State, j.EndedAt = job.Succeeded, at.Add(20*time.Minute)
		for _, state := range []job.State{job.Starting, job.InProgress, job.Verifying, job.Pruning, job.Succeeded} {
			j.History = append(j.History, job.Step{State: state, At: at, Attempt: 1})
		}
		last = job.SummaryMove{Ended: &j}
		if err := store.Create(b.Context(), j, last); err != nil {
			return err
		}
	}
	since := now.Add(-time.Duration(days) * 24 * time.Hour)
	last.Point, last.ProtectedSince = &job.Point{Blob: s.Name + "-point", StartedAt: now.Add(-time.Hour), VerifiedAt: now, Size: 1 << 20}, &since
	return store.Note(b.Context(), s.Name, last)
}
