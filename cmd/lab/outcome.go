package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/emulator/wire"
)

// outcome is what a scenario left behind, as Azure has it: nothing here comes
// from what the handler says of itself.
type outcome struct {
	services     []string
	jobs         []jobRow
	points       []pointRow
	blobs        map[string]int // sizes by name
	leases       []string       // services
	operations   []arm.Operation
	conflicts    int            // POSTs answered 409
	posts, polls map[string]int // by service
	dead         map[string]int // messages by queue
	requests     emulator.Requests

	incidents []incidentRow
	serving   map[string]serving // by standby
	contents  map[string]arm.Content
	hanging   string // the service whose operation is not to end

	invocations []host.Invocation
	decisions   map[string]bool // invocations that judged gates
	asked       notes           // when the scenario asked for what
	sent        sent            // what a torture asked for
	alerts      []alertRow      // of a torture

	notices  []noticeRow
	counters []counterRow
	health   map[string]healthRow // by service
	mail     inbox                // of the lab's receiver
	leaks    []string             // where a secret stands
	storm    storm
	silence  silenceNotes
	lost     lostNotes
	spare    int // reads of ARM that a story costs beside what is known
}

// observe reads everything. Call it when nothing runs any more.
func observe(a *emulator.Azure, services []string) outcome {
	o := outcome{
		services: services, jobs: jobRows(a), points: pointRows(a), leases: leaseRows(a),
		blobs: map[string]int{}, operations: a.ARM.Operations(), conflicts: a.ARM.Stats().Conflicts,
		posts: map[string]int{}, polls: map[string]int{}, requests: a.Requests(),
		dead: map[string]int{}, incidents: incidentRows(a), serving: servingRows(a), contents: map[string]arm.Content{},
		notices: noticeRows(a), counters: counterRows(a), health: healthRows(a),
	}
	for _, b := range a.Storage.ListBlobs(backupContainer, "") {
		o.blobs[b.Name] = b.Size
	}
	for _, s := range services {
		o.posts[s] = a.Tap.Count(func(r wire.Request) bool { return r.Method == http.MethodPost && about(r, s) })
		o.contents[s] = a.ARM.Content(s)
		o.polls[s] = a.Tap.Count(func(r wire.Request) bool { return about(r, s) && strings.Contains(r.Path, "/operationresults/") })
	}
	for _, queue := range queues {
		_, _, o.dead[queue] = a.Broker.Counts(queue)
	}
	return o
}

var queues = []string{emulator.StepQueue, emulator.RequestQueue, emulator.ApprovalQueue, emulator.NoticeQueue}

func about(r wire.Request, service string) bool {
	return r.Service == emulator.ServiceARM && strings.Contains(r.Path+"/", "/service/"+service+"/")
}

// sound is what must hold however a story ends.
func (o outcome) sound() []string {
	wrong := o.still()
	for _, j := range o.jobs {
		if j.kind == backupKind {
			wrong = append(wrong, o.kept(j)...)
		}
	}
	wrong = append(wrong, o.announced()...)
	return append(wrong, o.frugal()...)
}

// still is what must hold of what goes on, or has ended.
func (o outcome) still() []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, j := range o.jobs {
		if j.ended.IsZero() && j.service != o.hanging {
			bad("%s is still %s", j.id, j.state)
		}
	}
	for _, s := range o.leases {
		if s != o.hanging {
			bad("%s is still leased", s)
		}
	}
	for _, queue := range queues {
		if n := o.dead[queue]; n > 0 {
			bad("queue %s has %s, want none", queue, count(n, "dead letter"))
		}
	}
	if err := arm.Overlap(o.operations); err != nil {
		bad("operations overlap: %v", err)
	}
	for _, op := range o.operations {
		if op.Outcome == arm.Running && op.Service != o.hanging {
			bad("%s: operation %s still runs", op.Service, op.ID)
		}
	}
	if got := len(o.operations) + o.conflicts; got != o.requests.ARMPost {
		bad("ARM had %d POSTs, but %d operations and refusals", o.requests.ARMPost, got)
	}
	return wrong
}

// announced checks that each notice has arrived, signed, and that nobody wrote
// a secret down.
func (o outcome) announced() []string {
	var wrong []string
	for _, n := range o.notices {
		if _, arrived := o.mail.taken[n.id]; n.state != "Delivered" || !n.quiet() && !arrived {
			wrong = append(wrong, fmt.Sprintf("notice %s is %s after %s and arrived: %v", n.id, n.state, count(n.attempts, "attempt"), arrived))
		}
	}
	if o.mail.forged > 0 {
		wrong = append(wrong, fmt.Sprintf("%s came without a good signature", count(o.mail.forged, "post")))
	}
	for _, place := range o.leaks {
		wrong = append(wrong, "a secret stands in "+place)
	}
	return wrong
}

// kept checks that a good job left a point, its blob and its sidecar behind,
// and any other none.
func (o outcome) kept(j jobRow) []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, j.id+": "+fmt.Sprintf(format, args...)) }
	i := slices.IndexFunc(o.points, func(p pointRow) bool { return p.job == j.id })
	if j.state != "Succeeded" {
		if i >= 0 {
			bad("is %s and has a point", j.state)
		}
		return wrong
	}
	if i < 0 {
		bad("has no point")
		return wrong
	}
	blob := o.points[i].blob
	if o.blobs[blob] == 0 && o.points[i].withdrawn.IsZero() {
		bad("blob %s is missing or empty", blob)
	}
	if o.blobs[blob+sidecarSuffix] == 0 {
		bad("sidecar %s is missing or empty", blob+sidecarSuffix)
	}
	return wrong
}

// ended checks the one job of a service.
func (o outcome) ended(service, state, code, message string) []string {
	var found []jobRow
	for _, j := range o.jobs {
		if j.service == service {
			found = append(found, j)
		}
	}
	if len(found) != 1 {
		return []string{fmt.Sprintf("%s has %d jobs, want 1", service, len(found))}
	}
	j := found[0]
	if j.state != state || j.code != code || j.message != message {
		return []string{fmt.Sprintf("%s ended as %s %q %q, want %s %q %q", service, j.state, j.code, j.message, state, code, message)}
	}
	return nil
}

// posted checks how many operations of a service were asked for.
func (o outcome) posted(service string, want int) []string {
	if got := o.posts[service]; got != want {
		return []string{fmt.Sprintf("%s had %d POSTs, want %d", service, got, want)}
	}
	return nil
}

// What a small service costs beside its polls: two lists before each POST,
// three after a good end. A restore looks at both services each time that its
// gates are judged, and counts the target's content before and after.
const (
	readsBefore  = 2
	readsAfter   = 3
	readsRestore = 16
)

// frugal checks the requests against what the jobs needed.
func (o outcome) frugal() []string {
	var wrong []string
	polls, good, restores := 0, 0, 0
	for _, s := range o.services {
		polls += o.polls[s]
	}
	for _, j := range o.jobs {
		if j.state == "Succeeded" {
			good++
		}
		if j.kind != backupKind {
			restores++
		}
	}
	if most := polls + readsBefore*o.requests.ARMPost + readsAfter*good + readsRestore*restores + o.spare; o.requests.ARMGet > most {
		wrong = append(wrong, fmt.Sprintf("ARM had %d GETs, want at most %d", o.requests.ARMGet, most))
	}
	r := o.requests
	for what, n := range map[string]int{"ARM POSTs": r.ARMPost, "ARM GETs": r.ARMGet, "Table": r.Table, "Blob": r.Blob, "Service Bus": r.ServiceBusSend} {
		if n == 0 {
			wrong = append(wrong, what+": no requests at all")
		}
	}
	slices.Sort(wrong)
	return wrong
}
