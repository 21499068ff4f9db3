package blobstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lifeboat/internal/job"
)

// sidecarSchema is the version that this program writes and the newest that it
// reads. Fields may be added without a new schema.
const sidecarSchema = 1

// maxSidecar bounds what is read; a sidecar has about a kilobyte.
const maxSidecar = 1 << 20

const sidecarSuffix = ".lifeboat.json"

func sidecarName(backup string) string { return backup + sidecarSuffix }

// sidecar is a point as the container keeps it, so that the catalogue can be
// rebuilt from the container alone. Who pins the point, and that it is being
// removed, is of the table only.
type sidecar struct {
	Schema     int               `json:"schema"`
	Service    string            `json:"service"`
	Job        string            `json:"job"`
	Attempt    int               `json:"attempt"`
	Blob       string            `json:"blob"`
	Size       int64             `json:"size"`
	StartedAt  time.Time         `json:"startedAt"`
	VerifiedAt time.Time         `json:"verifiedAt"`
	Before     sidecarInventory  `json:"before"`
	After      sidecarInventory  `json:"after"`
	Facts      sidecarFacts      `json:"facts"`
	Settings   map[string]string `json:"settings,omitempty"`
	sidecarLater
}

// sidecarLater is what comes to be known later; see amended.
type sidecarLater struct {
	ConcurrentChanges bool      `json:"concurrentChanges,omitempty"`
	Held              string    `json:"held,omitempty"`
	HeldBy            string    `json:"heldBy,omitempty"`
	Withdrawn         time.Time `json:"withdrawn,omitzero"`
	WithdrawnWhy      string    `json:"withdrawnWhy,omitempty"`
}

// sidecarInventory leaves out what nobody counted.
type sidecarInventory struct {
	APIs        *sidecarTally `json:"apis,omitempty"`
	Products    *sidecarTally `json:"products,omitempty"`
	NamedValues *sidecarTally `json:"namedValues,omitempty"`
}

type sidecarTally struct {
	Count int    `json:"count"`
	Hash  string `json:"hash"`
}

type sidecarFacts struct {
	Tier     string `json:"tier"`
	Units    int    `json:"units"`
	Location string `json:"location"`
}

// sidecarOf is p's sidecar and what it says. What could not be read again is
// not worth writing, where nothing can be overwritten.
func sidecarOf(p job.Point) (text []byte, says job.Point, err error) {
	if text, err = encode(p); err == nil {
		says, err = decode(text)
	}
	return text, says, err
}

func encode(p job.Point) ([]byte, error) {
	text, err := json.MarshalIndent(sidecar{
		Schema:     sidecarSchema,
		Service:    p.Service,
		Job:        p.Job,
		Attempt:    p.Attempt,
		Blob:       p.Blob,
		Size:       p.Size,
		StartedAt:  p.StartedAt.UTC(),
		VerifiedAt: p.VerifiedAt.UTC(),
		Before:     inventoryOf(p.Before),
		After:      inventoryOf(p.After),
		Facts:      sidecarFacts(p.Facts),
		Settings:   p.Settings,

		sidecarLater: laterOf(p),
	}, "", "  ")
	return append(text, '\n'), err
}

// decode reads a sidecar. It returns job.ErrNewerSchema without a look at the
// rest, and an error for one that does not name a blob and its times, or that
// no row can hold.
func decode(text []byte) (job.Point, error) {
	if err := readable(text, sidecarSchema); err != nil {
		return job.Point{}, err
	}
	var s sidecar
	if err := json.Unmarshal(text, &s); err != nil {
		return job.Point{}, fmt.Errorf("not readable as a sidecar: %w", err)
	}
	if s.Schema < 1 || s.Service == "" || s.Blob == "" || s.StartedAt.IsZero() || s.VerifiedAt.IsZero() {
		return job.Point{}, errors.New("corrupt: want schema, service, blob, startedAt and verifiedAt")
	}
	if err := s.fits(); err != nil {
		return job.Point{}, fmt.Errorf("corrupt: %w", err)
	}
	if len(s.Settings) == 0 {
		s.Settings = nil // as it would be read again
	}
	return s.point(), nil
}

// readable reports why text is not JSON of a schema up to known, if it is not.
func readable(text []byte, known int) error {
	if len(text) > maxSidecar {
		return fmt.Errorf("larger than %d bytes, so it is none", maxSidecar)
	}
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return fmt.Errorf("not readable as JSON: %w", err)
	}
	if version.Schema > known {
		return fmt.Errorf("schema %d, this version knows %d: %w", version.Schema, known, job.ErrNewerSchema)
	}
	return nil
}

// decodeOf reads the sidecar of a backup, and no other's.
func decodeOf(backup string, text []byte) (job.Point, error) {
	p, err := decode(text)
	if err == nil {
		err = describes(p, backup)
	}
	return p, err
}

func describes(p job.Point, backup string) error {
	if p.Blob != backup {
		return fmt.Errorf("it describes another blob, %q", p.Blob)
	}
	return nil
}

func (s sidecar) point() job.Point {
	return job.Point{
		Service:    s.Service,
		Job:        s.Job,
		Attempt:    s.Attempt,
		Blob:       s.Blob,
		Size:       s.Size,
		StartedAt:  s.StartedAt.UTC(),
		VerifiedAt: s.VerifiedAt.UTC(),
		Before:     s.Before.inventory(),
		After:      s.After.inventory(),
		Facts:      job.Facts(s.Facts),
		Settings:   s.Settings,

		ConcurrentChanges: s.ConcurrentChanges,
		Held:              s.Held,
		HeldBy:            s.HeldBy,
		Withdrawn:         s.Withdrawn.UTC(),
		WithdrawnWhy:      s.WithdrawnWhy,
	}
}

func laterOf(p job.Point) sidecarLater {
	return sidecarLater{p.ConcurrentChanges, p.Held, p.HeldBy, p.Withdrawn.UTC(), p.WithdrawnWhy}
}

func inventoryOf(i job.Inventory) sidecarInventory {
	return sidecarInventory{APIs: tallyOf(i.APIs), Products: tallyOf(i.Products), NamedValues: tallyOf(i.NamedValues)}
}

func tallyOf(t job.Tally) *sidecarTally {
	if t == (job.Tally{}) {
		return nil
	}
	s := sidecarTally(t)
	return &s
}

func (i sidecarInventory) inventory() job.Inventory {
	return job.Inventory{APIs: i.APIs.tally(), Products: i.Products.tally(), NamedValues: i.NamedValues.tally()}
}

func (t *sidecarTally) tally() job.Tally {
	if t == nil {
		return job.Tally{}
	}
	return job.Tally(*t)
}
