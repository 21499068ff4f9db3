package main

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/preflight"
)

// checkState looks at what there is once: the account, the table, the queues
// and the clock.
func (c *checking) checkState(ctx context.Context) []verdicts {
	c.sights.caller = begin(ctx, c, c.sights.who)
	c.sights.rows = begin(ctx, c, func(ctx context.Context) (tableRows, error) { return readTable(ctx, c.reached.rows) })
	notices := begin(ctx, c, func(ctx context.Context) (int, error) { return undelivered(ctx, c.reached.rows) })
	all := []verdicts{
		func() []preflight.Verdict {
			who, fault := c.sights.caller.get()
			return []preflight.Verdict{preflight.Account(who.name, who.app, fault)}
		},
		func() []preflight.Verdict {
			rows, fault := c.sights.rows.get()
			all := append([]preflight.Verdict{preflight.Table(c.table, len(rows.summaries), fault)}, preflight.Newer(rows.newer)...)
			if c.planErr == nil {
				all = append(all, preflight.Serving(c.plan, rows.summaries)...)
			}
			return all
		},
		func() []preflight.Verdict {
			n, fault := notices.get()
			if !fault.None() {
				return nil // as the table's says
			}
			return []preflight.Verdict{preflight.Notices(n)}
		},
		c.checkQueues(ctx),
	}
	for _, clock := range c.sights.clocks {
		all = append(all, c.checkClock(ctx, clock))
	}
	return all
}

// tableRows is what the checks want of the table.
type tableRows struct {
	summaries map[string]job.Summary // of services
	newer     int                    // rows that this version can't read
}

func readTable(ctx context.Context, r rows) (tableRows, error) {
	found := tableRows{summaries: map[string]job.Summary{}}
	err := each(r.Summaries(ctx), &found.newer, func(s job.Summary) {
		if s.Service != job.NoService {
			found.summaries[s.Service] = s
		}
	})
	return found, err
}

func undelivered(ctx context.Context, r rows) (n int, err error) {
	var newer int
	err = each(r.Notices(ctx), &newer, func(notice job.StoredNotice) {
		if notice.Delivery.State == job.Undelivered {
			n++
		}
	})
	return n, err
}

// each hands all rows to do, and counts those of a newer version.
func each[T any](all iter.Seq2[T, error], newer *int, do func(T)) error {
	for row, err := range all {
		switch {
		case errors.Is(err, job.ErrNewerSchema):
			*newer++
		case err != nil:
			return err
		default:
			do(row)
		}
	}
	return nil
}

// clockAt is a server whose answers say what time it is.
type clockAt struct{ name, url string }

func (c *checking) checkClock(ctx context.Context, server clockAt) verdicts {
	seen := begin(ctx, c, func(ctx context.Context) (time.Duration, error) { return ahead(ctx, c.sights.web, c.now, server.url) })
	return func() []preflight.Verdict {
		ahead, fault := seen.get()
		return []preflight.Verdict{preflight.Clock(server.name, ahead, fault)}
	}
}

// ahead asks a server, without a credential, for any answer: its date is what
// counts.
func ahead(ctx context.Context, web http.RoundTripper, now func() time.Time, address string) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	before := now()
	answer, err := web.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	after := now()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // whatever it says
	_ = answer.Body.Close()
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return 0, errors.New("the answer has no date")
	}
	// The date has whole seconds, and was written between the two.
	return before.Add(after.Sub(before) / 2).Sub(date.Add(time.Second / 2)), nil
}
