package recoverytest

import (
	"context"
	"fmt"
	"maps"
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

	// Duration is how long an operation runs, and RetryAfter what answers say.
	Duration, RetryAfter time.Duration
	// Limit is the age at which a backup can't be restored any more.
	Limit time.Duration
	// Spoil changes an operation when it starts: its outcome, its length.
	Spoil func(*Operation)

	mu         sync.Mutex
	operations []*Operation
	locked     map[string]time.Time
	instances  map[string]*Instance
	backups    map[string]backup
	sidecars   map[string]job.Point
	spoilt     map[string]error // by the blob whose sidecar can't be read
	protected  map[string]bool  // blobs
	missing    bool             // the container

	authorities map[string]job.StoredAuthority // by the container's full name
	claims      int
}

// Operation is one backup or restore that Azure accepted.
type Operation struct {
	Kind    job.Kind
	Service string // that is backed up, or overwritten
	Blob    string // that is written, or read
	Started time.Time
	Ends    time.Time

	Code, Message string // of a failure
	// Content is what a backup saves, and what a restore leaves behind.
	Content Content
	Partial bool  // of a restore that fails: it leaves Content all the same
	NoBlob  bool  // of a backup that succeeds: it leaves none
	Size    int64 // of the backup

	Forgotten     bool // its record can't be read: polls answer 404
	WithoutHandle bool // accepted without a poll URL

	handle string
	ended  bool
}

// NewAzure is an Azure whose calls are effects of e.
func NewAzure(e *Effects, now func() time.Time) *Azure {
	return &Azure{
		effects: e, now: now, Duration: 10 * time.Minute, RetryAfter: time.Minute, Limit: 30 * 24 * time.Hour,
		locked: map[string]time.Time{}, instances: map[string]*Instance{}, backups: map[string]backup{}, sidecars: map[string]job.Point{}, spoilt: map[string]error{},
		protected: map[string]bool{}, authorities: map[string]job.StoredAuthority{},
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
		seen := *o
		seen.Content = o.Content.copy()
		all = append(all, seen)
	}
	return all
}

// settle lets everything happen that is due by now.
func (a *Azure) settle() {
	now := a.now()
	for _, o := range a.operations {
		if o.ended || now.Before(o.Ends) {
			continue
		}
		o.ended = true
		switch {
		case o.Kind == job.Restore && (o.Code == "" || o.Partial):
			a.instance(o.Service).Content = o.Content.copy()
		case o.Kind == job.Backup && o.Code == "" && !o.NoBlob:
			a.missing = false
			a.backups[o.Blob] = backup{
				artefact: job.Artefact{Name: o.Blob, Size: o.Size}, started: o.Started,
				tier: a.instance(o.Service).Facts.Tier, content: o.Content.copy(),
			}
		}
	}
}

func (a *Azure) updating(service string) bool {
	now := a.now()
	if now.Before(a.locked[service]) {
		return true
	}
	for _, o := range a.operations {
		if o.Service == service && now.Before(o.Ends) {
			return true
		}
	}
	return false
}

func (a *Azure) do(port, call string, failed func(error) error, effect func() error) error {
	return a.effects.do(port, call, failed, func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.settle()
		return effect()
	})
}

// StartBackup implements recovery.ARM.
func (a *Azure) StartBackup(_ context.Context, s job.Service, blob string) (job.Started, error) {
	return a.start("StartBackup", "back up "+s.Name, s.Name, func() *Operation {
		return &Operation{Kind: job.Backup, Blob: blob, Size: 1 << 20, Content: a.instance(s.Name).Content.copy()}
	})
}

// StartRestore implements recovery.ARM. What makes a restore impossible is
// found out by the operation, not by the request.
func (a *Azure) StartRestore(_ context.Context, s job.Service, blob string) (job.Started, error) {
	return a.start("StartRestore", "restore onto "+s.Name, s.Name, func() *Operation {
		o := &Operation{Kind: job.Restore, Blob: blob}
		b, ok := a.backups[blob]
		tier := a.instance(s.Name).Facts.Tier
		switch {
		case !ok:
			o.Message = "Cannot restore: backup not found"
		case !a.now().Before(b.started.Add(a.Limit)):
			o.Message = "Cannot restore: backup expired"
		case b.tier != tier:
			o.Message = fmt.Sprintf("Cannot restore: current SKU is '%s', backup SKU is '%s'", tier, b.tier)
		default:
			o.Content = b.content.copy()
			return o
		}
		o.Code = "RestoreFailed"
		return o
	})
}

func (a *Azure) start(call, doing, service string, begin func() *Operation) (started job.Started, err error) {
	unanswered := func(err error) error {
		return &job.AzureError{Kind: job.ErrUnanswered, Doing: doing, Err: err}
	}
	err = a.do("arm", call, unanswered, func() error {
		if a.instance(service).Silent {
			return unanswered(errSilent)
		}
		if a.updating(service) {
			return &job.AzureError{Kind: job.ErrBusy, Doing: doing, Status: 409, Code: "ServiceLocked", Message: "The API Service is transitioning at this time."}
		}
		o := begin()
		o.Service, o.Started, o.Ends = service, a.now(), a.now().Add(a.Duration)
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
	err = a.do("arm", "Poll", unavailable, func() error {
		if a.instance(s.Name).Silent {
			return unavailable(errSilent)
		}
		handle, _, _ := strings.Cut(resumeToken, "/")
		for _, o := range a.operations {
			if o.handle == handle && !o.Forgotten {
				p, err = a.progress(o, resumeToken)
				return err
			}
		}
		return &job.AzureError{Kind: job.ErrHandleLost, Doing: "poll the operation on " + s.Name, Status: 404}
	})
	return p, err
}

func (a *Azure) progress(o *Operation, token string) (job.Progress, error) {
	switch {
	case a.now().Before(o.Ends):
		return job.Progress{ResumeToken: token + "+", RetryAfter: a.RetryAfter}, nil
	case o.Code != "":
		return job.Progress{}, &job.AzureError{Kind: job.ErrOperationFailed, Doing: "poll the operation on " + o.Service, Status: 400, Code: o.Code, Message: o.Message}
	default:
		i := a.instance(o.Service)
		return job.Progress{Done: true, Facts: i.Facts, Settings: maps.Clone(i.Settings)}, nil
	}
}
