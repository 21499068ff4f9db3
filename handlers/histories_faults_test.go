package handlers_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/servicebus"
)

// fates decides what befalls each request. The n-th request of one kind meets
// the same fate in every run of one seed, whatever runs beside it.
type fates struct {
	seed uint64
	rate float64 // of requests that meet a fault
	on   atomic.Bool

	mu    sync.Mutex
	seen  map[string]int
	kinds map[string]int // of faults, by what they hit and what they are

	leaked atomic.Pointer[string] // a host that an ARM token was sent to

	broker *servicebus.Broker
	held   map[string]servicebus.Message // by queue: they come after the next one

	frozen map[string]bool // backups that storage once let nobody read or change, or their sidecars
}

func newFates(seed uint64, rate float64) *fates {
	return &fates{seed: seed, rate: rate, seen: map[string]int{}, kinds: map[string]int{}, held: map[string]servicebus.Message{}, frozen: map[string]bool{}}
}

// draw is the dice for one more event of a kind.
func (f *fates) draw(kind string) *rand.Rand {
	f.mu.Lock()
	n := f.seen[kind]
	f.seen[kind]++
	f.mu.Unlock()
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, kind, "/", n)
	return rand.New(rand.NewPCG(f.seed, h.Sum64()))
}

// strikes reports whether one more event of a kind meets a fault.
func (f *fates) strikes(kind string) (*rand.Rand, bool) {
	dice := f.draw(kind)
	return dice, f.on.Load() && dice.Float64() < f.rate
}

func (f *fates) count(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kinds[what]++
}

func (f *fates) counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.kinds)
}

// freeze notes that storage let nobody read or change a blob.
func (f *fates) freeze(blob string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen[strings.TrimSuffix(blob, sidecarSuffix)] = true
}

// sidecarSuffix is what a backup's sidecar is called beside it.
const sidecarSuffix = ".lifeboat.json"

func (f *fates) froze(backup string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.frozen[backup]
}

func (f *fates) around(service string, next policy.Transporter) policy.Transporter {
	return fated{f, service, next}
}

// fated is a transport with a fate.
type fated struct {
	*fates
	service string
	next    policy.Transporter
}

// random is what a name has of chance.
var random = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|-a\d+-[0-9a-f]{6}`)

func (f fated) Do(r *http.Request) (*http.Response, error) {
	if f.service == emulator.ServiceARM && r.URL.Host != "arm.invalid" {
		f.leaked.Store(&r.URL.Host)
		return nil, fmt.Errorf("no such host %s", r.URL.Host)
	}
	dice, struck := f.strikes(f.service + " " + r.Method + " " + random.ReplaceAllString(r.URL.Path, "…"))
	if !struck {
		return f.next.Do(r)
	}
	all := faultsOf(f.service, r)
	fault := all[dice.IntN(len(all))]
	f.count(f.service + " " + fault.name)
	if f.service == emulator.ServiceBlob && fault.name == "409" {
		f.freeze(path.Base(r.URL.Path))
	}
	return fault.do(r, f.next, dice)
}

// fault is one way in which a request goes wrong.
type fault struct {
	name string
	do   func(r *http.Request, next policy.Transporter, dice *rand.Rand) (*http.Response, error)
}

// faultsOf are those that r can meet.
func faultsOf(service string, r *http.Request) []fault {
	all := append([]fault{}, faultsOfAll...)
	switch {
	case service == emulator.ServiceARM && r.Method == http.MethodPost:
		return append(all, slices.Repeat(faultsOfPosts, 4)...) // there are few POSTs
	case service == emulator.ServiceARM && strings.Contains(r.URL.Path, "operation"):
		return append(all, instead("404", http.StatusNotFound, `{"error":{"code":"NotFound","message":"The operation is not there."}}`), errorIn200)
	case service == emulator.ServiceARM:
		return append(all, errorIn200)
	case service == emulator.ServiceTable && strings.HasSuffix(r.URL.Path, "$batch"):
		return append(all, inBatch(http.StatusPreconditionFailed, "UpdateConditionNotSatisfied"), inBatch(http.StatusConflict, "EntityTooLarge"), inBatch(http.StatusInternalServerError, "OperationTimedOut"))
	case service == emulator.ServiceTable && r.Method != http.MethodGet:
		return append(all, instead("412", http.StatusPreconditionFailed, odata("UpdateConditionNotSatisfied")), instead("404", http.StatusNotFound, odata("TableBeingDeleted")))
	case service == emulator.ServiceTable:
		return append(all, tableErrorIn200)
	case service == emulator.ServiceBlob && r.Method == http.MethodHead:
		return append(all, instead("404", http.StatusNotFound, "", "x-ms-error-code", "BlobNotFound"))
	}
	return append(all, instead("409", http.StatusConflict, "", "x-ms-error-code", "BlobBeingRehydrated"), instead("412", http.StatusPreconditionFailed, "", "x-ms-error-code", "ConditionNotMet"))
}

var faultsOfAll = append(throttles(),
	instead("500", http.StatusInternalServerError, "<html>oops</html>"),
	instead("502", http.StatusBadGateway, ""),
	instead("503", http.StatusServiceUnavailable, `{"error":{"code":"ServerBusy"}}`, "Retry-After", "5"),
	instead("504", http.StatusGatewayTimeout, ""),
	instead("408", http.StatusRequestTimeout, ""),
	fault{"reset before", func(r *http.Request, _ policy.Transporter, _ *rand.Rand) (*http.Response, error) {
		return nil, reset(r)
	}},
	fault{"reset after", func(r *http.Request, next policy.Transporter, _ *rand.Rand) (*http.Response, error) {
		if answer, err := next.Do(r); err == nil {
			_ = answer.Body.Close()
		}
		return nil, reset(r)
	}},
	fault{"503 after", func(r *http.Request, next policy.Transporter, _ *rand.Rand) (*http.Response, error) {
		if answer, err := next.Do(r); err == nil {
			_ = answer.Body.Close()
		}
		return reply(r, http.StatusServiceUnavailable, ""), nil
	}},
	fault{"body cut short", func(r *http.Request, next policy.Transporter, dice *rand.Rand) (*http.Response, error) {
		answer, err := next.Do(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(answer.Body)
		if len(body) > 0 {
			body = body[:dice.IntN(len(body))]
		}
		answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{}))
		return answer, err
	}},
)

// throttles are the forms in which Azure, or a gateway before it, says when to
// come back.
func throttles() []fault {
	const body = `{"error":{"code":"TooManyRequests","message":"Slow down."}}`
	all := []fault{instead("429 without a time", http.StatusTooManyRequests, body)}
	for name, header := range map[string][]string{
		"in seconds": {"Retry-After", "17"}, "as a date": {"Retry-After", "Sat, 01 Jan 2000 02:00:00 GMT"}, "in ms": {"x-ms-retry-after-ms", "1500"}, "of zero": {"Retry-After", "0"},
		"absurd": {"Retry-After", "99999999999999999999"}, "in years": {"Retry-After", "400000000"}, "negative": {"Retry-After", "-30"}, "in words": {"Retry-After", "soon"},
	} {
		all = append(all, instead("429 "+name, http.StatusTooManyRequests, body, header...))
	}
	// A map has no order, and fates need one.
	slices.SortFunc(all, func(a, b fault) int { return strings.Compare(a.name, b.name) })
	return all
}

var faultsOfPosts = []fault{
	instead("409", http.StatusConflict, `{"error":{"code":"ServiceLocked","message":"The service is being updated."}}`),
	instead("404", http.StatusNotFound, `{"error":{"code":"ResourceNotFound","message":"There is no such service."}}`),
	instead("412", http.StatusPreconditionFailed, `{"error":{"code":"PreconditionFailed","message":"No."}}`),
	{"Location elsewhere", func(r *http.Request, next policy.Transporter, _ *rand.Rand) (*http.Response, error) {
		answer, err := next.Do(r)
		if err == nil {
			for name, values := range answer.Header {
				answer.Header[name] = []string{strings.Replace(values[0], "http://arm.invalid", "https://arm.evil.example", 1)}
			}
		}
		return answer, err
	}},
	{"no Location", func(r *http.Request, next policy.Transporter, _ *rand.Rand) (*http.Response, error) {
		answer, err := next.Do(r)
		if err == nil {
			answer.Header.Del("Location")
			answer.Header.Del("Azure-AsyncOperation")
		}
		return answer, err
	}},
}

var (
	errorIn200      = instead("200 with an error", http.StatusOK, `{"error":{"code":"InternalServerError","message":"Try again later."}}`)
	tableErrorIn200 = instead("200 with an error", http.StatusOK, odata("InternalError"))
)

func odata(code string) string {
	return `{"odata.error":{"code":"` + code + `","message":{"lang":"en-US","value":"0:Something.\nRequestId:x"}}}`
}

// inBatch is a 202 to a transaction with a refusal inside.
func inBatch(status int, code string) fault {
	return fault{fmt.Sprintf("202 with %d inside", status), func(r *http.Request, _ policy.Transporter, _ *rand.Rand) (*http.Response, error) {
		drop(r)
		inner := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n\r\n%s\r\n", status, http.StatusText(status), odata(code))
		body := "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" + inner + "--c--\r\n\r\n--b--\r\n"
		answer := reply(r, http.StatusAccepted, body)
		answer.Header.Set("Content-Type", "multipart/mixed; boundary=b")
		return answer, nil
	}}
}

// instead is an answer that comes from nobody who did anything.
func instead(name string, status int, body string, header ...string) fault {
	return fault{name, func(r *http.Request, _ policy.Transporter, _ *rand.Rand) (*http.Response, error) {
		drop(r)
		answer := reply(r, status, body)
		for i := 0; i+1 < len(header); i += 2 {
			answer.Header.Set(header[i], header[i+1])
		}
		return answer, nil
	}}
}

func reply(r *http.Request, status int, body string) *http.Response {
	if r.Method == http.MethodHead {
		body = ""
	}
	return &http.Response{
		Status: fmt.Sprint(status, " ", http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{textproto.CanonicalMIMEHeaderKey("Content-Type"): {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func drop(r *http.Request) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

func reset(r *http.Request) error {
	drop(r)
	return fmt.Errorf("%s %s: connection reset by peer: %w", r.Method, r.URL.Path, io.ErrUnexpectedEOF)
}

// failing is the end of a body that was cut short.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// bus judges what is sent to Service Bus.
func (f *fates) bus(op servicebus.Op) servicebus.Verdict {
	dice, struck := f.strikes("bus " + string(op.Kind) + " " + op.Queue)
	if !struck {
		f.release(op)
		return servicebus.Proceed
	}
	f.release(op)
	all := []struct {
		name    string
		verdict servicebus.Verdict
	}{
		{"connection cut before", servicebus.DropBefore},
		{"connection cut after", servicebus.DropAfter},
		{"link detached", servicebus.Fail("amqp:link:detach-forced", "The link is detached.")},
		{"server busy", servicebus.Fail("com.microsoft:server-busy", "Come back in a few seconds.")},
		{"timeout", servicebus.Fail("com.microsoft:timeout", "It took too long.")},
		{"internal error", servicebus.Fail("amqp:internal-error", "Something.")},
		{"message doubled", servicebus.Twice},
		{"message delayed by minutes", servicebus.Swallow},
		{"message delayed by hours", servicebus.Swallow},
		{"message out of order", servicebus.Swallow},
		{"message lost", servicebus.Swallow},
	}
	if op.Queue != emulator.StepQueue && op.Queue != emulator.NoticeQueue {
		all = all[:len(all)-1] // nobody would repeat it
	}
	chosen := all[dice.IntN(len(all))]
	f.count("bus " + chosen.name)
	switch chosen.name {
	case "message delayed by minutes":
		f.delay(op, time.Duration(1+dice.IntN(90))*time.Minute)
	case "message delayed by hours":
		f.delay(op, time.Duration(90+dice.IntN(210))*time.Minute)
	case "message out of order":
		f.hold(op)
	}
	return chosen.verdict
}
