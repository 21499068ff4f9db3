package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lifeboat/internal/job"
)

// mostShown is how many unreadable rows a notice names.
const mostShown = 5

// newer are the errors within err of rows that a newer version wrote.
func newer(err error) (all []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			for _, text := range newer(one) {
				if !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
		return all
	}
	if errors.Is(err, job.ErrNewerSchema) {
		all = append(all, err.Error())
	}
	return all
}

// outdated tells people, once a day, that a newer version wrote rows which this
// one leaves alone. Otherwise the silence about them would pass for health.
func (e *Engine) outdated(ctx context.Context, rows []string) error {
	n := job.Notice{
		ID: fmt.Sprintf("%s:%s:%s", job.NoService, e.now().Format("20060102"), job.NoticeOutdated), Type: job.NoticeOutdated,
		Service: job.NoService, At: e.now(), Facts: job.NoticeFacts{Warnings: rows[:min(len(rows), mostShown)]},
	}
	err := e.Store.AddNotice(ctx, n)
	if errors.Is(err, job.ErrExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tell that rows are newer than this version: %w", err)
	}
	e.Log.ErrorContext(ctx, "rows are newer than this version", "rows", len(rows), keyError, rows[0])
	e.announce(ctx, []job.Notice{n})
	return nil
}
