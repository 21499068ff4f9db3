package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

const (
	maintenanceFor = 2 * time.Hour
	// maxMaintenance keeps a typing error from turning failover off for good.
	maxMaintenance = 30 * 24 * time.Hour
)

func maintenanceCommand(p *program) *cobra.Command {
	var asked word
	lasts := maintenanceFor
	command := p.operator(&cobra.Command{
		Use:       "maintenance SERVICE on|off",
		Short:     "Let alerts about a service start nothing for a while",
		GroupID:   acts,
		Long:      "Maintenance keeps alerts about a service from starting a failover until it ends by itself,\nor by off. Backups go on, and people can still ask for a restore.",
		Example:   "  lifeboat maintenance apim-weu on --for 90m --reason \"gateway upgrade\"",
		ValidArgs: []string{"on", "off"},
	}, true, func(ctx context.Context, d *desk, args []string) error {
		return maintenance(ctx, d, args[0], args[1], lasts, asked)
	})
	command.Flags().DurationVar(&lasts, "for", lasts, "how long, with on")
	p.applies(command)
	asked.add(command)
	return command
}

func maintenance(ctx context.Context, d *desk, name, state string, lasts time.Duration, asked word) error {
	switch {
	case state != "on" && state != "off":
		return wrongUsage("want on or off, got %q", state)
	case state == "on" && (lasts < time.Minute || lasts > maxMaintenance):
		return wrongUsage("--for %s: want from 1m to %dh", lasts, maxMaintenance/time.Hour)
	}
	s, err := d.service(name)
	if err != nil {
		return err
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	r := request.Request{ID: asked.id, Kind: request.Maintenance, Service: s.Name, On: state == "on", By: asked.by, Reason: asked.reason}
	next := "Alerts may start a failover again."
	if r.On {
		r.Until = d.now().UTC().Add(lasts).Truncate(time.Second)
		next = fmt.Sprintf("Alerts start no failover until %s UTC (%s). Backups go on.", clock(r.Until), ago(r.Until, d.now()))
	}
	if err := d.request(ctx, r); err != nil {
		return err
	}
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.RequestQueue, Asked: "maintenance of " + s.Name + " " + state, By: asked.by, Reason: asked.reason, Service: s.Name,
		Next: next,
	}, "", waiting{})
}
