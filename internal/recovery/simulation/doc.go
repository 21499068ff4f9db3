// Package simulation runs random histories against the real engine, for tests:
// plans, schedules, alerts, changes, people's words and faults of every kind,
// in virtual time over the stores of package recoverytest. An oracle that knows
// only what was sent and what Azure did holds each step against the design's
// invariants I1 to I10. One seed is one history, exactly.
package simulation
