package main

import (
	"context"

	"github.com/spf13/cobra"

	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

func backupCommand(p *program) *cobra.Command {
	var asked word
	var w waiting
	command := p.operator(&cobra.Command{
		Use:     "backup SERVICE",
		Short:   "Back a service up now",
		GroupID: acts,
		Long: `Backup sends a request to queue recovery-requests; the app makes a job of it and starts
it as soon as nothing else holds the service. The same --id again is the same job.`,
		Example: "  lifeboat backup apim-weu --reason \"before the release\" --wait",
		Args:    cobra.ExactArgs(1),
	}, true, func(ctx context.Context, d *desk, args []string) error { return backup(ctx, d, args[0], asked, w) })
	asked.add(command)
	w.add(command)
	return command
}

func backup(ctx context.Context, d *desk, name string, asked word, w waiting) error {
	s, err := d.service(name)
	if err != nil {
		return err
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	err = d.request(ctx, request.Request{ID: asked.id, Kind: request.Backup, Service: s.Name, By: asked.by, Reason: asked.reason})
	if err != nil {
		return err
	}
	id := recovery.RequestedBackup(s.Name, asked.id)
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.RequestQueue, Asked: "backup of " + s.Name, By: asked.by, Reason: asked.reason, Service: s.Name, Job: id,
		Next: "The app starts it within seconds, unless something else holds the service. To follow it: lifeboat job " + id + " --wait",
	}, s.Name, w)
}
