package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/plan"
)

func pruneCommand(p *program) *cobra.Command {
	dry, yes := false, false
	command := p.operator(&cobra.Command{
		Use:     "prune SERVICE",
		Short:   "Remove the points that the plan's retention lets go",
		GroupID: acts,
		Long: `Prune removes what the plan's retention lets go, as the app does after each backup: the
oldest first, each with its backup and its sidecar, for good. Held points stay, those
that a restore needs, and those that storage does not let go. While an incident of the
service is open nothing is removed.

With --dry-run it removes nothing and shows every point, whether it would stay, and why.

On a terminal it asks for the service's name first; elsewhere it wants --yes.`,
	}, false, func(ctx context.Context, d *desk, args []string) error { return prune(ctx, d, args[0], dry, yes) })
	command.Flags().BoolVar(&dry, "dry-run", false, "show what would go and why the rest stays, and remove nothing")
	command.Flags().BoolVar(&yes, "yes", false, "don't ask for a confirmation")
	return command
}

func prune(ctx context.Context, d *desk, name string, dry, yes bool) error {
	s, err := d.service(name)
	if err != nil {
		return err
	}
	if s.Retention == nil {
		return unknown("%s has no retention in the plan, so nothing of it is ever removed: add one under services.%s.retention", s.Name, s.Name)
	}
	r, err := d.judged(ctx, s, dry)
	if err != nil {
		return err
	}
	if dry {
		if d.flags.json {
			return printJSON(d.stdout, r)
		}
		r.write(d)
		return nil
	}
	if r.Frozen != "" {
		return frozen(s, r.Frozen)
	}
	if r.Prune > 0 {
		d.note("%s\n", r.going())
		if err := d.confirm(ctx, yes, r.sentence()+" What goes can't be brought back.", s.Name); err != nil {
			return err
		}
		err = d.pruned(ctx, s, &r)
	}
	if d.flags.json {
		return errors.Join(err, printJSON(d.stdout, r))
	}
	r.writeDone(d)
	return err
}

func frozen(s plan.Service, incident string) error {
	return bad("pruning of %s is frozen while incident %s is open; once it is over: lifeboat ack %s", s.Name, oneLine(incident), s.Name)
}

// judged is what the retention says of every point now.
func (d *desk) judged(ctx context.Context, s plan.Service, dry bool) (pruneReport, error) {
	r := pruneReport{At: d.now().UTC(), Service: s.Name, DryRun: dry, Points: []prunePoint{}, Removed: []string{}, Left: []string{}, Warnings: []string{}}
	summary, err := d.store.StoredSummary(ctx, s.Name)
	if err != nil {
		return r, err
	}
	r.Frozen = summary.Incident
	verdicts, err := d.engine().Retained(ctx, s.Name)
	for _, v := range verdicts {
		p := prunePoint{pointBrief: pointOf(s, v.Item.Point, r.At), Keep: v.Keep, Reasons: v.Reasons}
		if v.Item.PinnedBy != "" {
			p.PinnedBy = []string{v.Item.PinnedBy}
		}
		r.add(p)
	}
	return r, refusal(err)
}

// afterwards bounds the look at what is left.
const afterwards = 20 * time.Second

// pruned prunes and says in r what became of what should go. The engine stops
// after some, so it is asked until that changes nothing.
func (d *desk) pruned(ctx context.Context, s plan.Service, r *pruneReport) error {
	for left := r.Prune; ; {
		warnings, err := d.engine().Prune(ctx, s.Name)
		for _, w := range warnings {
			if w = oneLine(w); !slices.Contains(r.Warnings, w) {
				r.Warnings = append(r.Warnings, w)
			}
		}
		// Also after an error, and after Ctrl-C: what is gone is gone.
		look, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
		incident, lookErr := d.compare(look, s, r)
		cancel()
		switch {
		case err != nil || lookErr != nil:
			return errors.Join(refusal(err), lookErr)
		case len(r.Left) == 0:
			return nil
		case incident != "":
			return frozen(s, incident)
		case len(r.Left) == left:
			return nil
		}
		left = len(r.Left)
	}
}

// compare finds out which of the points that should go are gone, and whether
// an incident keeps the others.
func (d *desk) compare(ctx context.Context, s plan.Service, r *pruneReport) (incident string, err error) {
	r.Unseen, r.Left = true, []string{}
	there := map[string]bool{}
	for p, err := range d.store.Points(ctx, s.Name) {
		if err != nil {
			return "", err
		}
		there[p.Blob] = true
	}
	r.Unseen, r.Removed, r.Left = false, []string{}, []string{}
	for _, p := range r.Points {
		switch {
		case p.Keep:
		case there[p.Point]:
			r.Left = append(r.Left, p.Point)
		default:
			r.Removed = append(r.Removed, p.Point)
		}
	}
	summary, err := d.store.StoredSummary(ctx, s.Name)
	return summary.Incident, err
}
