package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// restoring are the flags of restore.
type restoring struct {
	to, point string
	yes       bool
	anew      bool // the catalogue, first
}

func restoreCommand(p *program) *cobra.Command {
	var asked word
	var w waiting
	var o restoring
	command := p.operator(&cobra.Command{
		Use:     "restore SERVICE",
		Short:   "Restore a service's backup onto one of its standbys",
		GroupID: acts,
		Long: `Restore asks the app to overwrite a standby with a backup of the service: the plan's
first standby and the newest backup, unless --to and --point say otherwise. The app's
gates decide whether that may be, and the plan may want somebody else's approval.

On a terminal it asks for the standby's name first; elsewhere it wants --yes. The same
--id again is the same job; with --direct and without --id, a restore of the service onto
the standby that is open already is taken up.`,
		Example: "  lifeboat restore apim-weu --reason \"region down\" --wait\n  lifeboat restore apim-weu --to apim-sec --point $(lifeboat points apim-weu --json | jq -r .points[1].point)\n  lifeboat restore apim-weu --direct --rebuild --reason \"region and table lost\"",
	}, true, func(ctx context.Context, d *desk, args []string) error { return restore(ctx, d, args[0], o, asked, w) })
	command.Flags().StringVar(&o.to, "to", "", "the `STANDBY` to overwrite (default: the plan's first)")
	command.Flags().StringVar(&o.point, "point", "", "the `BLOB` to restore, as points lists it (default: the newest)")
	command.Flags().BoolVar(&o.yes, "yes", false, "don't ask for a confirmation")
	p.moves(command)
	addRebuild(command, &o.anew)
	asked.add(command)
	w.add(command)
	return command
}

func restore(ctx context.Context, d *desk, name string, o restoring, asked word, w waiting) error {
	s, err := d.service(name)
	if err != nil {
		return err
	}
	target, err := standbyFor(s, o.to)
	if err != nil {
		return err
	}
	if err := d.keyed(target); err != nil {
		return err
	}
	if err := d.rebuildFirst(ctx, s, o.anew, o.yes, asked.by); err != nil {
		return err
	}
	if asked.id != "" {
		j, ok := d.ofThisID(ctx, target, recovery.RequestedRestore(target, asked.id))
		if ok {
			return d.joinRestore(ctx, s, j, o, asked.id, w)
		}
	} else if d.direct {
		j, ok, err := d.openRestore(ctx, s, target, o)
		if err != nil {
			return err
		}
		if ok {
			return d.takeUp(ctx, j, w)
		}
	}
	point, err := d.chosen(ctx, s, o.point)
	if err != nil {
		return err
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	d.note("%s\n", pointLine(s, target, point, d.now()))
	if err := d.confirm(ctx, o.yes, "All that "+target+" holds will be overwritten.", target); err != nil {
		return err
	}
	err = d.request(ctx, request.Request{
		ID: asked.id, Kind: request.Restore, Service: s.Name, To: target, Point: o.point, By: asked.by, Reason: asked.reason,
	})
	if err != nil {
		return err
	}
	id := recovery.RequestedRestore(target, asked.id)
	w.wait = w.wait || d.direct
	next := d.either("The app judges its gates and starts it; lifeboat job "+id+" --wait follows it.",
		"Its gates are judged here. Should this be stopped: lifeboat resume "+id)
	if s.Failover.Mode != plan.FailoverAuto && !d.direct {
		next = "Somebody else than " + oneLine(asked.by) + " must approve it: lifeboat approve " + id
	}
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.RequestQueue, Asked: "restore of " + s.Name + " onto " + target, By: asked.by, Reason: asked.reason,
		Service: s.Name, Job: id, Target: target, Point: o.point, Next: next,
	}, target, w)
}

// openRestore is a restore of s onto target that has not ended. Whoever asked
// for it has confirmed it, or an alert has, and its gates are its own.
func (d *desk) openRestore(ctx context.Context, s plan.Service, target string, o restoring) (job.Job, bool, error) {
	j, ok, err := d.open(ctx, target, func(j job.Job) bool {
		return j.Kind == job.Restore && j.Restore.Source == s.Name && !j.Restore.Warm
	})
	if ok && o.point != "" && o.point != j.Restore.Wanted && o.point != j.Restore.Point.Blob {
		return j, ok, bad("job %s restores another point onto %s and has not ended: lifeboat resume %s, or cancel it first", j.ID, target, j.ID)
	}
	return j, ok, err
}

// standbyFor is the standby of s that is meant.
func standbyFor(s plan.Service, name string) (string, error) {
	if name == "" && len(s.Standbys) > 0 {
		return s.Standbys[0].Name, nil
	}
	var names []string
	for _, standby := range s.Standbys {
		names = append(names, standby.Name)
	}
	if len(names) == 0 {
		return "", unknown("%s has no standby in the plan: add one under services.%s.standbys", s.Name, s.Name)
	}
	if _, ok := s.Standby(name); !ok {
		return "", unknown("%s is not a standby of %s in the plan: want %s", oneLine(name), s.Name, some(names, "or"))
	}
	return name, nil
}

// chosen is the point that will be restored, as far as that can be told now.
func (d *desk) chosen(ctx context.Context, s plan.Service, blob string) (job.Point, error) {
	if blob != "" {
		stored, err := d.rows.Point(ctx, s.Name, blob)
		if errors.Is(err, job.ErrNotFound) {
			return job.Point{}, noPoint(s, blob)
		}
		switch {
		case err != nil:
		case stored.Removing:
			err = bad("point %s is being removed: its backup may be gone already", oneLine(blob))
		case !stored.Live():
			err = bad("point %s was withdrawn: %s", oneLine(blob), oneLine(stored.WithdrawnWhy))
		}
		return stored.Point, err
	}
	for p, err := range d.rows.Points(ctx, s.Name) {
		if err != nil {
			return p, err
		}
		if p.Live() && d.now().Before(p.RestorableUntil(s.RestorableFor)) {
			return p, nil
		}
	}
	return job.Point{}, bad("no verified backup of %s that can be restored: run lifeboat backup %s", s.Name, s.Name)
}

// pointLine says what a restore would do.
func pointLine(s plan.Service, target string, p job.Point, now time.Time) string {
	return fmt.Sprintf("%s, as it was %s (begun %s UTC, %s), onto %s.", s.Name, ago(p.StartedAt, now), clock(p.StartedAt), size(p.Size), target)
}
