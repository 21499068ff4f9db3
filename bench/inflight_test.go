package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/handlers"
	"lifeboat/internal/emulator"
	"lifeboat/internal/recovery"
	"lifeboat/internal/recovery/recoverytest"
)

// endless is an ARM whose backups never end, and that keeps nothing of them.
type endless struct {
	retryAfter time.Duration
	posts      atomic.Int64
	polls      atomic.Int64
}

func (e *endless) Do(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	switch {
	case r.Method == http.MethodPost:
		e.posts.Add(1)
		answer.Header().Set("Location", emulator.InProcessARM+r.URL.Path+"/operationresults/one?api-version=2024-05-01")
		e.accept(answer)
	case strings.Contains(r.URL.Path, "/operationresults/"):
		e.polls.Add(1)
		e.accept(answer)
	default:
		answer.Header().Set("Content-Type", "application/json")
		fmt.Fprint(answer, `{"value":[]}`) // a list of what the service holds
	}
	result := answer.Result()
	result.Request = r
	return result, nil
}

func (e *endless) accept(w http.ResponseWriter) {
	w.Header().Set("Retry-After", fmt.Sprint(int(e.retryAfter.Seconds())))
	w.WriteHeader(http.StatusAccepted)
}

// anyToken is a credential that needs nobody.
type anyToken struct{}

func (anyToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

// BenchmarkInFlight is what n operations in flight cost a process: Lifeboat,
// where each is a row and a message, and a program with a goroutine for each in
// the SDK's PollUntilDone. Both talk to the same ARM through the same SDK.
// Memory is heap and stacks; CPU is of one poll, whose rate is the same.
func BenchmarkInFlight(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprintf("lifeboat/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				inLifeboat(b, n)
			}
			b.ReportMetric(0, "ns/op")
		})
		b.Run(fmt.Sprintf("poll-until-done/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				inGoroutines(b, n)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// inLifeboat starts n backups and lets one look at each follow. Then the table,
// the queue and the container, which are Azure's, go: what is still held is the
// process's own.
func inLifeboat(b *testing.B, n int) {
	now, ids, azure := nightBegin, 0, &endless{retryAfter: time.Minute}
	clock := func() time.Time { return now }
	waiting := &queue{now: clock}
	engine := &recovery.Engine{
		Plan: sampleFleet(b, n, everyNight+", jitter: 0s"), Queue: waiting, Log: quiet, Now: clock, Parallel: 1,
		ARM:   armClient(b, anyToken{}, azure),
		NewID: func() string { ids++; return fmt.Sprint("id", ids) },
	}
	sender := &replaced{Sender: waiting}
	engine.Queue = sender
	handler := handlers.New(engine, quiet)
	step := func() time.Duration {
		at, _ := waiting.next()
		now = later(now, at)
		p, err := recovery.DecodePrompt(waiting.take().Body)
		if err != nil {
			b.Fatal(err)
		}
		return invoke(b, handler, envelope(b, p, now))
	}
	memory, goroutines := held()
	effects := new(recoverytest.Effects)
	engine.Store, engine.Blobs = recoverytest.NewStore(effects), recoverytest.NewAzure(effects, clock)
	if err := engine.Schedule(b.Context()); err != nil {
		b.Fatal(err)
	}
	for azure.posts.Load() < int64(n) {
		step()
	}
	var cpu time.Duration
	polls := min(n, 1000)
	for range polls {
		cpu += step()
	}
	engine.Store, engine.Blobs, effects = nil, nil, nil
	waiting, sender.Sender = nil, nil
	reportHeld(b, n, memory, goroutines)
	b.ReportMetric(float64(cpu.Microseconds())/float64(polls), "cpu-µs/poll")
	runtime.KeepAlive(handler)
	runtime.KeepAlive(engine)
}

// replaced is a Sender that can be let go.
type replaced struct{ recovery.Sender }

// invoke runs one invocation and says what CPU it took.
func invoke(b *testing.B, h http.Handler, body string) time.Duration {
	b.Helper()
	request := httptest.NewRequest(http.MethodPost, "/JobStep", strings.NewReader(body))
	recorder := httptest.NewRecorder()
	before := cpuTime(b)
	h.ServeHTTP(recorder, request)
	cpu := cpuTime(b) - before
	if recorder.Code != http.StatusOK {
		b.Fatalf("answer %d: %s", recorder.Code, recorder.Body)
	}
	return cpu
}

func reportHeld(b *testing.B, n int, memory int64, goroutines int) {
	b.Helper()
	m, g := held()
	b.ReportMetric(float64(m-memory)/1024, "held-KiB")
	b.ReportMetric(float64(m-memory)/float64(n), "held-B/operation")
	b.ReportMetric(float64(g-goroutines), "goroutines")
}

// inGoroutines starts n backups and waits for each in a goroutine of its own;
// ARM says to look again after a second, so that there is something to measure.
func inGoroutines(b *testing.B, n int) {
	azure := &endless{retryAfter: time.Second}
	client, err := armapimanagement.NewServiceClient(emulator.SampleSubscription, anyToken{}, &arm.ClientOptions{ClientOptions: policy.ClientOptions{
		Cloud: publicARM(), InsecureAllowCredentialWithHTTP: true, Transport: azure, Retry: policy.RetryOptions{MaxRetries: -1},
	}, DisableRPRegistration: true})
	if err != nil {
		b.Fatal(err)
	}
	memory, goroutines := held()
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { untilDone(ctx, b, client, i) })
	}
	reach(b, &azure.polls, int64(n))
	reportHeld(b, n, memory, goroutines)
	first, before := azure.polls.Load(), cpuTime(b)
	reach(b, &azure.polls, first+2*int64(n))
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(azure.polls.Load()-first), "cpu-µs/poll")
	cancel()
	running.Wait()
}

func untilDone(ctx context.Context, b *testing.B, client *armapimanagement.ServiceClient, i int) {
	poller, err := client.BeginBackup(ctx, emulator.SampleGroup, serviceName(i), armapimanagement.ServiceBackupRestoreParameters{
		BackupName: to.Ptr("backup"), ContainerName: to.Ptr("apim"), StorageAccount: to.Ptr("stbackups"),
		AccessType: to.Ptr(armapimanagement.AccessTypeSystemAssignedManagedIdentity),
	}, nil)
	if err != nil {
		b.Error(err)
		return
	}
	if _, err := poller.PollUntilDone(ctx, nil); err == nil {
		b.Error("an operation that never ends has ended")
	}
}

func reach(b *testing.B, count *atomic.Int64, want int64) {
	b.Helper()
	for begun := time.Now(); count.Load() < want; time.Sleep(100 * time.Millisecond) {
		if time.Since(begun) > 5*time.Minute {
			b.Fatalf("%d polls after five minutes, want %d", count.Load(), want)
		}
	}
}
