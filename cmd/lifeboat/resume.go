package main

import (
	"context"

	"github.com/spf13/cobra"
)

func resumeCommand(p *program) *cobra.Command {
	var w waiting
	command := p.operator(&cobra.Command{
		Use:     "resume JOB",
		Short:   "Move a job on to its end here, when the app does not",
		GroupID: acts,
		Long: `Resume takes up a job that was left, whoever made it and wherever it stands, and makes
its moves in this process, as backup and restore do with --direct: after Ctrl-C there, or
when the app is gone. Nothing is done twice: what Azure was asked for is followed, and
never asked for again while that may go on.

Ctrl-C stops after the move under way; resume again takes the job up again.`,
	}, false, func(ctx context.Context, d *desk, args []string) error {
		j, err := d.job(ctx, args[0])
		if err != nil {
			return err
		}
		if !j.State.Terminal() {
			if err := d.keyed(j.Service); err != nil {
				return err
			}
		}
		return d.finish(ctx, j, w)
	})
	command.PreRun = func(*cobra.Command, []string) { p.direct = true }
	w.addTimeout(command)
	return command
}
