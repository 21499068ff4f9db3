package job

import "time"

// Incident joins the alerts about one service. It lives in that service's
// partition; at most one is open, named in the service's summary.
type Incident struct {
	ID       string
	Service  string
	Rule     string // of the alert that opened it
	OpenedAt time.Time
	FiredAt  time.Time // of that alert
	// Restore and Target are the one restore job of this incident and its
	// partition; empty until it is decided.
	Restore, Target string
	ResolvedAt      time.Time // zero while it is open
	ResolvedBy      string    // an alert's end, or a person
}

// Open reports whether the incident has not been resolved.
func (i Incident) Open() bool { return i.ResolvedAt.IsZero() }

// StoredIncident is an incident as it was read.
type StoredIncident struct {
	Incident
	ETag string
}

// AlertRecord is what is kept of one alert, by its own identity. A resolved
// one stays, so that a late copy of its firing is dropped.
type AlertRecord struct {
	ID         string
	Service    string
	Incident   string
	Rule       string
	FiredAt    time.Time
	ResolvedAt time.Time // zero while it is fired
}

// StoredSummary is a summary as it was read; ETag is empty for a service that
// has none yet.
type StoredSummary struct {
	Summary
	ETag string
}
