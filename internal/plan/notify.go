package plan

import (
	"slices"
	"time"

	"lifeboat/internal/job"
)

// Form is how a notice is written for a webhook.
type Form string

// The forms.
const (
	FormCloudEvents Form = "cloudevents" // CloudEvents 1.0, structured mode, JSON
	FormTeams       Form = "teams"       // an adaptive card for a Teams workflow
	FormSlack       Form = "slack"       // an incoming webhook's message
)

// Webhook is told of notices. It holds no secret: URLSetting and KeySetting
// name the app settings that do.
type Webhook struct {
	Name       string
	Form       Form
	URLSetting string
	KeySetting string // of the key that signs; empty: not signed
}

// Changes says when a change of a service asks for a backup.
type Changes struct {
	// Quiet is how long no other change must have come, AtMost how long a
	// backup is put off because of more changes, and MinInterval how much
	// time lies between its start and that of the backup before at least.
	Quiet, AtMost, MinInterval time.Duration
}

// Cadence is what s's backups must keep up with.
func (s Service) Cadence() job.Cadence {
	return job.Cadence{Interval: s.Interval, Grace: s.Grace, RestorableFor: s.RestorableFor}
}

// Told returns the webhooks that are told of a service; all of them for one
// that the plan does not have.
func (p *Plan) Told(service string) []Webhook {
	s, ok := p.Service(service)
	if !ok || s.Webhooks == nil {
		return p.Webhooks
	}
	var told []Webhook
	for _, w := range p.Webhooks {
		if slices.Contains(s.Webhooks, w.Name) {
			told = append(told, w)
		}
	}
	return told
}
