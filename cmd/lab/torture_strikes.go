package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/host"
	esb "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/emulator/wire"
)

// moment says when a strike comes.
type moment string

const (
	before   moment = "before"   // the request has left the process, and nothing was done
	after    moment = "after"    // it was done, and the process never hears of it
	answered moment = "answered" // the invocation's answer has left the process
	anytime  moment = "anytime"  // whatever goes on
)

// strikes kills the handler at chosen requests. The requests themselves choose:
// a kind that was struck least is struck first, but never more than every
// second request of a kind, or nothing would get done.
type strikes struct {
	kill func() // returns when the process is gone and the next one is starting

	mu    sync.Mutex
	rng   *rand.Rand
	armed time.Time // zero: no strike is wanted
	met   map[string]int
	// stormed are those of met that came while there were strikes.
	stormed map[string]int
	hit     map[string]map[moment]int
	total   int
	said    []string            // messages that were sent
	posts   map[string][]posted // POSTs to ARM, by service and action
}

// posted is a POST to ARM that arrived, whatever became of it.
type posted struct {
	blob string // that it named
	at   time.Time
}

func newStrikes(seed uint64) *strikes {
	return &strikes{rng: rand.New(rand.NewPCG(seed, 0)), met: map[string]int{}, hit: map[string]map[moment]int{}, posts: map[string][]posted{}}
}

// choosy is how long a strike waits until any kind will do.
const choosy = 700 * time.Millisecond

// arm asks for one strike.
func (k *strikes) arm() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.armed = time.Now()
}

// disarm takes that back. It reports whether the strike has not come.
func (k *strikes) disarm() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	wanted := !k.armed.IsZero()
	k.armed = time.Time{}
	return wanted
}

// over says that there will be no more strikes.
func (k *strikes) over() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stormed = maps.Clone(k.met)
}

// done is how many strikes there were.
func (k *strikes) done() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.total
}

// strikes reports whether a request that just came is struck, and when. Then
// it is counted: whoever asked must kill.
func (k *strikes) strikes(kind string, when ...moment) (moment, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.met[kind]++
	if k.armed.IsZero() || k.of(kind) > k.met[kind]/2 || k.of(kind) > k.allowed(time.Since(k.armed)) {
		return "", false
	}
	k.armed = time.Time{}
	at := when[k.rng.IntN(len(when))]
	for _, w := range when {
		if k.hit[kind][w] < k.hit[kind][at] {
			at = w
		}
	}
	k.count(kind, at)
	return at, true
}

// of is how often a kind was struck.
func (k *strikes) of(kind string) (n int) {
	for _, hits := range k.hit[kind] {
		n += hits
	}
	return n
}

// allowed is how often a kind may have been struck already to be struck now: at
// first as often as the rarest, and the longer a strike has waited the more, or
// kinds that hardly ever come would keep all others from their turn.
func (k *strikes) allowed(waited time.Duration) int {
	var hits []int
	for kind := range k.met {
		hits = append(hits, k.of(kind))
	}
	slices.Sort(hits)
	return hits[min(len(hits)-1, int(waited*time.Duration(len(hits))/choosy))]
}

func (k *strikes) count(kind string, at moment) {
	if k.hit[kind] == nil {
		k.hit[kind] = map[moment]int{}
	}
	k.hit[kind][at]++
	k.total++
}

// now kills at whatever moment this is.
func (k *strikes) now() {
	k.mu.Lock()
	k.count("any moment", anytime)
	k.mu.Unlock()
	k.kill()
}

// watch puts k in the way of every request of the handler.
func (k *strikes) watch(a *emulator.Azure) {
	for _, service := range []string{emulator.ServiceARM, emulator.ServiceTable, emulator.ServiceBlob, emulator.ServiceGateway, receiverService} {
		k.watchHTTP(a.Tap, service)
	}
	a.Broker.SetHook(k.sent)
}

// watchHTTP uses two faults, for a fault has one kind: the first asks whether
// to strike, and both strike only requests of the chosen moment.
func (k *strikes) watchHTTP(tap *wire.Tap, service string) {
	type verdict struct{}
	chosen := sync.Map{} // requests that are struck afterwards
	tap.Inject(wire.Fault{Service: service, Kind: wire.Reset, Do: k.kill, Match: func(r *http.Request) bool {
		if service == emulator.ServiceARM && r.Method == http.MethodPost {
			k.arrived(r)
		}
		at, struck := k.strikes(requestKind(service, r), before, after)
		if struck && at == after {
			chosen.Store(r, verdict{})
		}
		return struck && at == before
	}})
	tap.Inject(wire.Fault{Service: service, Kind: wire.ResetAfter, Do: k.kill, Match: func(r *http.Request) bool {
		_, struck := chosen.LoadAndDelete(r)
		return struck
	}})
}

// arrived keeps which blob a POST to ARM names, and leaves the body as it was.
func (k *strikes) arrived(r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var target struct {
		Blob string `json:"backupName"`
	}
	if err != nil || json.Unmarshal(body, &target) != nil {
		return // ARM will say what it thinks of it
	}
	parts := strings.Split(r.URL.Path, "/")
	name := parts[len(parts)-2] + "/" + parts[len(parts)-1]
	k.mu.Lock()
	defer k.mu.Unlock()
	k.posts[name] = append(k.posts[name], posted{target.Blob, at})
}

// sent is the broker's hook. The dead don't hear what becomes of a message, so
// it may be done after the kill as well as before.
func (k *strikes) sent(op esb.Op) esb.Verdict {
	kind := busKind(op)
	if kind == "" {
		return esb.Proceed
	}
	k.mu.Lock()
	k.said = append(k.said, fmt.Sprintf("%s %s %v", op.Message.ID, op.Message.Body, op.Message.ApplicationProperties))
	k.mu.Unlock()
	at, struck := k.strikes(kind, before, after)
	if !struck {
		return esb.Proceed
	}
	k.kill()
	if at == before {
		return esb.DropBefore
	}
	return esb.DropAfter
}

// sentMessages are all messages that the handler sent.
func (k *strikes) sentMessages() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.said)
}

// ended hears of invocations.
func (k *strikes) ended(in host.Invocation) {
	if _, struck := k.strikes("end of "+in.Function, answered); struck {
		k.kill()
	}
}
