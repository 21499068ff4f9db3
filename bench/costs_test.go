package bench

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/handlers"
	"lifeboat/internal/apim"
	"lifeboat/internal/blobstore"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/servicebus"
	"lifeboat/internal/tablestore"
)

var (
	costsOf     = flag.Int("services", 0, "how many services TestCosts measures at most: 1, 10 or 100")
	updateCosts = flag.Bool("update-costs", false, "write what TestCosts measures into docs/costs.md")
)

// usage is what somebody pays for.
type usage struct {
	Executions int // of functions
	Table      int // requests; a transaction is one
	BlobWrites int // and lists, which cost the same
	BlobReads  int
	Bus        int // operations: send or schedule, receive, settle
	ARM        int // free, but throttled
	Log        int // bytes
}

func (u usage) minus(v usage) usage {
	return usage{u.Executions - v.Executions, u.Table - v.Table, u.BlobWrites - v.BlobWrites, u.BlobReads - v.BlobReads, u.Bus - v.Bus, u.ARM - v.ARM, u.Log - v.Log}
}

func (u usage) times(n int) usage {
	return usage{u.Executions * n, u.Table * n, u.BlobWrites * n, u.BlobReads * n, u.Bus * n, u.ARM * n, u.Log * n}
}

// payer is the deployed app on a development Azure, with meters on it.
type payer struct {
	azure      *emulator.Azure
	host       *host.Host
	bus        *azservicebus.Client
	executions atomic.Int64
	logged     atomic.Int64
	blobWrites func() int
}

func (p *payer) Write(line []byte) (int, error) {
	p.logged.Add(int64(len(line)))
	return len(line), nil
}

func (p *payer) read() usage {
	seen, bus := p.azure.Requests(), p.azure.Broker.Stats()
	return usage{
		Executions: int(p.executions.Load()), Table: seen.Table, BlobWrites: p.blobWrites(), BlobReads: seen.Blob - p.blobWrites(),
		Bus: int(bus.Sent + bus.Scheduled + bus.Received + bus.Settlements() + bus.Renewed), ARM: seen.ARMGet + seen.ARMPost, Log: int(p.logged.Load()),
	}
}

// house is a way to use Lifeboat.
type house struct {
	services int
	standbys bool
	nightly  bool // else nothing is due, and only the timers run
}

// plan keeps so few backups that each night deletes one, as it does once a
// plan's retention is full.
func (h house) plan(t *testing.T) *plan.Plan {
	t.Helper()
	const root = "/subscriptions/" + emulator.SampleSubscription + "/resourceGroups/" + emulator.SampleGroup + "/providers/Microsoft.ApiManagement/service/"
	schedule := "0 30 1 * * *"
	if !h.nightly {
		schedule = "0 0 0 1 1 *"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "version: 1\nhistory: 400d\ndefaults: {storageAccount: stbackups, container: apim, schedule: %s, interval: 400d, restorableFor: 400d, lapseWarning: 1d,\n", schedule)
	text.WriteString("  retention: {keepLast: 1, daily: 0, weekly: 0, keepWithin: 1h, minKeep: 1}}\nservices:\n")
	for i := range h.services {
		fmt.Fprintf(&text, "  apim-%04d:\n    resourceId: %sapim-%04d\n", i, root, i)
		if h.standbys {
			fmt.Fprintf(&text, "    standbys: {apim-dr-%04d: {resourceId: %sapim-dr-%04d, mode: cold}}\n", i, root, i)
		}
	}
	p, err := plan.Parse("costs.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// instances are the house's API Management services: a backup takes half an
// hour, and ARM asks to be polled every minute, as Azure's does.
func (h house) instances() (all []arm.Service) {
	for i := range h.services {
		for _, name := range []string{"apim-%04d", "apim-dr-%04d"} {
			s := emulator.SampleServices()[0]
			s.Name = fmt.Sprintf(name, i)
			s.BackupDuration, s.RetryAfter = 30*time.Minute, time.Minute
			all = append(all, s)
		}
	}
	return all
}

func open(t *testing.T, h house) *payer {
	t.Helper()
	p := &payer{azure: emulator.New(emulator.Options{Services: h.instances()})}
	p.blobWrites = p.azure.Tap.Watch(func(r wire.Request) bool {
		return r.Service == emulator.ServiceBlob && (r.Method == http.MethodPut || strings.Contains(r.Query, "comp=list"))
	})
	log := slog.New(functions.LogHandler(slog.NewJSONHandler(p, nil)))
	app, err := host.Load("..", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	p.host = host.New(app, host.Options{
		Worker: host.NewInProcess(handlers.New(p.engine(t, h.plan(t), log), log)), Queues: p.azure.Queues(), Log: slog.New(slog.DiscardHandler),
		OnInvocation: func(host.Invocation) { p.executions.Add(1) },
	})
	if err := p.host.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *payer) engine(t *testing.T, plan *plan.Plan, log *slog.Logger) *recovery.Engine {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	p.bus, err = p.azure.BusClient(&azservicebus.ClientOptions{RetryOptions: servicebus.Retry})
	must(err)
	table, err := p.azure.TableClient(&aztables.ClientOptions{})
	must(err)
	blobs, err := p.azure.BlobClient(nil)
	must(err)
	client, err := apim.New(apim.Options{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: emulator.InProcessARM, Audience: cloud.AzurePublic.Services[cloud.ResourceManager].Audience},
		}},
		Credential: p.azure.Credential(), PlainHTTP: true, Transport: p.azure.ARMTransport(), Gateways: p.azure.GatewayTransport(),
	})
	must(err)
	var ids atomic.Int64
	return &recovery.Engine{
		Plan: plan, Store: tablestore.New(table), Table: "costs", ARM: client, Queue: servicebus.New(p.bus), Log: log, Parallel: 8,
		Blobs: blobstore.New(func(string) (*service.Client, error) { return blobs.ServiceClient(), nil }),
		NewID: func() string { return fmt.Sprintf("id-%d", ids.Add(1)) },
	}
}

func (p *payer) close(t *testing.T) {
	t.Helper()
	if err := p.host.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := p.bus.Close(context.Background()); err != nil {
		t.Error(err)
	}
	p.azure.Close()
}

// day is what an ordinary day of h uses: the second, when the first backups are
// old enough to be deleted.
func day(t *testing.T, h house) (spent usage) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, h)
		defer p.close(t)
		time.Sleep(24*time.Hour + 2*time.Minute) // no timer is due then
		before := p.read()
		time.Sleep(24 * time.Hour)
		spent = p.read().minus(before)
		if held := len(p.azure.Storage.ListBlobs("apim", "")); h.nightly && held > 2*2*h.services {
			t.Errorf("%d blobs in the container: nothing was pruned", held)
		}
		// The first backup is made at once.
		if made := len(p.azure.ARM.Operations()); h.nightly && made != 3*h.services {
			t.Errorf("%d backups of %d services in two nights", made, h.services)
		}
	})
	return spent
}

// The table in the page, which -update-costs writes.
const (
	costsPage = "../docs/costs.md"
	begin     = "<!-- measured -->\n"
	end       = "<!-- /measured -->"
)

// TestCosts holds the figures in the page. It lives through many days.
func TestCosts(t *testing.T) {
	var sizes []int
	for _, n := range []int{1, 10, 100} {
		if n <= *costsOf {
			sizes = append(sizes, n)
		}
	}
	if len(sizes) == 0 {
		t.Skip("name how many: -services 1")
	}
	lines := []string{row("one backup, from its start to its end", day(t, house{services: 1, nightly: true}).minus(day(t, house{services: 1})))}
	for _, h := range []struct {
		what string
		house
	}{
		{"a month of timers alone, %s", house{}},
		{"**a month, %s, nightly**", house{nightly: true}},
		{"**a month, %s, nightly, a cold standby each**", house{nightly: true, standbys: true}},
	} {
		for _, h.services = range sizes {
			lines = append(lines, row(fmt.Sprintf(h.what, counted(h.services)), day(t, h.house).times(30)))
		}
	}
	t.Logf("\n%s", head+strings.Join(lines, ""))
	text, err := os.ReadFile(costsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	if *updateCosts {
		before, rest, _ := strings.Cut(page, begin)
		_, after, _ := strings.Cut(rest, end)
		page = before + begin + head + strings.Join(lines, "") + end + after
		if err := os.WriteFile(costsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range lines {
		if !strings.Contains(page, line) {
			t.Errorf("%s does not have the line that was measured:\n%srun: go test ./bench -run TestCosts -services 100 -update-costs", costsPage, line)
		}
	}
}

const head = "| what | function executions | table requests | blob writes and lists | blob reads and deletes | Service Bus operations | ARM requests | log |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n"

func row(what string, u usage) string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s |\n", what, thousands(u.Executions), thousands(u.Table), thousands(u.BlobWrites), thousands(u.BlobReads), thousands(u.Bus), thousands(u.ARM), volume(u.Log))
}

func counted(n int) string {
	if n == 1 {
		return "1 service"
	}
	return fmt.Sprintf("%d services", n)
}

// thousands is a number as a person writes it; of large ones, two figures.
func thousands(n int) string {
	if n >= 1000 {
		n = rounded(n)
	}
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// rounded has two figures, and zeros.
func rounded(n int) int {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

func volume(bytes int) string {
	if bytes < 1_000_000 {
		return fmt.Sprintf("%d kB", rounded(bytes)/1000)
	}
	if mb := rounded(bytes) / 100_000; mb < 100 {
		return fmt.Sprintf("%d.%d MB", mb/10, mb%10)
	}
	return thousands(rounded(bytes)/1_000_000) + " MB"
}
