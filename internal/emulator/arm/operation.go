package arm

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what an operation does, as its id spells it.
type Kind string

const (
	Backup  Kind = "Backup"
	Restore Kind = "Restore"
)

// Outcome is where an operation stands.
type Outcome string

const (
	Running   Outcome = "Running"
	Succeeded Outcome = "Succeeded"
	Failed    Outcome = "Failed"
)

// Operation is one accepted backup or restore.
type Operation struct {
	ID                       string // as in operationresults
	Service                  string
	Kind                     Kind
	Account, Container, Blob string
	Started                  time.Time
	Ended                    time.Time // zero while it runs
	Outcome                  Outcome
	Code, Message            string // of a failure
}

type operation struct {
	Operation
	Due     time.Time
	Fault   Fault
	Content Content // a backup's, as it was at the start
	SKU     string  // a backup's
	Lost    bool    // its record is gone
}

// start accepts an operation on a service that is not locked.
func (s *Simulator) start(c call, kind Kind, target parameters) reply {
	v := c.service
	fault := Fault{}
	if len(v.Faults) > 0 {
		fault, v.Faults = v.Faults[0], v.Faults[1:]
	}
	duration := v.BackupDuration
	if kind == Restore {
		duration = v.RestoreDuration
	}
	if fault.Duration != 0 {
		duration = fault.Duration
	}
	op := &operation{
		Operation: Operation{
			ID: s.operationID(v.Name, kind, c.now), Service: v.Name, Kind: kind, Outcome: Running, Started: c.now,
			Account: target.StorageAccount, Container: target.ContainerName, Blob: target.BackupName,
		},
		Due: c.now.Add(duration), Fault: fault, Content: v.Content.clone(), SKU: v.SKU, Lost: fault.Lost,
	}
	s.operations = append(s.operations, op)
	s.run(v, op)
	v.Version++
	time.AfterFunc(duration, s.Settle)
	return s.accepted(c, op, "//")
}

// operationID has APIM's form: base64 of the service's name, the kind and
// eight hexadecimal digits.
func (s *Simulator) operationID(service string, kind Kind, now time.Time) string {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%d/%d", service, len(s.operations), now.UnixNano())
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s_%s_%08x", service, kind, h.Sum32()))
}

// accepted is the 202 of a running operation. Its body is empty: APIM says
// nothing about progress.
func (s *Simulator) accepted(c call, op *operation, slashes string) reply {
	res := reply{status: http.StatusAccepted}
	if op.Fault.NoLocation {
		return res
	}
	endpoint := s.endpoint(c.Request)
	if op.Fault.Endpoint != "" {
		endpoint = op.Fault.Endpoint
	}
	scope := resourceID(c.service.Subscription, c.service.ResourceGroup, c.service.Name)
	res.set("Location", fmt.Sprintf("%s%s%soperationresults/%s?api-version=%s", endpoint, scope, slashes, op.ID, c.version))
	retry := strconv.Itoa(int(math.Ceil(c.service.RetryAfter.Seconds())))
	if op.Fault.RetryAfterDate {
		retry = c.now.Add(c.service.RetryAfter).UTC().Format(http.TimeFormat)
	}
	res.set("Retry-After", retry)
	return res
}

func (s *Simulator) getOperation(c call) reply {
	i := slices.IndexFunc(s.operations, func(op *operation) bool {
		return op.ID == c.at.item && strings.EqualFold(op.Service, c.service.Name)
	})
	if i < 0 || s.operations[i].expired(c.now, s.options.RecordTTL) {
		return failure(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("Operation '%s' was not found.", c.at.item))
	}
	op := s.operations[i]
	switch op.Outcome {
	case Running:
		return s.accepted(c, op, "/")
	case Failed:
		return failure(op.Fault.status(), op.Code, op.Message)
	}
	return s.show(c.service, c.now)
}

func (op *operation) expired(now time.Time, ttl time.Duration) bool {
	return op.Lost || (!op.Ended.IsZero() && now.Sub(op.Ended) >= ttl)
}

// Settle brings every operation to its end whose time has come by Now.
func (s *Simulator) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.options.Now())
}

// run lets op hold its service.
func (s *Simulator) run(v *instance, op *operation) {
	v.running = op
	if s.earliest.IsZero() || op.Due.Before(s.earliest) {
		s.earliest = op.Due
	}
}

func (s *Simulator) settle(now time.Time) {
	if s.earliest.IsZero() || now.Before(s.earliest) {
		return
	}
	s.earliest = time.Time{}
	var due []*operation
	for _, v := range s.services {
		switch {
		case v.running == nil:
		case now.Before(v.running.Due):
			s.run(v, v.running)
		default:
			due = append(due, v.running)
		}
	}
	// The earlier one first: a restore may read what a backup has just written.
	slices.SortFunc(due, func(a, b *operation) int { return a.Due.Compare(b.Due) })
	for _, op := range due {
		s.end(op)
	}
}

// end has an operation's effect and frees its service.
func (s *Simulator) end(op *operation) {
	v := s.services[strings.ToLower(op.Service)]
	op.Ended, op.Outcome = op.Due, Succeeded
	if f := s.effect(op, v); f != nil {
		op.Outcome, op.Code, op.Message = Failed, f.Code, f.Message
	}
	v.running = nil
	v.Version++
	v.Reported, v.ReportedEnd = op.Fault.FinalState, time.Time{}
	if op.Fault.FinalStateFor > 0 {
		v.ReportedEnd = op.Due.Add(op.Fault.FinalStateFor)
	}
}

func (s *Simulator) effect(op *operation, v *instance) *Failure {
	if op.Fault.Fail != nil {
		return op.Fault.Fail
	}
	if op.Kind == Backup {
		return s.writeBackup(op)
	}
	return s.readBackup(op, v)
}
