package retention

import (
	"errors"
	"fmt"
	"time"
)

// Policy says which points are kept. A point stays if any of its rules keeps
// it; a number that is zero is a rule that keeps nothing. Rules count good
// points only: live, restorable at the time, not dated in the future and not
// being removed.
type Policy struct {
	// KeepLast is how many of the newest points are kept.
	KeepLast int
	// Hourly, Daily and Weekly are how many hours, days and ISO weeks, from
	// the newest one with a point on, keep the newest of their points. Ones
	// without a point do not count, so that a pause in the backups costs none.
	Hourly, Daily, Weekly int
	// KeepWithin keeps every point that was started no longer ago, restorable
	// or not.
	KeepWithin time.Duration
	// MinKeep is how many of the newest points stay whatever the rest says,
	// at least 1. As many of the newest without concurrent changes stay too:
	// those that may hold the half of a change do not take their place.
	MinKeep int
	// Location is whose clock hours, days and weeks are counted by; nil is
	// UTC.
	Location *time.Location
	// RestorableFor is how long Azure accepts a backup, counted from its
	// start.
	RestorableFor time.Duration
}

// Validate returns everything that is wrong with p, or nil.
func (p Policy) Validate() error {
	var errs []error
	for _, n := range []struct {
		name  string
		value int
	}{{"keepLast", p.KeepLast}, {"hourly", p.Hourly}, {"daily", p.Daily}, {"weekly", p.Weekly}} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("%s: want 0 or more, got %d", n.name, n.value))
		}
	}
	if p.KeepWithin < 0 {
		errs = append(errs, fmt.Errorf("keepWithin: want 0s or more, got %s", p.KeepWithin))
	}
	if p.KeepLast == 0 && p.Hourly == 0 && p.Daily == 0 && p.Weekly == 0 && p.KeepWithin == 0 {
		errs = append(errs, errors.New("keeps nothing beyond minKeep: want at least one of keepLast, hourly, daily, weekly and keepWithin above 0"))
	}
	if p.MinKeep < 1 {
		errs = append(errs, fmt.Errorf("minKeep: want 1 or more, got %d", p.MinKeep))
	}
	if p.RestorableFor <= 0 {
		errs = append(errs, fmt.Errorf("restorableFor: want more than 0s, got %s", p.RestorableFor))
	}
	return errors.Join(errs...)
}

func (p Policy) location() *time.Location {
	if p.Location == nil {
		return time.UTC
	}
	return p.Location
}
