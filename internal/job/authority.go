package job

import (
	"errors"
	"time"
)

// Authority says which table decides about the backups in a container: after
// a disaster another region rebuilds its own from them, and the one before
// must start and delete nothing when it comes back.
type Authority struct {
	Table string // as its owner names it
	Epoch int    // from 1; each claim is one more
	At    time.Time
	By    string // who claimed it, as asserted; empty for the app itself
}

// StoredAuthority is an authority as it was read.
type StoredAuthority struct {
	Authority
	ETag string
}

// ErrForeign: another table has the authority over the container.
var ErrForeign = errors.New("another Lifeboat decides about this container")
