package main

import (
	"context"

	"github.com/spf13/cobra"

	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

func cancelCommand(p *program) *cobra.Command {
	var asked word
	command := p.operator(&cobra.Command{
		Use:     "cancel JOB",
		Short:   "Call a job off that has not started",
		GroupID: acts,
		Long:    "Cancel calls off a job that waits. One whose operation was requested from Azure runs to\nits end: Azure can't cancel it.",
	}, true, func(ctx context.Context, d *desk, args []string) error { return cancel(ctx, d, args[0], asked) })
	p.applies(command)
	asked.add(command)
	return command
}

func cancel(ctx context.Context, d *desk, id string, asked word) error {
	j, err := d.job(ctx, id)
	switch {
	case err != nil:
		return err
	case j.State.Terminal():
		return bad("job %s has ended already: %s", j.ID, j.State)
	case j.State.HoldsLease():
		return bad("job %s is %s: its operation was requested from Azure, which can't cancel it", j.ID, j.State)
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	err = d.request(ctx, request.Request{ID: asked.id, Kind: request.Cancel, Job: j.ID, By: asked.by, Reason: asked.reason})
	if err != nil {
		return err
	}
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.RequestQueue, Asked: "cancel of " + j.ID, By: asked.by, Reason: asked.reason,
		Service: sourceOf(j), Job: j.ID, Next: d.either("The job ends Canceled within seconds, unless it starts before: lifeboat job "+j.ID, "The job has ended Canceled."),
	}, j.Service, waiting{})
}
