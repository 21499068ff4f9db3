package gate

import "time"

// Mode is what the plan lets happen without a person (failover.mode).
type Mode string

// The modes, as the plan writes them. Any other refuses everything.
const (
	// Off: no alert starts a restore; a person's request needs another
	// person's approval.
	Off Mode = "off"
	// Approve: every restore needs an approval.
	Approve Mode = "approve"
	// Auto: no restore needs an approval.
	Auto Mode = "auto"
)

// Policy is the failover section of the source in the plan.
type Policy struct {
	Mode     Mode
	Rules    []string // names of the alert rules that may start a failover, compared exactly
	Standbys []string // the plan's names of the services that a restore may overwrite
	// MinFor is how long a condition must have lasted.
	MinFor time.Duration
	// Cooldown is how long after a failover its source and its target are
	// left alone.
	Cooldown time.Duration
	// MaxPointAge is how old a backup may be; 0 leaves it to Azure's limit.
	MaxPointAge time.Duration
	// Approvers says, for people, whom to ask.
	Approvers string
}

// Request is what asks for a restore.
type Request struct {
	Job string // the restore's job id; an approval names it
	// Automatic: an alert asks, or nobody. Otherwise a person does.
	Automatic bool
	Rule      string    // of the alert
	FiredAt   time.Time // since when the alert's condition holds
	Requester string    // who asks, as asserted
	Source    string    // the plan's names
	Target    string
	Point     string // the point that a person named; "" leaves the choice
}

// Answer is a yes, a no, or, as the zero value, not known.
type Answer int

// The answers.
const (
	Unknown Answer = iota
	Yes
	No
)

// Facts are what is known at the time of the decision. Zero values mean that
// it is not known.
type Facts struct {
	Probe       Probe
	Maintenance Maintenance // of the source
	Incident    Incident    // of the source
	// The last failover in which each took part.
	SourceFailover, TargetFailover Failover
	Source                         Source
	Target                         Target
	Point                          Point
	Approval                       Approval
}

// Health is what the source's gateway said.
type Health string

// What a gateway can say. The zero value: it was not asked.
const (
	Healthy     Health = "Healthy"
	Unhealthy   Health = "Unhealthy"
	Unreachable Health = "Unreachable" // also one in a network that Lifeboat is not in
)

// Probe is one question to the source's gateway.
type Probe struct {
	Health Health
	At     time.Time
}

// Maintenance is a time in which people expect the source to be down.
type Maintenance struct {
	On    Answer
	Until time.Time // zero: until a person ends it
}

// IncidentState is where the source's newest incident stands.
type IncidentState string

// The states. The zero value is not known.
const (
	IncidentNone     IncidentState = "None"
	IncidentOpen     IncidentState = "Open"
	IncidentResolved IncidentState = "Resolved"
)

// Incident is what joins the alerts about the source.
type Incident struct {
	State IncidentState
	// Attempt is the job of the incident's restore; "" if it has had none.
	Attempt string
}

// Failover is the last one in which a service took part.
type Failover struct {
	Happened     Answer
	At           time.Time
	Acknowledged bool // by a person, which ends the cool-down
}

// Source is the service that is down.
type Source struct {
	ResourceID string
}

// Target is the service that the restore overwrites.
type Target struct {
	ResourceID        string
	Exists            Answer
	ProvisioningState string // ARM's
	Tier              string // ARM's sku.name
	Serving           Answer // a failover made it live, and nobody has acknowledged that
	Leased            Answer
	LeasedBy          string // the job that holds the lease
	// Wanted: an incident of any service, open or being answered, may need
	// it. WantedBy names that service. Only a warm refresh yields to it.
	Wanted   Answer
	WantedBy string
	// Holds: it already has the chosen point's content.
	Holds Answer
}

// Point is the backup that was chosen.
type Point struct {
	Found           Answer // No: there is none to choose
	Name            string // as requests and approvals call it
	Service         string // whose backup it is
	Started         time.Time
	Tier            string
	RestorableUntil time.Time
	// Missing is the backup that would have been chosen, had its blob been in
	// Where, the place of the plan; "" if nothing was passed over.
	Missing, Where string
}

// Approval is the newest word of a person on this restore.
type Approval struct {
	Given Answer // Yes: approved, No: rejected
	By    string // as asserted: Service Bus gives no trustworthy sender
	At    time.Time
	// Expires is when an approval comes too late, or is worth nothing any
	// more. It is known from the time that one is asked for.
	Expires            time.Time
	Job, Point, Target string // what it is about
}
