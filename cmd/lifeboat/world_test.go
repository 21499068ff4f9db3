package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/google/go-cmp/cmp"

	"lifeboat/handlers"
	"lifeboat/internal/apim"
	"lifeboat/internal/blobstore"
	"lifeboat/internal/config"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/servicebus"
	"lifeboat/internal/tablestore"
)

var update = flag.Bool("update", false, "write the golden files anew")

const sampleID = "/subscriptions/" + emulator.SampleSubscription + "/resourceGroups/" + emulator.SampleGroup + "/providers/Microsoft.ApiManagement/service/"

// worldPlan protects apim-weu with apim-neu as its standby.
const worldPlan = `version: 1
environment: lab
defaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *, jitter: 10m, lapseWarning: 1d}
services:
  apim-weu:
    resourceId: ` + sampleID + `apim-weu
    standbys: {apim-neu: {resourceId: ` + sampleID + `apim-neu}}
    failover: {mode: approve, rules: [apim-weu-down], approvers: the platform team}
`

// world is an operator at a machine, and the whole of Lifeboat over the
// development Azure, in one bubble.
type world struct {
	t     *testing.T
	azure *emulator.Azure
	host  *host.Host
	env   map[string]string
	// stdin answers questions; nil is no terminal.
	stdin io.Reader
	// stdout is where results go; nil keeps them for the outcome.
	stdout io.Writer
	// ids are the app's, and typed those of an operator's commands.
	ids, typed atomic.Int64
	// table is by what name the operator claims containers.
	table string
	// ahead is how much later the operator looks.
	ahead time.Duration
	// off is how much later the machine's clock is than Azure's.
	off time.Duration
	// app: check runs as the app's identity; stuck: ARM leaves it waiting.
	app, stuck bool
	// outlives: a command goes on when nobody reads what it says.
	outlives atomic.Bool

	closers []func()
}

// person is a reader that counts as a terminal.
type person struct{ io.Reader }

func (person) Person() bool { return true }

// inWorld runs f in a bubble with everything started, or, with idle, with no
// app that answers messages.
func inWorld(t *testing.T, planText string, idle bool, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, azure: emulator.New(emulator.Options{Services: emulator.SampleServices()})}
		w.env = settings(t, planText)
		if !idle {
			w.start(planText)
		}
		defer w.end()
		f(w)
	})
}

func (w *world) end() {
	if w.host != nil {
		if err := w.host.Stop(context.Background()); err != nil {
			w.t.Error(err)
		}
	}
	for _, close := range w.closers {
		close()
	}
	w.azure.Close()
	time.Sleep(time.Hour) // the clients end some of their goroutines in the background
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start(planText string) {
	p, err := plan.Parse("world.yaml", []byte(planText))
	w.must(err)
	log := slog.New(functions.LogHandler(slog.NewTextHandler(w.t.Output(), nil)))
	app, err := host.Load("../..", func(string) string { return "" })
	w.must(err)
	w.host = host.New(app, host.Options{
		Worker: host.NewInProcess(handlers.New(w.engine(p, log), log)), Queues: w.azure.Queues(), Log: slog.New(slog.DiscardHandler),
	})
	w.must(w.host.Start(w.t.Context()))
}

func (w *world) bus() *azservicebus.Client {
	bus, err := w.azure.BusClient(&azservicebus.ClientOptions{RetryOptions: servicebus.Retry})
	w.must(err)
	return bus
}

func (w *world) client() *aztables.Client {
	table, err := w.azure.TableClient(&aztables.ClientOptions{})
	w.must(err)
	return table
}

func (w *world) store() *tablestore.Store { return tablestore.New(w.client()) }

func (w *world) newID() string   { return fmt.Sprintf("id-%d", w.ids.Add(1)) }
func (w *world) typedID() string { return fmt.Sprintf("typed-%d", w.typed.Add(1)) }

func (w *world) arm() *apim.Client {
	client, err := apim.New(apim.Options{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: emulator.InProcessARM, Audience: cloud.AzurePublic.Services[cloud.ResourceManager].Audience},
		}},
		Credential: w.azure.Credential(), PlainHTTP: true, Transport: w.azure.ARMTransport(), Gateways: w.azure.GatewayTransport(),
		Secret: func(name string) string { return w.env[name] },
	})
	w.must(err)
	return client
}

func (w *world) engine(p *plan.Plan, log *slog.Logger) *recovery.Engine {
	blobs, err := w.azure.BlobClient(nil)
	w.must(err)
	bus := w.bus()
	w.closers = append(w.closers, func() { w.must(bus.Close(context.Background())) })
	return &recovery.Engine{
		Plan: p, Store: w.store(), ARM: w.arm(), Queue: servicebus.New(bus), Log: log, Parallel: 8, Hooks: nil,
		Blobs: blobstore.New(func(string) (*service.Client, error) { return blobs.ServiceClient(), nil }),
		NewID: w.newID,
	}
}

// reach is what the operator's machine reaches.
func (w *world) reach(c config.Config) (*reached, error) {
	blobs, err := w.azure.BlobClient(nil)
	w.must(err)
	r := &reached{
		rows: w.store(), store: w.store(), table: w.table, blobs: blobstore.New(func(string) (*service.Client, error) { return blobs.ServiceClient(), nil }), who: func(context.Context) string { return "ann@contoso.example" },
		close: func(context.Context) {}, ensure: tableMaker(w.client()),
	}
	if c.ServiceBus != (config.Endpoint{}) {
		bus := w.bus()
		r.queue, r.close = slowly{servicebus.New(bus)}, func(ctx context.Context) { w.must(bus.Close(ctx)) }
	}
	return r, nil
}

// manage is what --direct works with, and fails where anybody opens the bus.
func (w *world) manage(c config.Config, _ func(string) string, _ func() time.Time) (managed, error) {
	if c.ServiceBus != (config.Endpoint{}) {
		w.t.Error("--direct keeps the settings of Service Bus")
	}
	return managed{w.arm(), func(context.Context) (time.Duration, error) { return w.off, nil }}, nil
}

// slowly takes a moment to send, so that a command looks at another instant
// than the app moves.
type slowly struct{ sender }

func (s slowly) Send(ctx context.Context, m job.Message) error {
	defer time.Sleep(700 * time.Millisecond)
	return s.sender.Send(ctx, m)
}

// outcome is what one command did.
type outcome struct {
	code           int
	stdout, stderr string
}

// does runs one command as a person would.
func (w *world) does(ctx context.Context, args ...string) outcome {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		getenv: func(name string) string { return w.env[name] }, stdin: w.stdin, stdout: &stdout, stderr: &stderr, now: func() time.Time { return time.Now().Add(w.ahead) }, reach: w.reach, survey: w.survey, manage: w.manage, newID: w.typedID, interruptible: context.WithCancel, outlive: func() { w.outlives.Store(true) },
	}
	if w.stdout != nil {
		p.stdout = w.stdout
	}
	code := p.run(ctx, args)
	if out := stdout.String() + stderr.String(); strings.Contains(out, planted) || strings.Contains(out, "SharedAccessKey=") {
		w.t.Errorf("%q shows a secret:\n%s", args, out)
	}
	return outcome{code, stdout.String(), stderr.String()}
}

// did runs a command that must end with code.
func (w *world) did(code int, args ...string) outcome {
	w.t.Helper()
	a := w.does(w.t.Context(), args...)
	if a.code != code {
		w.t.Fatalf("lifeboat %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), a.code, code, a.stdout, a.stderr)
	}
	return a
}

// decoded is what a command says in JSON.
func decoded[T any](w *world, code int, args ...string) (v T) {
	w.t.Helper()
	a := w.did(code, append(args, "--json")...)
	d := json.NewDecoder(strings.NewReader(a.stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil || d.More() {
		w.t.Fatalf("lifeboat %s --json: %v, or more than one value\n%s", strings.Join(args, " "), err, a.stdout)
	}
	return v
}

// golden compares what a command printed to a file.
func golden(t *testing.T, name string, a outcome) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	got := a.stdout
	if a.stderr != "" {
		got += "--- stderr\n" + a.stderr
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
