package job

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Point is a verified backup. It exists from the save that ended Verifying.
type Point struct {
	Service    string
	Job        string
	Attempt    int
	Blob       string
	Size       int64
	StartedAt  time.Time // changes after it may be missing
	VerifiedAt time.Time
	Before     Inventory // just before the start; products are not looked at
	After      Inventory // after the end
	Facts      Facts
	// Settings are the service's settings that the backup leaves out.
	Settings map[string]string
	// ConcurrentChanges: the service was changed while it was backed up, so
	// the backup may hold the half of a change.
	ConcurrentChanges bool
	// Held says why a person keeps the point, whatever the policy says, and
	// HeldBy who that is; both are empty for a point that nobody holds.
	Held, HeldBy string
	// Pinned are the restore jobs that need the point, with spaces between
	// them; empty for none.
	Pinned string
	// Removing: its blob may be gone already, because Remover has begun to
	// remove it. Nothing is restored from it. Until the settling time has
	// passed since RemovingSince, nobody else removes it.
	Removing      bool
	Remover       string
	RemovingSince time.Time
	// Withdrawn is when the point ceased to be one because its blob is gone;
	// zero for a point that can be restored.
	Withdrawn    time.Time
	WithdrawnWhy string
}

// Live reports whether p has not been withdrawn, and is not being removed.
func (p Point) Live() bool { return p.Withdrawn.IsZero() && !p.Removing }

// Skew is how far the clocks of whoever dates a change and of whoever dates a
// backup may be apart.
const Skew = time.Minute

// During reports whether a change at t may have been made while the backup
// was taken.
func (p Point) During(t time.Time) bool {
	return !t.Before(p.StartedAt.Add(-Skew)) && !t.After(p.VerifiedAt.Add(Skew))
}

// MayHold reports whether the backup may hold what i lists although that is not
// what was counted after it: it holds what there was at its start.
func (p Point) MayHold(i Inventory) bool {
	same := func(at, is Tally) bool { return !at.Known() || at == is }
	return same(p.Before.APIs, i.APIs) && same(p.Before.NamedValues, i.NamedValues)
}

// RestorableUntil is when Azure stops accepting the backup: limit after its
// start. It says nothing of how long the blob is kept.
func (p Point) RestorableUntil(limit time.Duration) time.Time { return p.StartedAt.Add(limit) }

// Artefact is a blob as storage shows it.
type Artefact struct {
	Name string
	Size int64
}

// Facts are what a restore must match, as ARM's service resource says it.
// All are empty where the operation's end was not seen.
type Facts struct {
	Tier     string // sku.name, such as Developer or Premium
	Units    int
	Location string
}

// Inventory says how many of each kind of resource a service holds and which,
// by a hash of their sorted names. A zero Tally is one nobody looked at.
type Inventory struct {
	APIs, Products, NamedValues Tally
}

// Tally counts one kind of resource.
type Tally struct {
	Count int
	Hash  string
}

// NewTally counts names; their order does not matter.
func NewTally(names []string) Tally {
	sorted := slices.Sorted(slices.Values(names))
	sum := sha256.Sum256([]byte(strings.Join(sorted, "\x00")))
	return Tally{Count: len(names), Hash: hex.EncodeToString(sum[:8])}
}

// Known reports whether anybody counted.
func (t Tally) Known() bool { return t.Hash != "" }

// Fingerprint is one value for the whole inventory, or "" if a part of it is
// not known.
func (i Inventory) Fingerprint() string {
	if !i.APIs.Known() || !i.Products.Known() || !i.NamedValues.Known() {
		return ""
	}
	sum := sha256.Sum256([]byte(i.APIs.Hash + i.Products.Hash + i.NamedValues.Hash))
	return hex.EncodeToString(sum[:8])
}
