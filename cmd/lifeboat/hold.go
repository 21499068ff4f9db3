package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// maxHoldReason is how long a hold's reason may be, in bytes: as long as a request's.
const maxHoldReason = 1000

func holdCommand(p *program) *cobra.Command {
	var reason, by string
	command := p.operator(&cobra.Command{
		Use:     "hold SERVICE POINT",
		Short:   "Keep a point whatever the retention says",
		GroupID: acts,
		Long: `Hold keeps a point, its backup and its record, until somebody releases it: no retention
removes it. It does not make Azure accept the backup for longer. Held again, a point has
the new reason.

It writes to the table and to the point's sidecar itself, whether or not the app runs.
Where the container is immutable the sidecar can't be changed: the table alone has the
hold then, and that is said; after a rebuild the point must be held again.`,
		Example: "  lifeboat hold apim-weu $(lifeboat points apim-weu --json | jq -r .points[0].point) --reason \"audit 2026\"",
	}, false, func(ctx context.Context, d *desk, args []string) error {
		return hold(ctx, d, args[0], args[1], oneLine(reason), by)
	})
	command.Flags().StringVar(&reason, "reason", "", "why, as recorded; it must be said")
	command.Flags().StringVar(&by, "by", "", byUsage)
	return command
}

func releaseCommand(p *program) *cobra.Command {
	return p.operator(&cobra.Command{
		Use:     "release SERVICE POINT",
		Short:   "Let a held point go again",
		GroupID: acts,
		Long: `Release ends a hold: from then on the retention decides about the point again. What was
not held stays as it is.`,
	}, false, func(ctx context.Context, d *desk, args []string) error { return release(ctx, d, args[0], args[1]) })
}

// holdReport is what hold and release print.
type holdReport struct {
	At    time.Time  `json:"at"`
	Point pointBrief `json:"point"` // as it is now
	// Before and BeforeBy are the hold that this one replaced or ended.
	Before   string `json:"heldBefore,omitempty"`
	BeforeBy string `json:"heldBeforeBy,omitempty"`
	// Warning: the table alone has it, and why.
	Warning string `json:"warning,omitempty"`
}

func hold(ctx context.Context, d *desk, name, blob, reason, by string) error {
	switch {
	case reason == "":
		return wrongUsage("a hold needs a reason, which tells others when it may end: say --reason TEXT")
	case len(reason) > maxHoldReason:
		return wrongUsage("--reason: want at most %d bytes", maxHoldReason)
	}
	s, p, err := d.holdable(ctx, name, blob)
	if err != nil {
		return err
	}
	if !p.Withdrawn.IsZero() {
		return bad("point %s can't be held: it was withdrawn: %s", p.Blob, oneLine(p.WithdrawnWhy))
	}
	if by, err = d.asker(ctx, by); err != nil {
		return err
	}
	r, err := d.holds(ctx, s, p, reason, oneLine(by))
	if err != nil {
		return err
	}
	if d.flags.json {
		return printJSON(d.stdout, r)
	}
	d.print("Held by %s: %s\n", r.Point.HeldBy, r.Point.Held)
	if r.Before != "" {
		d.print("Before, it was held by %s: %s\n", r.BeforeBy, r.Before)
	}
	d.print("No retention removes %s until: lifeboat release %s %s\n", p.Blob, s.Name, p.Blob)
	return nil
}

func release(ctx context.Context, d *desk, name, blob string) error {
	s, p, err := d.holdable(ctx, name, blob)
	if err != nil {
		return err
	}
	// Also where the row says nothing: the sidecar may, if a hold was cut short.
	r, err := d.holds(ctx, s, p, "", "")
	if err != nil {
		return err
	}
	if d.flags.json {
		return printJSON(d.stdout, r)
	}
	if r.Before == "" {
		d.print("%s was not held.\n", p.Blob)
		return nil
	}
	d.print("Released: it was held by %s: %s\n", r.BeforeBy, r.Before)
	d.print("The retention decides about it again: lifeboat prune %s --dry-run\n", s.Name)
	return nil
}

// holdable is a point that is not being removed.
func (d *desk) holdable(ctx context.Context, name, blob string) (plan.Service, job.Point, error) {
	s, err := d.service(name)
	if err != nil {
		return s, job.Point{}, err
	}
	stored, err := d.rows.Point(ctx, s.Name, blob)
	switch {
	case errors.Is(err, job.ErrNotFound):
		err = noPoint(s, blob)
	case err == nil && stored.Removing:
		err = bad("point %s is being removed: its backup may be gone already", stored.Blob)
	}
	return s, stored.Point, err
}

func noPoint(s plan.Service, blob string) error {
	return unknown("%s is no point of %s: lifeboat points %s lists them", oneLine(blob), s.Name, s.Name)
}

// holds writes who holds p, and why; nobody and nothing releases it.
func (d *desk) holds(ctx context.Context, s plan.Service, p job.Point, reason, by string) (holdReport, error) {
	r := holdReport{At: d.now().UTC(), Before: oneLine(p.Held), BeforeBy: oneLine(p.HeldBy)}
	warning, err := d.engine().Hold(ctx, s.Name, p.Blob, reason, by)
	if err != nil {
		return r, refusal(err)
	}
	if r.Warning = oneLine(warning); warning != "" && !d.flags.json {
		d.note("lifeboat: %s\n", r.Warning)
	}
	p.Held, p.HeldBy = reason, by
	pins, err := d.engine().Pins(ctx, p)
	r.Point = pointOf(s, p, r.At)
	r.Point.PinnedBy = pins
	return r, err
}
