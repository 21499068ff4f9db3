package web

import (
	"cmp"
	"slices"
	"time"

	"lifeboat/internal/job"
)

// Job is one job as a list shows it.
type Job struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Service   string    `json:"service"`          // that it changes
	Source    string    `json:"source,omitempty"` // of a restore: whose backup that is
	Refresh   bool      `json:"refresh,omitempty"`
	State     string    `json:"state"`
	Phase     string    `json:"phase,omitempty"` // of a restore that has started
	CreatedAt time.Time `json:"createdAt"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	// Elapsed is since the attempt started, or, where none has, since the job
	// was made; of a job that has ended, until its end.
	Elapsed Seconds `json:"elapsedSeconds"`
	// Usual is how long the same took before; 0 if that is not known, or the
	// job has ended.
	Usual Seconds `json:"usualSeconds,omitempty"`
	// NextAt is when the job is looked at again; for one that waits for an
	// approval, when that time is over.
	NextAt  time.Time `json:"nextAt,omitzero"`
	Attempt int       `json:"attempt,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Code    string    `json:"code,omitempty"`
	Message string    `json:"message,omitempty"`
}

// jobOf is j at now.
func jobOf(j job.Job, now time.Time) Job {
	v := Job{
		ID: j.ID, Kind: string(j.Kind), Service: j.Service, State: string(j.State), Phase: string(j.Attempt.Phase),
		CreatedAt: j.CreatedAt, EndedAt: j.EndedAt, Elapsed: secondsOf(max(until(j, now).Sub(began(j)), 0)),
		Attempt: j.Attempt.Number, Reason: j.Reason, Code: j.Code, Message: j.Message,
	}
	if !j.State.Terminal() {
		v.NextAt, v.Usual = j.NotBefore, secondsOf(j.Past.Usual())
	}
	if j.Restore != nil {
		v.Source, v.Refresh = j.Restore.Source, j.Restore.Warm
	}
	return v
}

// began is when j's present attempt did, or j itself.
func began(j job.Job) time.Time {
	if j.State != job.Pending && j.State != job.AwaitingApproval && !j.Attempt.StartedAt.IsZero() {
		return j.Attempt.StartedAt
	}
	return j.CreatedAt
}

// until is now, or when j ended.
func until(j job.Job, now time.Time) time.Time {
	if j.State.Terminal() {
		return j.EndedAt
	}
	return now
}

// Expected is Usual as long as the job has begun and has not ended.
func (j Job) Expected() Seconds {
	if job.State(j.State).HoldsLease() {
		return j.Usual
	}
	return 0
}

// Waits reports whether a person is waited for.
func (j Job) Waits() bool { return j.State == string(job.AwaitingApproval) }

// Level is how the job ended, if it has.
func (j Job) Level() Level { return levelOf(j.State) }

func levelOf(state string) Level {
	switch job.State(state) {
	case job.Succeeded:
		return Good
	case job.Failed:
		return Bad
	case job.Canceled, job.AwaitingApproval:
		return Warn
	}
	return Going
}

func gatesOf(gates []job.Gate) []Gate {
	var all []Gate
	for _, g := range gates {
		all = append(all, Gate{Name: g.Name, Outcome: g.Outcome, Sentence: g.Sentence})
	}
	return all
}

// incidents are those of k with what is known of their restores, oldest first.
func incidents(k Known) []Incident {
	restores := map[string]job.Job{}
	for _, j := range append(slices.Clone(k.Restores), k.Rows.Jobs...) {
		restores[j.ID] = j
	}
	all := []Incident{}
	for _, i := range k.Incidents {
		v := Incident{ID: i.ID, Service: i.Service, Rule: i.Rule, OpenedAt: i.OpenedAt, FiredAt: i.FiredAt, Restore: i.Restore, Target: i.Target}
		if j, ok := restores[i.Restore]; ok && i.Restore != "" {
			v.State = string(j.State)
			if j.Restore != nil {
				v.Gates = gatesOf(j.Restore.Gates)
			}
		}
		all = append(all, v)
	}
	slices.SortStableFunc(all, func(a, b Incident) int {
		return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.Service, b.Service))
	})
	return all
}

// maxNotices is how many notices a view lists.
const maxNotices = 50

func notices(stored []job.StoredNotice) []Notice {
	all := []Notice{}
	for _, n := range stored {
		v := Notice{
			ID: n.ID, Type: string(n.Type), About: n.About, At: n.At,
			State: string(n.State), Attempts: n.Attempts, Error: n.LastError,
		}
		if n.State == job.DeliveryPending {
			v.NextAt = n.NotBefore
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b Notice) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return all[:min(len(all), maxNotices)]
}
