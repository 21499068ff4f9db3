package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

func backupCommand(p *program) *cobra.Command {
	var asked word
	var w waiting
	var anew, yes bool
	command := p.operator(&cobra.Command{
		Use:     "backup SERVICE",
		Short:   "Back a service up now",
		GroupID: acts,
		Long: `Backup sends a request to queue recovery-requests; the app makes a job of it and starts
it as soon as nothing else holds the service. The same --id again is the same job; with
--direct and without --id, a backup of the service that is under way already, or due
within a minute, is taken up.`,
		Example: "  lifeboat backup apim-weu --reason \"before the release\" --wait\n  lifeboat backup apim-weu --direct",
	}, true, func(ctx context.Context, d *desk, args []string) error {
		return backup(ctx, d, args[0], anew, yes, asked, w)
	})
	p.moves(command)
	addRebuild(command, &anew)
	command.Flags().BoolVar(&yes, "yes", false, "with --rebuild: don't ask")
	asked.add(command)
	w.add(command)
	return command
}

// soonIs how long a person waits for a backup that was asked for otherwise.
const soonIs = time.Minute

// soon reports whether j is a backup that need not be waited for: one that
// waits on purpose, for a quiet hour or its own minute, would be.
func (d *desk) soon(j job.Job) bool {
	return j.Kind == job.Backup && (j.State != job.Pending || j.NotBefore.Sub(d.now()) <= soonIs)
}

func backup(ctx context.Context, d *desk, name string, anew, yes bool, asked word, w waiting) error {
	s, err := d.service(name)
	if err != nil {
		return err
	}
	if err := d.keyed(s.Name); err != nil {
		return err
	}
	if err := d.rebuildFirst(ctx, s, anew, yes, asked.by); err != nil {
		return err
	}
	if asked.id != "" {
		j, ok := d.ofThisID(ctx, s.Name, recovery.RequestedBackup(s.Name, asked.id))
		if ok {
			return d.join(ctx, j, "backup of "+s.Name, asked.id, w)
		}
	} else if d.direct {
		j, ok, err := d.open(ctx, s.Name, d.soon)
		if err != nil {
			return err
		}
		if ok {
			return d.takeUp(ctx, j, w)
		}
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	err = d.request(ctx, request.Request{ID: asked.id, Kind: request.Backup, Service: s.Name, By: asked.by, Reason: asked.reason})
	if err != nil {
		return err
	}
	id := recovery.RequestedBackup(s.Name, asked.id)
	w.wait = w.wait || d.direct
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.RequestQueue, Asked: "backup of " + s.Name, By: asked.by, Reason: asked.reason, Service: s.Name, Job: id,
		Next: d.either("The app starts it within seconds, unless something else holds the service. To follow it: lifeboat job "+id+" --wait",
			"It starts here, unless something else holds the service. Should this be stopped: lifeboat resume "+id),
	}, s.Name, w)
}
