package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/handlers"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/tablestore"
)

// The next version is today's with a policy on its table client: whatever row
// it writes has schema 2 and one property more, and it reads rows of both.
const (
	nextSchema   = 2
	nextProperty = "Mood"
)

// nextVersion is that policy.
type nextVersion struct{}

func (nextVersion) Do(r *policy.Request) (*http.Response, error) {
	if body := r.Body(); body != nil {
		sent, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if err := r.SetBody(streaming.NopCloser(bytes.NewReader(asNext(sent))), r.Raw().Header.Get("Content-Type")); err != nil {
			return nil, err
		}
	}
	answer, err := r.Next()
	if err != nil || r.Raw().Method != http.MethodGet {
		return answer, err
	}
	got, err := runtime.Payload(answer)
	if newerSchema.Match(got) {
		answer.Body = io.NopCloser(bytes.NewReader(newerSchema.ReplaceAll(got, []byte(`"Schema":1`))))
	}
	return answer, err
}

var newerSchema = regexp.MustCompile(`"Schema":\s*2\b`)

// asNext rewrites the rows of a request, each of which stands on a line of its
// own, alone or in a transaction.
func asNext(body []byte) []byte {
	lines := bytes.Split(body, []byte("\n"))
	for i, line := range lines {
		var row map[string]any
		if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &row) != nil || row["RowKey"] == nil {
			continue
		}
		row["Schema"], row[nextProperty] = nextSchema, "new"
		end := line[len(bytes.TrimRight(line, "\r")):]
		changed, err := json.Marshal(row)
		if err != nil {
			panic(err) // it was JSON
		}
		lines[i] = append(changed, end...)
	}
	return bytes.Join(lines, []byte("\n"))
}

// turn says which version takes what the host has to do.
type turn int

const (
	oldOnly turn = iota
	newOnly
	either // at random
)

// pair is a worker of two versions, as the instances of an app that is being
// upgraded.
type pair struct {
	old, new *host.InProcess

	mu   sync.Mutex
	turn turn
	rand *rand.Rand
}

func (p *pair) pick() *host.InProcess {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.turn == newOnly || p.turn == either && p.rand.IntN(2) == 0 {
		return p.new
	}
	return p.old
}

// let gives the turn to others; who had it dies with all that it is doing.
func (p *pair) let(t turn) {
	p.mu.Lock()
	p.turn = t
	p.mu.Unlock()
	switch t {
	case oldOnly:
		p.new.Restart()
	case newOnly:
		p.old.Restart()
	}
}

func (p *pair) Start(ctx context.Context) error {
	if err := p.old.Start(ctx); err != nil {
		return err
	}
	return p.new.Start(ctx)
}

func (p *pair) Do(ctx context.Context, function, invocation string, envelope []byte) (host.Answer, error) {
	return p.pick().Do(ctx, function, invocation, envelope)
}

func (p *pair) Forward(r *http.Request) (*http.Response, error) { return p.pick().Forward(r) }

func (p *pair) Restart() { p.old.Restart(); p.new.Restart() }

func (p *pair) Stop() { p.old.Stop(); p.new.Stop() }

func (p *pair) Failed() <-chan error { return nil }

// twoVersions is an app that runs in both versions.
type twoVersions struct {
	*app
	pair *pair
	log  *journal // of the old version
	// wrote is called after each write to the table, by whichever version.
	wrote atomic.Pointer[func()]
}

func startVersions(t *testing.T, p *plan.Plan, services []arm.Service, seed uint64) *twoVersions {
	t.Helper()
	v := &twoVersions{app: &app{t: t, azure: emulator.New(emulator.Options{Services: services})}, log: &journal{}}
	logOf := func(w io.Writer) *slog.Logger { return slog.New(functions.LogHandler(slog.NewTextHandler(w, nil))) }
	old := v.engine(p, logOf(v.log))
	old.Store = v.store(watched{v})
	next := *old
	next.Log = logOf(io.Discard)
	next.Store = v.store(watched{v}, nextVersion{})
	v.pair = &pair{
		old: host.NewInProcess(handlers.New(old, old.Log)), new: host.NewInProcess(handlers.New(&next, next.Log)),
		rand: rand.New(rand.NewPCG(seed, 0)),
	}
	v.serve(v.pair)
	return v
}

// serve starts the host over worker. Each of change may change its functions.
func (a *app) serve(worker host.Worker, change ...func(*host.Function)) {
	a.t.Helper()
	functionApp, err := host.Load(root, func(string) string { return "" })
	if err != nil {
		a.t.Fatal(err)
	}
	for i := range functionApp.Functions {
		for _, c := range change {
			c(&functionApp.Functions[i])
		}
	}
	a.host = host.New(functionApp, host.Options{Worker: worker, Queues: a.azure.Queues(), Log: slog.New(slog.DiscardHandler)})
	if err := a.host.Start(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

func (v *twoVersions) store(policies ...policy.Policy) recovery.Store {
	options := &aztables.ClientOptions{}
	options.PerCallPolicies = policies
	client, err := v.azure.TableClient(options)
	if err != nil {
		v.t.Fatal(err)
	}
	return tablestore.New(client)
}

// watched tells of each write.
type watched struct{ v *twoVersions }

func (w watched) Do(r *policy.Request) (*http.Response, error) {
	answer, err := r.Next()
	if wrote := w.v.wrote.Load(); wrote != nil && r.Raw().Method != http.MethodGet {
		(*wrote)()
		if err := r.Raw().Context().Err(); err != nil {
			return nil, err
		}
	}
	return answer, err
}

// journal keeps a log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) lines(with string) (found []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		if strings.Contains(line, with) {
			found = append(found, line)
		}
	}
	return found
}

// newer are the rows that only the next version can read, by their keys.
func (a *app) newer() map[string]map[string]any {
	found := map[string]map[string]any{}
	for _, row := range a.azure.Storage.Entities(emulator.StateTable) {
		if fmt.Sprint(row["Schema"]) == fmt.Sprint(nextSchema) {
			found[fmt.Sprint(row["PartitionKey"], "/", row["RowKey"])] = row
		}
	}
	return found
}

// untouched reports the rows of before that have changed since, or are gone.
// The moves of older jobs are merged into their service's row unread: there
// what makes the row newer must stay, and nothing may be gone.
func (a *app) untouched(before map[string]map[string]any) {
	a.t.Helper()
	now := a.newer()
	for key, row := range before {
		same := func(x, y any) bool { return fmt.Sprint(x) == fmt.Sprint(y) }
		if strings.HasSuffix(key, "/service") && same(row[nextProperty], now[key][nextProperty]) && len(now[key]) >= len(row) {
			continue
		}
		if !maps.EqualFunc(row, now[key], same) {
			a.t.Errorf("%v: the old version has changed row %s\nfrom %v\nto   %v", time.Now(), key, row, now[key])
		}
	}
}
