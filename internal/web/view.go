package web

import (
	"time"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// Known is what has been read for a view. The fleet's needs no job that has
// ended, except those that open incidents name.
type Known struct {
	Plan      *plan.Plan
	Rows      fleet.Rows
	Incidents []job.Incident // those that are open
	// Restores are the jobs that incidents name and that have ended.
	Restores []job.Job
	// Incomplete: some of it could not be read.
	Incomplete bool
	Now        time.Time
}

// Level says how bad something is; the page shows it as a symbol beside a
// word.
type Level string

// The levels.
const (
	Going Level = "going" // not ended: neither good nor bad
	Good  Level = "good"
	Warn  Level = "warn"
	Bad   Level = "bad"
)

// View is the whole fleet at one moment.
type View struct {
	At          time.Time `json:"at"`
	Environment string    `json:"environment,omitempty"`
	// Incomplete: some rows could not be read, so there may be more jobs,
	// incidents and notices than are listed and counted.
	Incomplete bool   `json:"incomplete,omitempty"`
	Answer     Answer `json:"answer"`
	// Services are all of the plan, those in trouble first.
	Services  []Service  `json:"services"`
	Jobs      []Job      `json:"jobs"` // that have not ended, oldest first
	Incidents []Incident `json:"incidents"`
	// Notices are the newest that nobody has got; the counts are of all.
	NoticesPending     int      `json:"noticesPending"`
	NoticesUndelivered int      `json:"noticesUndelivered"`
	Notices            []Notice `json:"notices"`
}

// Answer says whether everything is restorable, and how old it is.
type Answer struct {
	Level    Level  `json:"level"`
	Sentence string `json:"sentence" text:"long"`
	// Work says which failovers are under way, and how many incidents are open.
	Work       string `json:"work"`
	Services   int    `json:"services"`
	Restorable int    `json:"restorable"`
	// Oldest is the restorable service whose newest backup is the oldest.
	Oldest    string  `json:"oldest,omitempty"`
	OldestAge Seconds `json:"oldestAgeSeconds,omitempty"`
}

// Unknown is the health of a service of which nothing could be read.
const Unknown = "unknown"

// Service is one protected service.
type Service struct {
	Name string `json:"name"`
	// Unknown: what is stored of the service could not be read. Only what the
	// plan says of it is known, and its standbys, and Restorable is false.
	Unknown    bool    `json:"unknown,omitempty"`
	Health     string  `json:"health"` // as fleet.Word, or Unknown
	Level      Level   `json:"level"`
	Restorable bool    `json:"restorable"`
	RPO        Seconds `json:"rpoSeconds,omitempty"` // age of the newest restorable backup
	Goal       Seconds `json:"goalSeconds"`          // which RPO should not exceed
	// StartedAt and VerifiedAt are of the newest point.
	StartedAt        time.Time `json:"startedAt,omitzero"`
	VerifiedAt       time.Time `json:"verifiedAt,omitzero"`
	RestorableUntil  time.Time `json:"restorableUntil,omitzero"`
	NextRun          time.Time `json:"nextRun,omitzero"`
	Waiting          string    `json:"waiting,omitempty"` // the backup that NextRun is about, if it is made
	LastBackup       *Ended    `json:"lastBackup,omitempty"`
	LastRestore      *Ended    `json:"lastRestore,omitempty"` // the failover that began last, as far as is known
	Standbys         []Standby `json:"standbys"`
	Incident         string    `json:"incident,omitempty"`
	MaintenanceUntil time.Time `json:"maintenanceUntil,omitzero"`
	JobsInFlight     int       `json:"jobsInFlight"`
}

// Ended is a job in few words. State and Code are empty where only its
// beginning is known.
type Ended struct {
	Job   string    `json:"job"`
	State string    `json:"state,omitempty"`
	Code  string    `json:"code,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

// Standby is a service that a restore may overwrite.
type Standby struct {
	Name       string    `json:"name"`
	Mode       string    `json:"mode"`
	Unknown    bool      `json:"unknown,omitempty"`   // as in Service
	Readiness  string    `json:"readiness,omitempty"` // empty: nobody has looked
	Reason     string    `json:"reason,omitempty"`
	CheckedAt  time.Time `json:"checkedAt,omitzero"`
	ServingFor string    `json:"servingFor,omitempty"`
	Since      time.Time `json:"servingSince,omitzero"`
	Holds      string    `json:"holds,omitempty"` // the blob that was restored last
}

// Incident is an open one, with what the gates said of its restore.
type Incident struct {
	ID       string    `json:"id"`
	Service  string    `json:"service"`
	Rule     string    `json:"rule"`
	OpenedAt time.Time `json:"openedAt"`
	FiredAt  time.Time `json:"firedAt,omitzero"`
	Restore  string    `json:"restore,omitempty"`
	Target   string    `json:"target,omitempty"`
	// State and Gates are the restore's, where it was read.
	State string `json:"state,omitempty"`
	Gates []Gate `json:"gates,omitempty"`
}

// Gate is one condition of a restore with its verdict.
type Gate struct {
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	Sentence string `json:"sentence" text:"long"`
}

// Notice is one that has not reached everybody.
type Notice struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	About    string    `json:"about,omitempty"`
	At       time.Time `json:"at"`
	State    string    `json:"state"`
	Attempts int       `json:"attempts"`
	NextAt   time.Time `json:"nextAt,omitzero"`
	Error    string    `json:"error,omitempty"`
}
