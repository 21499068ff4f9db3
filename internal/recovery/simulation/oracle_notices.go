package simulation

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"lifeboat/internal/job"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// announcedOnce checks that what happens to a job once is announced by one id.
func (c *call) announcedOnce(notices []job.Notice) {
	for _, n := range notices {
		c.figures.Notices++
		switch n.Type {
		case job.NoticeBackupStarted, job.NoticeBackupSucceeded, job.NoticeBackupFailed, job.NoticeApprovalExpired, job.NoticeRestoreBlocked,
			job.NoticeRestoreCompleted, job.NoticeRestoreFailed, job.NoticeRestoreCanceled:
			key := string(n.Type) + " of " + n.Facts.Job
			if c.ended[key] == nil {
				c.ended[key] = map[string]bool{}
			}
			if c.ended[key][n.ID] = true; len(c.ended[key]) > 1 {
				c.violate("I9", "%s has %d notices", key, len(c.ended[key]))
			}
		}
	}
}

// age is how old a service's newest good backup is at the least and at the
// most, and whether it can still be restored.
func (h *history) age(service string) (least, most time.Duration, restorable, any bool) {
	s, _ := h.plan.Service(service)
	since := h.alarm[service]
	newest, any := h.newest(service)
	if any {
		since = newest.StartedAt
		if o := h.backupOp(newest.Blob); o != nil {
			since = o.Started
		}
		restorable = h.now().Sub(since) < s.RestorableFor
	}
	if since.IsZero() {
		return 0, 0, false, any
	}
	age := h.now().Sub(since)
	return age - 2*slack, age + 2*slack, restorable, any
}

// health holds a notice of a service's health against I10.
func (c *call) health(n job.Notice) {
	s, ok := c.plan.Service(n.Service)
	if !ok {
		return
	}
	said := c.alarms[s.Name]
	least, most, restorable, any := c.age(s.Name)
	bereft := !any && len(c.ever) > 0
	switch n.Type {
	case job.NoticeLate:
		if said[job.Late] {
			c.violate("I10", "%s is announced as late a second time", s.Name)
		}
		said[job.Late] = true
		if most <= s.Interval+s.Grace && !bereft {
			c.violate("I10", "%s is announced as late, and its newest good backup is %s old", s.Name, most)
		}
	case job.NoticeDown:
		if said[job.Down] {
			c.violate("I10", "%s is announced as down a second time", s.Name)
		}
		said[job.Down] = true
		if most <= 2*s.Interval+s.Grace && restorable && most < s.RestorableFor {
			c.violate("I10", "%s is announced as down, and its newest good backup is %s old", s.Name, most)
		}
	case job.NoticeRecovered:
		clear(said)
		if least-c.took() > s.Interval+s.Grace {
			c.violate("I10", "%s is announced as well, and its newest good backup is %s old", s.Name, least)
		}
	}
}

// announced checks after a watch to which nothing happened that whatever is
// late or down has been announced (I10).
func (c *call) announced() {
	for _, s := range c.plan.Services {
		c.watched(s.Name)
		least, _, restorable, any := c.age(s.Name)
		if c.changedAt.After(c.at) {
			continue
		}
		said := c.alarms[s.Name]
		if least > s.Interval+s.Grace && !said[job.Late] && !said[job.Down] {
			c.violate("I10", "%s is late and nobody was told: its newest good backup is %s old", s.Name, least)
		}
		if (least > 2*s.Interval+s.Grace || any && !restorable && least > s.RestorableFor) && !said[job.Down] {
			c.violate("I10", "%s is down and nobody was told: its newest good backup is %s old", s.Name, least)
		}
	}
}

// watched notes that a service is watched, from now on if it was not before.
func (c *call) watched(service string) {
	if c.alarm[service].IsZero() {
		c.alarm[service] = c.now()
	}
}

// secretless holds what gets out against I7.
func (h *history) secretless(where, text string) {
	if contains(text, planted) {
		h.violate("I7", "a resume token is in a %s: %.300s", where, text)
	}
}

// listener reads every log line.
type listener struct{ h *history }

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }

func (l *listener) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	line.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		line.WriteString(" " + a.Key + "=" + a.Value.String())
		return true
	})
	l.h.secretless("log line", line.String())
	if !strings.HasSuffix(r.Message, "watched") {
		l.h.tell("  log: %s", line.String())
	}
	return nil
}

func (l *listener) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *listener) WithGroup(string) slog.Handler      { return l }

// finally checks what must hold when all has come to rest.
func (h *history) finally() {
	for _, j := range h.open {
		if h.now().Sub(j.Deadline) > prompt {
			h.violate("I2", "job %s is %s long after its deadline %s: %s", j.ID, j.State, j.Deadline, j.Reason)
		}
	}
	for _, n := range h.store.AllNotices() {
		h.secretless("row", n.Facts.Message+n.LastError+strings.Join(n.Facts.Warnings, ""))
	}
	for _, s := range h.plan.Services {
		for _, p := range h.store.Catalogue(s.Name) {
			if p.Live() && !h.deleted[p.Blob] && !h.azure.Has(p.Blob) {
				h.violate("I6", "the blob of live point %s is gone", p.Blob)
			}
		}
		if blob := h.foreign[s.Name]; !h.azure.Has(blob) {
			h.violate("I6", "blob %s, which Lifeboat knows nothing of, is gone", blob)
		}
	}
	if !h.failed() {
		h.rebuilt()
	}
}
