package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
	"lifeboat/internal/request"
)

// oracle knows what was sent, what Azure did and which rows were written. It
// asks neither the gates nor the retention whether that was right.
type oracle struct {
	violation *Violation

	targets, instances []string
	ops                []*recoverytest.Operation
	sentFor            map[string]int // requests by job and attempt
	restoreOf          map[string]*recoverytest.Operation
	safetyAt           map[string]time.Time // by job: when its safety backup was begun

	jobs   map[string]job.Job
	open   map[string]job.Job // those of jobs that have not ended
	points map[string]job.Point
	ever   map[string]bool                // blobs that were a point's
	causes map[string]map[string]bool     // jobs by what asked for them
	ended  map[string]map[string]bool     // notices by job and type
	alarms map[string]map[job.Health]bool // announced, by service
	alarm  map[string]time.Time           // since when a service is watched
	posts  int

	occurrence map[string]time.Time // the latest that has a job or needs none, by service

	fired       map[string]map[string]time.Time // by source and alert
	quiet       map[string]time.Time            // since when no alert of a source is fired
	resolved    map[string]time.Time            // by alert
	sent        []request.Alert
	asked       []request.Request
	approvals   []approval
	maintenance map[string]since
	maintained  map[string]time.Time // the latest end of a source's maintenance that was asked for
	tiers       map[string]since2
	healthy     map[string]time.Time // since when
	broken      map[string]since2    // what state a standby is in
	blinded     time.Time
	failovers   []failover
	serving     map[string]failover  // that made a standby serve
	acks        map[string]time.Time // when a source's failover was acknowledged last
	underway    map[string]int       // how many instances are taking an acknowledgement
	held        map[string]time.Time
	unsure      map[string]bool // points of which nobody knows whether they are held
	deleted     map[string]bool
	newer       map[string]time.Time // until when a job's row can't be read
	changedAt   time.Time            // of the points

	muted  map[string]time.Time // until when no prompt comes to a job
	hidden map[string]int       // how many looks will not find a blob

	foreign map[string]string // by service: a blob that Lifeboat knows nothing of
	waiting int
	tickAt  time.Time
	watchAt time.Time // when Watch ran last
}

// since is a time that counts from another on.
type since struct{ until, at time.Time }

// since2 is what something is, and was until a time.
type since2 struct {
	what, was string
	at        time.Time
}

type approval struct {
	request.Approval
	at time.Time
}

// failover is one that was begun, by an operation or, where the standby held
// the point, by its end.
type failover struct {
	job, source, target, incident string
	at                            time.Time
	acknowledged                  bool
}

func (o *oracle) init(h *history) {
	o.sentFor, o.restoreOf, o.safetyAt = map[string]int{}, map[string]*recoverytest.Operation{}, map[string]time.Time{}
	o.jobs, o.open, o.points, o.ever = map[string]job.Job{}, map[string]job.Job{}, map[string]job.Point{}, map[string]bool{}
	o.causes, o.ended = map[string]map[string]bool{}, map[string]map[string]bool{}
	o.alarms, o.alarm = map[string]map[job.Health]bool{}, map[string]time.Time{}
	o.fired, o.quiet, o.resolved = map[string]map[string]time.Time{}, map[string]time.Time{}, map[string]time.Time{}
	o.maintenance, o.tiers, o.healthy = map[string]since{}, map[string]since2{}, map[string]time.Time{}
	o.maintained, o.occurrence = map[string]time.Time{}, map[string]time.Time{}
	o.serving, o.acks = map[string]failover{}, map[string]time.Time{}
	o.underway, o.unsure, o.muted, o.hidden = map[string]int{}, map[string]bool{}, map[string]time.Time{}, map[string]int{}
	o.broken = map[string]since2{}
	o.held, o.deleted, o.newer = map[string]time.Time{}, map[string]bool{}, map[string]time.Time{}
	for _, s := range h.plan.Services {
		o.instances = append(o.instances, s.Name)
		o.fired[s.Name], o.alarms[s.Name], o.healthy[s.Name] = map[string]time.Time{}, map[job.Health]bool{}, h.start
		o.quiet[s.Name] = h.start
		for _, standby := range s.Standbys {
			if !slices.Contains(o.targets, standby.Name) {
				o.targets = append(o.targets, standby.Name)
				o.tiers[standby.Name] = since2{what: "Developer"}
			}
		}
	}
	o.instances = append(o.instances, o.targets...)
	o.foreign = map[string]string{}
	for _, s := range h.plan.Services {
		o.foreign[s.Name] = s.Name + "-by-hand.apimbackup"
		h.azure.Put(s.Name, o.foreign[s.Name])
	}
}

// violate notes the first thing that must not happen; the history ends.
func (h *history) violate(invariant, format string, args ...any) {
	if h.violation == nil {
		h.violation = &Violation{Invariant: invariant, What: h.now().Format("2006-01-02 15:04:05 ") + fmt.Sprintf(format, args...)}
		h.tell("VIOLATION %v", h.violation)
	}
}

// noted is how long before its request, or before the call that ends it without
// one, a failover may have been noted, and acknowledged.
const noted = 15 * time.Minute

// slack is how far an instance's clock may be from the world's, and how old
// what it acts on may be.
const slack = 4 * time.Minute

// catalogue are the live points of a service, newest first.
func (h *history) catalogue(service string) (all []job.Point) {
	for _, p := range h.points {
		if p.Service == service && p.Live() {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b job.Point) int { return b.StartedAt.Compare(a.StartedAt) })
	return all
}

// newest is the newest live point of a service.
func (h *history) newest(service string) (newest job.Point, any bool) {
	for _, p := range h.points {
		if p.Service == service && p.Live() && (!any || p.StartedAt.After(newest.StartedAt)) {
			newest, any = p, true
		}
	}
	return newest, any
}

// made notes a new job. I9: one cause has one job.
func (c *call) made(j job.Job) {
	c.hurry()
	c.cover(job.Job{}, j, nil)
	c.known(j)
	c.disturb(j.ID) // nothing ends before it exists
	if j.Kind == job.Backup && !j.OnChange && j.Asked == (job.Asked{}) && j.Due.After(c.occurrence[j.Service]) {
		c.occurrence[j.Service] = j.Due
	}
	cause := "occurrence " + j.Service + " " + j.Due.String()
	switch {
	case j.Restore != nil && j.Restore.Request != "":
		cause = "request " + j.Restore.Request
	case c.asking != "":
		cause = c.asking
	case j.Restore != nil && j.Restore.Incident != "":
		cause = "incident " + j.Restore.Incident
	case j.Restore != nil && j.Restore.Warm:
		cause = "refresh of " + j.Service + " by " + j.Restore.Wanted
	}
	c.caused(cause, j.ID)
	c.provoke(j)
}

// known notes a job as it is now.
func (o *oracle) known(j job.Job) {
	o.jobs[j.ID], o.open[j.ID] = j, j
	if j.State.Terminal() {
		delete(o.open, j.ID)
	}
}

func (h *history) caused(cause, id string) {
	if h.causes[cause] == nil {
		h.causes[cause] = map[string]bool{}
	}
	h.causes[cause][id] = true
	if len(h.causes[cause]) > 1 {
		h.violate("I9", "%s made %d: %v", cause, len(h.causes[cause]), h.causes[cause])
	}
}

// saved notes a move.
func (c *call) saved(m job.Move) {
	from, to := m.From.Job, m.To
	c.cover(from, to, m.Event)
	c.known(to)
	if c.trace != nil {
		c.tell("job %s: %s -> %s by %T, next %s: %s %s", to.ID, from.State, to.State, m.Event, to.NotBefore.Format("15:04:05"), to.Code, to.Reason)
	}
	c.secretless("row", to.Reason+to.Message+strings.Join(to.Warnings, ""))
	if m.Point != nil {
		c.pointMade(*m.Point)
	}
	if from.State != job.Succeeded && to.State == job.Succeeded {
		c.succeeded(to)
	}
	c.announcedOnce(m.Notices())
	c.bounded(to)
	c.provoke(to)
}

// transited notes a transition.
func (c *call) transited(t job.Transition) {
	service := t.Read.Service
	if t.Job != nil {
		c.made(*t.Job)
	}
	for _, m := range t.Points {
		if m.To.Removing && !m.From.Removing {
			c.marked(service, m.From.Point)
		}
		c.points[m.To.Blob] = m.To
		c.changedAt = c.now()
	}
	if t.Summary.ProtectedSince != nil {
		c.watched(service)
	}
	for _, n := range t.Notices {
		c.health(n)
	}
	c.announcedOnce(t.Notices)
}
