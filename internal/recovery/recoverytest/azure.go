package recoverytest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/job"
)

// Azure is a management API and a container in memory. An operation ends by
// the clock, whether or not anybody looks.
type Azure struct {
	effects *Effects
	now     func() time.Time

	// Duration is how long a backup runs, and RetryAfter what answers say.
	Duration, RetryAfter time.Duration
	// Spoil changes an operation when it starts: its outcome, its length.
	Spoil func(*Operation)

	mu         sync.Mutex
	operations []*Operation
	locked     map[string]time.Time
	blobs      map[string]job.Artefact
	sidecars   map[string]job.Point
}

// Operation is one backup that Azure accepted.
type Operation struct {
	Service, Blob  string
	Started, Ends  time.Time
	Code, Message  string // of a failure
	NoBlob         bool
	Size           int64
	Forgotten      bool // its record can't be read: polls answer 404
	WithoutHandle  bool // accepted without a poll URL
	handle         string
	blobHasArrived bool
}

// NewAzure is an Azure whose calls are effects of e.
func NewAzure(e *Effects, now func() time.Time) *Azure {
	return &Azure{
		effects: e, now: now, Duration: 10 * time.Minute, RetryAfter: time.Minute,
		locked: map[string]time.Time{}, blobs: map[string]job.Artefact{}, sidecars: map[string]job.Point{},
	}
}

// Lock keeps service busy with somebody else's operation for d.
func (a *Azure) Lock(service string, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.locked[service] = a.now().Add(d)
}

// Operations are all operations accepted so far.
func (a *Azure) Operations() []Operation {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []Operation
	for _, o := range a.operations {
		all = append(all, *o)
	}
	return all
}

// Has reports whether the container holds blob.
func (a *Azure) Has(blob string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle()
	_, ok := a.blobs[blob]
	return ok
}

// settle lets everything happen that is due by now.
func (a *Azure) settle() {
	for _, o := range a.operations {
		if a.now().Before(o.Ends) || o.blobHasArrived {
			continue
		}
		o.blobHasArrived = true
		if o.Code == "" && !o.NoBlob {
			a.blobs[o.Blob] = job.Artefact{Name: o.Blob, Size: o.Size}
		}
	}
}

func (a *Azure) updating(service string) bool {
	if a.now().Before(a.locked[service]) {
		return true
	}
	for _, o := range a.operations {
		if o.Service == service && a.now().Before(o.Ends) {
			return true
		}
	}
	return false
}

func (a *Azure) do(call string, failed func(error) error, effect func() error) error {
	return a.effects.do(call, failed, func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.settle()
		return effect()
	})
}

func unavailable(err error) error {
	return &job.AzureError{Kind: job.ErrUnavailable, Doing: "look", Err: err}
}

// StartBackup implements recovery.ARM.
func (a *Azure) StartBackup(_ context.Context, s job.Service, blob string) (started job.Started, err error) {
	unanswered := func(err error) error {
		return &job.AzureError{Kind: job.ErrUnanswered, Doing: "back up " + s.Name, Err: err}
	}
	err = a.do("arm.StartBackup", unanswered, func() error {
		if a.updating(s.Name) {
			return &job.AzureError{Kind: job.ErrBusy, Doing: "back up " + s.Name, Status: 409, Code: "ServiceLocked", Message: "The API Service is transitioning at this time."}
		}
		o := &Operation{Service: s.Name, Blob: blob, Started: a.now(), Ends: a.now().Add(a.Duration), Size: 1 << 20}
		o.handle = fmt.Sprintf("operation-%d", len(a.operations)+1)
		if a.Spoil != nil {
			a.Spoil(o)
		}
		a.operations = append(a.operations, o)
		if o.WithoutHandle {
			return unanswered(fmt.Errorf("accepted without a Location"))
		}
		started = job.Started{ResumeToken: o.handle + "/0", RetryAfter: a.RetryAfter}
		return nil
	})
	return started, err
}

// Poll implements recovery.ARM. Every answer changes the token.
func (a *Azure) Poll(_ context.Context, s job.Service, resumeToken string) (p job.Progress, err error) {
	err = a.do("arm.Poll", unavailable, func() error {
		handle, _, _ := strings.Cut(resumeToken, "/")
		for _, o := range a.operations {
			if o.handle == handle && !o.Forgotten {
				p, err = a.progress(o, resumeToken)
				return err
			}
		}
		return &job.AzureError{Kind: job.ErrHandleLost, Doing: "poll the backup of " + s.Name, Status: 404}
	})
	return p, err
}

func (a *Azure) progress(o *Operation, token string) (job.Progress, error) {
	switch {
	case a.now().Before(o.Ends):
		return job.Progress{ResumeToken: token + "+", RetryAfter: a.RetryAfter}, nil
	case o.Code != "":
		return job.Progress{}, &job.AzureError{Kind: job.ErrOperationFailed, Doing: "poll the backup of " + o.Service, Status: 400, Code: o.Code, Message: o.Message}
	default:
		return job.Progress{Done: true, Facts: facts}, nil
	}
}

var facts = job.Facts{Tier: "Developer", Units: 1, Location: "West Europe"}

// Observe implements recovery.ARM.
func (a *Azure) Observe(_ context.Context, s job.Service) (o job.Observed, err error) {
	err = a.do("arm.Observe", unavailable, func() error {
		o = job.Observed{ProvisioningState: "Succeeded", Facts: facts}
		if a.updating(s.Name) {
			o.ProvisioningState = "Updating"
		}
		return nil
	})
	return o, err
}

// Count implements recovery.ARM.
func (a *Azure) Count(_ context.Context, _ job.Service, kinds job.Resources) (i job.Inventory, err error) {
	err = a.do("arm.Count", unavailable, func() error {
		if kinds.APIs {
			i.APIs = job.NewTally([]string{"echo", "orders"})
		}
		if kinds.Products {
			i.Products = job.NewTally([]string{"starter"})
		}
		if kinds.NamedValues {
			i.NamedValues = job.NewTally(nil)
		}
		return nil
	})
	return i, err
}

// Artefact implements recovery.Blobs.
func (a *Azure) Artefact(_ context.Context, _ job.Service, blob string) (found job.Artefact, err error) {
	err = a.do("blobs.Artefact", unchanged, func() error {
		var ok bool
		if found, ok = a.blobs[blob]; !ok {
			return fmt.Errorf("blob %s: %w", blob, job.ErrNotFound)
		}
		return nil
	})
	return found, err
}

// Record implements recovery.Blobs.
func (a *Azure) Record(_ context.Context, _ job.Service, p job.Point) (recorded job.Point, err error) {
	err = a.do("blobs.Record", unchanged, func() error {
		if _, ok := a.sidecars[p.Blob]; !ok {
			a.sidecars[p.Blob] = p
		}
		recorded = a.sidecars[p.Blob]
		return nil
	})
	return recorded, err
}
