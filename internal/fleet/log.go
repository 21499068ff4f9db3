package fleet

import (
	"time"

	"lifeboat/internal/job"
)

// Word is h as people and metrics read it: well, late or down.
func Word(h job.Health) string {
	switch h {
	case job.Late:
		return "late"
	case job.Down:
		return "down"
	}
	return "well"
}

// Words lists what Word can say.
func Words() []string { return []string{Word(""), Word(job.Late), Word(job.Down)} }

// LogArgs are the keys and values of the fleet's log line: the same keys in
// every line, except for environment.
func (f Fleet) LogArgs() []any {
	args := []any{"services", len(f.Services), "noticesPending", f.NoticesPending, "noticesUndelivered", f.NoticesUndelivered}
	args = append(args, f.Load.logArgs()...)
	return present(args, "environment", f.Environment)
}

// LogArgs are the keys and values of s's log line. What there is none of is
// left out: lastSuccess, rpoSeconds and restorableUntil without a point,
// last... before the first backup ended, and so on.
func (s Service) LogArgs() []any {
	args := []any{"service", s.Name, "health", Word(s.Health), "announced", Word(s.Announced), "intervalSeconds", seconds(s.Interval), "graceSeconds", seconds(s.Grace)}
	args = append(args, s.Load.logArgs()...)
	args = present(args, "lastSuccess", s.LastSuccess)
	if s.Restorable {
		args = append(args, "rpoSeconds", seconds(s.RPO))
	}
	args = present(args, "restorableUntil", s.RestorableUntil)
	args = present(args, "lastStatus", string(s.LastStatus))
	args = present(args, "lastCode", s.LastCode)
	args = present(args, "lastJob", s.LastJob)
	args = present(args, "lastEnded", s.LastEnded)
	args = present(args, "waiting", s.Waiting)
	args = present(args, "incident", s.Incident)
	return present(args, "maintenanceUntil", s.MaintenanceUntil)
}

// LogArgs are the keys and values of s's log line. readiness is left out
// while nobody has looked.
func (s Standby) LogArgs() []any {
	args := []any{"standby", s.Name, "service", s.Source, "mode", string(s.Mode)}
	args = present(args, "readiness", string(s.Readiness))
	args = present(args, "reason", s.Reason)
	args = present(args, "checkedAt", s.CheckedAt)
	args = present(args, "servingFor", s.ServingFor)
	return present(args, "servingSince", s.ServingSince)
}

func (l Load) logArgs() []any {
	return []any{"jobsInFlight", l.JobsInFlight, "oldestJobAgeSeconds", seconds(l.OldestJobAge), "pollLagSeconds", seconds(l.PollLag)}
}

// present adds key and value to args unless value is the zero one.
func present[T comparable](args []any, key string, value T) []any {
	var none T
	if value == none {
		return args
	}
	return append(args, key, value)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
