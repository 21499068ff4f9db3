package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/handlers"
	"lifeboat/internal/apim"
	"lifeboat/internal/blobstore"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/servicebus"
	"lifeboat/internal/tablestore"
)

// app is the whole system in one bubble: the Functions host, the handlers and
// the real SDK clients over the development Azure.
type app struct {
	t      *testing.T
	azure  *emulator.Azure
	worker *host.InProcess
	host   *host.Host
	bus    *azservicebus.Client
	ids    atomic.Int64
	// afterPOST runs when ARM has answered a POST and before the handler
	// hears of it.
	afterPOST atomic.Pointer[func()]
	once      once
	// overwrote is told of each restore that ARM accepts, with its target and
	// the row of its job, if set.
	overwrote func(target string, row map[string]any)
	// between stands between the clients and Azure, if set.
	between func(service string, next policy.Transporter) policy.Transporter
	// settings are the app settings that the plan names.
	settings map[string]string
}

func (a *app) setting(name string) string { return a.settings[name] }

// storageRetry is as the deployed binary has it.
var storageRetry = policy.RetryOptions{MaxRetries: 3, RetryDelay: 400 * time.Millisecond, MaxRetryDelay: 5 * time.Second, TryTimeout: 20 * time.Second}

const inProcess = "http://storage.invalid"

const samples = "/subscriptions/" + emulator.SampleSubscription + "/resourceGroups/" + emulator.SampleGroup + "/providers/Microsoft.ApiManagement/service/"

func samplePlan(t testing.TB, services ...string) *plan.Plan {
	t.Helper()
	var text strings.Builder
	text.WriteString("version: 1\ndefaults: {storageAccount: stbackups, container: apim, schedule: 0 0 1 * * *, jitter: 10m}\nservices:\n")
	for _, s := range services {
		fmt.Fprintf(&text, "  %s: {resourceId: %s%s}\n", s, samples, s)
	}
	p, err := plan.Parse("e2e.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// start puts the system together and starts it. Its log goes to the test's.
func start(t *testing.T, p *plan.Plan, services []arm.Service) *app {
	t.Helper()
	a := &app{t: t, azure: emulator.New(emulator.Options{Services: services, Account: "stbackups"})}
	a.deploy(p)
	return a
}

// deploy starts the app in its Azure.
func (a *app) deploy(p *plan.Plan) {
	t := a.t
	t.Helper()
	log := slog.New(functions.LogHandler(slog.NewTextHandler(t.Output(), nil)))
	a.worker = host.NewInProcess(handlers.New(a.engine(p, log), log, admitting(everybody)))
	functionApp, err := host.Load(root, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	a.host = host.New(functionApp, host.Options{Worker: a.worker, Queues: a.azure.Queues(), Log: slog.New(slog.DiscardHandler)})
	if err := a.host.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (a *app) engine(p *plan.Plan, log *slog.Logger) *recovery.Engine {
	must := func(err error) {
		a.t.Helper()
		if err != nil {
			a.t.Fatal(err)
		}
	}
	var err error
	a.bus, err = a.azure.BusClient(&azservicebus.ClientOptions{RetryOptions: servicebus.Retry})
	must(err)
	around := a.between
	if around == nil {
		around = func(_ string, next policy.Transporter) policy.Transporter { return next }
	}
	tables, err := aztables.NewServiceClientFromConnectionString(a.azure.Storage.ConnectionString(inProcess, inProcess), &aztables.ClientOptions{
		ClientOptions: policy.ClientOptions{Retry: storageRetry, Transport: around(emulator.ServiceTable, a.azure.TableTransport())},
	})
	must(err)
	table := tables.NewClient(emulator.StateTable)
	blobs, err := azblob.NewClientFromConnectionString(a.azure.Storage.ConnectionString(inProcess, inProcess), &azblob.ClientOptions{
		ClientOptions: policy.ClientOptions{Retry: storageRetry, Transport: around(emulator.ServiceBlob, a.azure.BlobTransport())},
	})
	must(err)
	audience := cloud.AzurePublic.Services[cloud.ResourceManager].Audience
	client, err := apim.New(apim.Options{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: emulator.InProcessARM, Audience: audience},
		}},
		Credential: a.azure.Credential(),
		PlainHTTP:  true,
		Transport:  intents{a, around(emulator.ServiceARM, posts{a, a.azure.ARMTransport()})},
		Gateways:   a.azure.GatewayTransport(),
		Secret:     a.setting,
	})
	must(err)
	return &recovery.Engine{
		Plan: p, Store: tablestore.New(table), Table: "e2e", ARM: client, Queue: appQueues{servicebus.New(a.bus)}, Log: log, Parallel: 8,
		Blobs: blobstore.New(func(string) (*service.Client, error) { return blobs.ServiceClient(), nil }),
		NewID: func() string { return fmt.Sprintf("id-%d", a.ids.Add(1)) },
	}
}

// appQueues refuses what the app's roles refuse: only people may send approvals.
type appQueues struct{ recovery.Sender }

func (q appQueues) Send(ctx context.Context, m job.Message) error {
	if m.Queue == emulator.ApprovalQueue {
		return errors.New("unauthorized: the app may not send to " + m.Queue)
	}
	return q.Sender.Send(ctx, m)
}

// intents judges every POST that leaves the client.
type intents struct {
	app  *app
	next policy.Transporter
}

func (i intents) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		i.app.intended("sent", r.URL.Path)
	}
	return i.next.Do(r)
}

// posts tells the app when ARM took a POST.
type posts struct {
	app  *app
	next policy.Transporter
}

func (p posts) Do(r *http.Request) (*http.Response, error) {
	answer, err := p.next.Do(r)
	if r.Method == http.MethodPost && err == nil && answer.StatusCode == http.StatusAccepted {
		row := p.app.intended("accepted", r.URL.Path)
		if parts := strings.Split(r.URL.Path, "/"); p.app.overwrote != nil && row != nil && parts[len(parts)-1] == "restore" {
			p.app.overwrote(parts[len(parts)-2], row)
		}
	}
	if then := p.app.afterPOST.Load(); r.Method == http.MethodPost && then != nil {
		(*then)()
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
	}
	return answer, err
}

// stop ends everything, so that the bubble can end.
func (a *app) stop() {
	if err := a.host.Stop(context.Background()); err != nil {
		a.t.Errorf("stop the host: %v", err)
	}
	if err := a.bus.Close(context.Background()); err != nil {
		a.t.Errorf("close the Service Bus client: %v", err)
	}
	a.azure.Close()
}

// jobs reads the job rows of a service from the table, as anybody could.
func (a *app) jobs(service string) []map[string]any { return a.rows(service, "job|") }

// rows reads the rows of a kind from the table.
func (a *app) rows(service, kind string) []map[string]any {
	var found []map[string]any
	for _, row := range a.azure.Storage.Entities(emulator.StateTable) {
		if key, _ := row["RowKey"].(string); row["PartitionKey"] == service && strings.HasPrefix(key, kind) {
			found = append(found, row)
		}
	}
	return found
}

// checkNights expects one job a night of each service, all of them good.
func (a *app) checkNights(nights int, services ...string) {
	a.t.Helper()
	for _, s := range services {
		jobs := a.jobs(s)
		if len(jobs) != nights {
			a.t.Errorf("%s has %d jobs, want %d", s, len(jobs), nights)
		}
		for _, j := range jobs {
			if j["State"] != "Succeeded" {
				a.t.Errorf("%s: %v %v %v", j["RowKey"], j["State"], j["Code"], j["Message"])
			}
		}
	}
	a.checkBlobs(nights * len(services))
	operations := a.azure.ARM.Operations()
	if len(operations) != nights*len(services) {
		a.t.Errorf("%d operations, want %d", len(operations), nights*len(services))
	}
	if err := arm.Overlap(operations); err != nil {
		a.t.Error(err)
	}
	if active, scheduled, dead := a.azure.Broker.Counts(emulator.StepQueue); active+scheduled+dead != 0 {
		a.t.Errorf("%d messages active, %d scheduled, %d dead", active, scheduled, dead)
	}
	for _, row := range a.azure.Storage.Entities(emulator.StateTable) {
		if row["RowKey"] == "lease" {
			a.t.Errorf("lease left behind: %v", row)
		}
	}
}

// checkBlobs expects a sidecar beside each backup that tells the truth.
func (a *app) checkBlobs(want int) {
	a.t.Helper()
	sizes := map[string]int64{}
	for _, b := range a.azure.Storage.ListBlobs("apim", "") {
		sizes[b.Name] = int64(b.Size)
	}
	backups := 0
	for name, size := range sizes {
		if !strings.HasSuffix(name, ".apimbackup") {
			continue
		}
		backups++
		body, _, err := a.azure.Storage.GetBlob("apim", name+".lifeboat.json")
		if err != nil {
			a.t.Errorf("backup %s has no sidecar: %v", name, err)
			continue
		}
		var sidecar struct {
			Blob string
			Size int64
		}
		if err := json.Unmarshal(body, &sidecar); err != nil || sidecar.Blob != name || sidecar.Size != size {
			a.t.Errorf("sidecar of %s (%d bytes) says %s, %v", name, size, body, err)
		}
	}
	if backups != want {
		a.t.Errorf("%d backups in the container, want %d", backups, want)
	}
}

// Three nights with the real SDK clients: the first is ordinary, in the second
// one message is lost and one doubled, in the third the handler dies between
// ARM's acceptance and the save.
func TestThreeNights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A bubble begins at midnight; the plan's night is at one. The newest
		// occurrence before that is caught up, and counts as the first night.
		a := start(t, samplePlan(t, "apim-weu", "apim-neu"), emulator.SampleServices())
		defer a.stop()
		time.Sleep(59 * time.Minute)
		a.checkNights(1, "apim-weu", "apim-neu")

		a.azure.Broker.SetHook(loseThirdDoubleFifth())
		time.Sleep(24 * time.Hour)
		a.checkNights(2, "apim-weu", "apim-neu")
		a.azure.Broker.SetHook(nil)

		var deaths atomic.Int64
		die := func() {
			if deaths.Add(1) <= 2 {
				a.worker.Restart()
			}
		}
		a.afterPOST.Store(&die)
		time.Sleep(24 * time.Hour)
		a.checkNights(3, "apim-weu", "apim-neu")
		if deaths.Load() == 0 {
			t.Error("the handler did not die")
		}
	})
}

// Every part of Azure is away for an hour: jobs end late, none is lost and
// nothing becomes a dead letter.
func TestAnHourWithoutAzure(t *testing.T) {
	for _, away := range []string{emulator.ServiceARM, emulator.ServiceTable, emulator.ServiceBlob, "servicebus"} {
		for name, begin := range map[string]time.Duration{"before the start": 55 * time.Minute, "during the backup": 72 * time.Minute} {
			t.Run(away+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := start(t, samplePlan(t, "apim-weu"), emulator.SampleServices())
					defer a.stop()
					time.Sleep(begin)
					back := a.away(away)
					time.Sleep(time.Hour)
					back()
					time.Sleep(4 * time.Hour)
					a.checkNights(2, "apim-weu")
				})
			})
		}
	}
}

// What the handler can't understand becomes evidence; the rest goes on.
func TestBadInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, samplePlan(t, "apim-weu"), emulator.SampleServices())
		defer a.stop()
		sender, err := a.bus.NewSender(emulator.StepQueue, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{
			"hello", `{}`, `{"schema":1,"service":"apim-weu","job":"nobody","revision":1}`,
			`{"schema":1,"service":"apim-weu","job":"x","revision":1,"storageAccount":"evil"}`,
		} {
			if err := sender.SendMessage(t.Context(), &azservicebus.Message{Body: []byte(body)}, nil); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(59 * time.Minute)
		if _, _, dead := a.azure.Broker.Counts(emulator.StepQueue); dead != 0 {
			t.Errorf("%d dead letters just sit there", dead)
		}
		if notices := a.rows("_", "notice|"); len(notices) != 4 {
			t.Errorf("%d notices, want one of each message that nobody understands: %v", len(notices), notices)
		}
		if jobs := a.jobs("apim-weu"); len(jobs) != 1 || jobs[0]["State"] != "Succeeded" {
			t.Errorf("jobs = %v", jobs)
		}
		if err := sender.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A prompt from a newer version waits for it.
func TestANewerPromptIsPostponed(t *testing.T) {
	for queue, body := range map[string]string{
		emulator.StepQueue:   `{"schema":2,"service":"apim-weu","job":"new","revision":1,"mood":"new"}`,
		emulator.NoticeQueue: `{"schema":2,"service":"apim-weu","notice":"new","attempt":0,"firstSeen":"2026-03-01T00:00:00Z","mood":"new"}`,
	} {
		t.Run(queue, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { postponed(t, queue, body) })
		})
	}
}

// postponed checks that a message is delivered once and scheduled again.
func postponed(t *testing.T, queue, body string) {
	a := start(t, samplePlan(t, "apim-weu"), emulator.SampleServices())
	defer a.stop()
	time.Sleep(50 * time.Minute)
	sender, err := a.bus.NewSender(queue, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.SendMessage(t.Context(), &azservicebus.Message{Body: []byte(body)}, nil); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Second)
	if active, scheduled, dead := a.azure.Broker.Counts(queue); active != 0 || scheduled != 1 || dead != 0 {
		t.Errorf("%d active, %d scheduled, %d dead, want one scheduled", active, scheduled, dead)
	}
	if notices := a.rows("_", "notice|"); len(notices) != 0 {
		t.Errorf("told of %v, want nothing", notices)
	}
	if err := sender.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRequestsOfOneBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		services := emulator.SampleServices()
		services[0].BackupDuration = 10 * time.Minute
		services[0].RetryAfter = time.Minute
		a := start(t, samplePlan(t, "apim-weu"), services)
		defer a.stop()
		time.Sleep(59 * time.Minute)
		polls, lists, table := 0, 0, 0
		for _, r := range a.azure.Tap.Requests() {
			switch {
			case r.Service == emulator.ServiceARM && strings.Contains(r.Path, "operationresults"):
				polls++
			case r.Service == emulator.ServiceARM && r.Method == http.MethodGet:
				lists++
			case r.Service == emulator.ServiceTable:
				table++
			}
		}
		got := a.azure.Requests()
		t.Logf("1 backup of 10 minutes: %d POST, %d polls, %d other ARM reads, %d Service Bus sends, %d table requests with an hour of timers", got.ARMPost, polls, lists, got.ServiceBusSend, table)
		if got.ARMPost != 1 || polls > 11 || lists > 5 {
			t.Errorf("%d POST, %d polls, %d other reads, want 1, at most 11, at most 5", got.ARMPost, polls, lists)
		}
	})
}
