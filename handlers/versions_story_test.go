package handlers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/job"
	"lifeboat/internal/request"
)

// stage is one job in one state.
type stage struct {
	kind  job.Kind
	state job.State
	phase job.Phase // SafetyBackup within that of a restore, else empty
}

// phased reports whether a restore's safety backup is a stage of its own.
func (s stage) phased() bool {
	return s.kind == job.Restore && (s.state.Operating() || s.state == job.Verifying)
}

func (s stage) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", s.kind, s.state, s.phase))
}

// stages are what the jobs in the table are.
func (a *app) stages() map[stage]bool {
	found := map[stage]bool{}
	for _, row := range a.azure.Storage.Entities(emulator.StateTable) {
		if key := row["RowKey"].(string); strings.HasPrefix(key, "job|") {
			s := stage{kind: job.Kind(row["Kind"].(string)), state: job.State(row["State"].(string))}
			if phase, _ := row["AttemptPhase"].(string); s.phased() && phase == string(job.SafetyBackup) {
				s.phase = job.SafetyBackup
			}
			found[s] = true
		}
	}
	return found
}

// until waits in steps until holds, for at most a day.
func (a *app) until(what string, holds func() bool) {
	a.t.Helper()
	for range 24 * 120 {
		if holds() {
			return
		}
		time.Sleep(30 * time.Second)
	}
	a.t.Fatalf("%v: a day has passed without: %s", time.Now(), what)
}

// last is the newest job of a service.
func (a *app) last(service string) (id string, state job.State, row map[string]any) {
	for _, r := range a.jobs(service) {
		if row == nil || r["CreatedAt"].(time.Time).After(row["CreatedAt"].(time.Time)) {
			row = r
		}
	}
	if row == nil {
		return "", "", nil
	}
	return strings.TrimPrefix(row["RowKey"].(string), "job|"), job.State(row["State"].(string)), row
}

// made waits until a service has more than n jobs, and returns how many.
func (a *app) made(service string, n int) int {
	a.t.Helper()
	a.until(fmt.Sprintf("job %d of %s", n+1, service), func() bool { return len(a.jobs(service)) > n })
	return len(a.jobs(service))
}

func (a *app) reaches(service string, states ...job.State) job.State {
	a.t.Helper()
	a.until(fmt.Sprintf("a job of %s that is one of %v", service, states), func() bool {
		_, state, _ := a.last(service)
		for _, s := range states {
			if state == s {
				return true
			}
		}
		return false
	})
	_, state, _ := a.last(service)
	return state
}

func (a *app) ask(r request.Request) {
	a.t.Helper()
	body, err := request.EncodeRequest(r)
	if err != nil {
		a.t.Fatal(err)
	}
	a.say(emulator.RequestQueue, body)
}

// answer approves or rejects the newest job of a service.
func (a *app) answer(service, by string, yes bool) {
	a.t.Helper()
	a.say(emulator.ApprovalQueue, a.approvalOf(service, by, yes))
}

func (a *app) approvalOf(service, by string, yes bool) []byte {
	a.t.Helper()
	id, _, row := a.last(service)
	var order struct{ Point struct{ Blob string } }
	if err := json.Unmarshal([]byte(row["Restore"].(string)), &order); err != nil {
		a.t.Fatal(err)
	}
	body, err := request.EncodeApproval(request.Approval{
		ID: "answer-" + id, Approved: yes, Job: id, Point: order.Point.Blob, Target: service, By: by, Reason: "as agreed",
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return body
}

var ended = []job.State{job.Succeeded, job.Failed, job.Canceled}

// story takes jobs of each kind through every state that they can be in.
func (a *app) story() {
	a.t.Helper()
	waits := append([]job.State{job.AwaitingApproval}, ended...)
	a.until("the first backup", func() bool { return a.stages()[stage{kind: job.Backup, state: job.Succeeded}] })

	a.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
	body, err := request.EncodeAlert(request.Alert{ID: "aaaa", Rule: "apim-weu-down", Condition: request.Fired, FiredAt: time.Now(), MonitoringService: "Platform"})
	if err != nil {
		a.t.Fatal(err)
	}
	a.say(emulator.RequestQueue, body)
	restores := a.made("apim-neu", 0)
	a.answered(waits, true)
	a.azure.ARM.SetGateway("apim-weu", arm.GatewayHealthy)
	a.acknowledge("1")

	a.ask(request.Request{ID: "r2", Kind: request.Restore, Service: "apim-weu", By: "ann", Reason: "drill"})
	restores = a.made("apim-neu", restores)
	a.answered(waits, false)

	a.azure.ARM.FailNext("apim-neu", arm.Fault{}, arm.Fault{Fail: &arm.Failure{Code: "InternalServerError", Message: "Try again later."}}) // after the safety backup
	a.ask(request.Request{ID: "r3", Kind: request.Restore, Service: "apim-weu", By: "ann", Reason: "drill"})
	a.made("apim-neu", restores)
	a.answered(waits, true)
	a.acknowledge("2")

	a.azure.ARM.Lock("apim-weu", 20*time.Minute)
	backups := len(a.jobs("apim-weu"))
	a.ask(request.Request{ID: "b1", Kind: request.Backup, Service: "apim-weu", By: "ann"})
	backups = a.made("apim-weu", backups)
	time.Sleep(3 * time.Minute)
	id, _, _ := a.last("apim-weu")
	a.ask(request.Request{ID: "c1", Kind: request.Cancel, Job: id, By: "ann", Reason: "no"})
	a.reaches("apim-weu", ended...)

	for range 9 {
		a.azure.ARM.FailNext("apim-weu", arm.Fault{Fail: &arm.Failure{Code: "InternalServerError", Message: "Try again later."}})
	}
	a.ask(request.Request{ID: "b2", Kind: request.Backup, Service: "apim-weu", By: "ann"})
	a.made("apim-weu", backups)
	a.reaches("apim-weu", ended...)
}

// answered lets the newest restore wait for an answer, gives that, and lets
// the restore end.
func (a *app) answered(waits []job.State, yes bool) {
	a.t.Helper()
	if a.reaches("apim-neu", waits...) == job.AwaitingApproval {
		a.answer("apim-neu", "bob", yes)
	}
	a.reaches("apim-neu", ended...)
}

func (a *app) acknowledge(id string) {
	a.t.Helper()
	a.ask(request.Request{ID: "ack" + id, Kind: request.Acknowledge, Service: "apim-weu", By: "ann", Outcome: request.Failback, Reason: "done"})
	time.Sleep(10 * time.Minute)
}

// settled checks what must hold whatever has happened, once everything had
// time to come to rest.
func (a *app) settled() {
	a.t.Helper()
	for _, row := range a.azure.Storage.Entities(emulator.StateTable) {
		key := row["RowKey"].(string)
		switch {
		case key == "lease":
			a.t.Errorf("lease left behind: %v", row)
		case strings.HasPrefix(key, "job|") && !job.State(row["State"].(string)).Terminal():
			a.t.Errorf("%s is %v: %v", key, row["State"], row["Reason"])
		case strings.HasPrefix(key, "incident|") && row["Open"] == true:
			a.t.Errorf("%s is open", key)
		}
	}
	for _, queue := range []string{emulator.StepQueue, emulator.RequestQueue, emulator.ApprovalQueue} {
		if active, scheduled, dead := a.azure.Broker.Counts(queue); active+scheduled+dead != 0 {
			a.t.Errorf("%s: %d messages active, %d scheduled, %d dead", queue, active, scheduled, dead)
		}
	}
	a.alone()
}

// alone checks that no service had two operations at a time.
func (a *app) alone() {
	a.t.Helper()
	if err := arm.Overlap(a.azure.ARM.Operations()); err != nil {
		a.t.Error(err)
	}
}

// once holds the intents for which a request was sent, and an operation accepted.
type once struct {
	mu   sync.Mutex
	seen map[string]bool
}

// intended judges a POST at the moment at which it is sent, or accepted: there
// is a lease, an intent of its holder, and no other POST of that intent. It
// returns the holder's row, nil if there is none.
func (a *app) intended(what, path string) (holder map[string]any) {
	parts := strings.Split(path, "/")
	service := parts[len(parts)-2]
	var lease map[string]any
	for _, row := range a.rows(service, "lease") {
		lease = row
	}
	for _, row := range a.jobs(service) {
		if lease != nil && row["RowKey"] == "job|"+lease["Job"].(string) {
			holder = row
		}
	}
	if holder == nil || holder["State"] != string(job.Starting) {
		a.t.Errorf("%v: %s is %s without a lease and an intent: %v, %v", time.Now(), path, what, lease, holder)
		return nil
	}
	intent := fmt.Sprintf("%s: %s of %v, attempt %v", what, lease["Job"], holder["Kind"], holder["Attempt"])
	a.once.mu.Lock()
	defer a.once.mu.Unlock()
	if a.once.seen[intent] {
		a.t.Errorf("%v: a second time %s", time.Now(), intent)
	}
	if a.once.seen == nil {
		a.once.seen = map[string]bool{}
	}
	a.once.seen[intent] = true
	return holder
}
