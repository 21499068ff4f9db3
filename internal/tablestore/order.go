package tablestore

import (
	"time"

	"lifeboat/internal/job"
)

// restoreOrder is a job's order as its row keeps it, in one property. Names
// are kept whole up to maxName: they are compared. Words for people are
// shortened to what there is room for.
type restoreOrder struct {
	Source    string        `json:"source"`
	Incident  string        `json:"incident,omitempty"`
	Request   string        `json:"request,omitempty"`
	Wanted    string        `json:"wanted,omitempty"`
	By        string        `json:"by,omitempty"`
	Why       string        `json:"why,omitempty"`
	Automatic bool          `json:"automatic,omitempty"`
	Rule      string        `json:"rule,omitempty"`
	FiredAt   time.Time     `json:"firedAt,omitzero"`
	Warm      bool          `json:"warm,omitempty"`
	Point     orderPoint    `json:"point,omitzero"`
	Gates     []orderGate   `json:"gates,omitempty"`
	Approval  orderApproval `json:"approval,omitzero"`
	Safety    orderArtefact `json:"safety,omitzero"`
	Attempted time.Time     `json:"attempted,omitzero"`

	GatewayURL    string `json:"gatewayUrl,omitempty"`
	ManagementURL string `json:"managementUrl,omitempty"`
}

type orderPoint struct {
	Service    string            `json:"service"`
	Job        string            `json:"job"`
	Attempt    int               `json:"attempt"`
	Blob       string            `json:"blob"`
	Size       int64             `json:"size"`
	StartedAt  time.Time         `json:"startedAt,omitzero"`
	VerifiedAt time.Time         `json:"verifiedAt,omitzero"`
	Before     orderInventory    `json:"before,omitzero"`
	After      orderInventory    `json:"after,omitzero"`
	Facts      orderFacts        `json:"facts,omitzero"`
	Settings   map[string]string `json:"settings,omitempty"`

	ConcurrentChanges bool      `json:"concurrentChanges,omitempty"`
	Held              string    `json:"held,omitempty"`
	HeldBy            string    `json:"heldBy,omitempty"`
	Pinned            string    `json:"pinned,omitempty"`
	Removing          bool      `json:"removing,omitempty"`
	Remover           string    `json:"remover,omitempty"`
	RemovingSince     time.Time `json:"removingSince,omitzero"`
	Withdrawn         time.Time `json:"withdrawn,omitzero"`
	WithdrawnWhy      string    `json:"withdrawnWhy,omitempty"`
}

type orderInventory struct {
	APIs        orderTally `json:"apis,omitzero"`
	Products    orderTally `json:"products,omitzero"`
	NamedValues orderTally `json:"namedValues,omitzero"`
}

type orderTally struct {
	Count int    `json:"count"`
	Hash  string `json:"hash"`
}

type orderFacts struct {
	Tier     string `json:"tier"`
	Units    int    `json:"units"`
	Location string `json:"location"`
}

type orderGate struct {
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	Sentence string `json:"sentence,omitempty"`
}

type orderApproval struct {
	By      string    `json:"by,omitempty"`
	Why     string    `json:"why,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
}

type orderArtefact struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// maxName bounds what names something, in bytes.
const maxName = 1 << 10

// encodeOrder is o as JSON, "" for none. Should even short words not fit, the
// gates and the settings go: the order itself must stay.
func encodeOrder(o *job.RestoreOrder) string {
	if o == nil {
		return ""
	}
	if text, ok := fitting(maxNested, func(word int) string { return compact(orderOf(*o, word)) }); ok {
		return text
	}
	bare := *o
	bare.Gates, bare.Point.Settings = nil, nil
	return compact(orderOf(bare, minWord))
}

func orderOf(o job.RestoreOrder, word int) restoreOrder {
	approval := orderApproval(o.Approval)
	approval.By, approval.Why = shortened(approval.By, maxName), shortened(approval.Why, word)
	approval.At, approval.Expires = kept(approval.At), kept(approval.Expires)
	wire := restoreOrder{
		Source:    shortened(o.Source, maxName),
		Incident:  shortened(o.Incident, maxName),
		Request:   shortened(o.Request, maxName),
		Wanted:    shortened(o.Wanted, maxName),
		By:        shortened(o.By, maxName),
		Why:       shortened(o.Why, word),
		Automatic: o.Automatic,
		Rule:      shortened(o.Rule, maxName),
		FiredAt:   kept(o.FiredAt),
		Warm:      o.Warm,
		Point:     orderPointOf(o.Point, word),
		Approval:  approval,
		Safety:    orderArtefact(o.Safety),
		Attempted: kept(o.Attempted),

		GatewayURL:    shortened(o.GatewayURL, maxName),
		ManagementURL: shortened(o.ManagementURL, maxName),
	}
	for _, g := range o.Gates {
		wire.Gates = append(wire.Gates, orderGate{g.Name, g.Outcome, shortened(g.Sentence, word)})
	}
	return wire
}

func orderPointOf(p job.Point, word int) orderPoint {
	return orderPoint{
		Service:    p.Service,
		Job:        p.Job,
		Attempt:    p.Attempt,
		Blob:       p.Blob,
		Size:       p.Size,
		StartedAt:  kept(p.StartedAt),
		VerifiedAt: kept(p.VerifiedAt),
		Before:     orderInventoryOf(p.Before),
		After:      orderInventoryOf(p.After),
		Facts:      orderFacts(p.Facts),
		Settings:   shortenedAll(p.Settings, word),

		ConcurrentChanges: p.ConcurrentChanges,
		Held:              shortened(p.Held, word),
		HeldBy:            shortened(p.HeldBy, maxName),
		Pinned:            shortened(p.Pinned, maxName),
		Removing:          p.Removing,
		Remover:           p.Remover,
		RemovingSince:     kept(p.RemovingSince),
		Withdrawn:         kept(p.Withdrawn),
		WithdrawnWhy:      shortened(p.WithdrawnWhy, word),
	}
}

func orderInventoryOf(i job.Inventory) orderInventory {
	return orderInventory{orderTally(i.APIs), orderTally(i.Products), orderTally(i.NamedValues)}
}
