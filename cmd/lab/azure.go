package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
)

// azureOptions are the flags of `lab azure`.
type azureOptions struct {
	listen  listenFlag
	queues  queueFlag
	persist string
}

func azureCommand(code *int) *cobra.Command {
	o := azureOptions{listen: "127.0.0.1:0"}
	command := &cobra.Command{
		Use:   "azure",
		Short: "Serve the development Azure alone and say where it is",
		Long: "Azure serves ARM with two sample API Management services, Blob and Table storage,\n" +
			"Service Bus over AMQP and the managed identity endpoint, on loopback only. It prints\n" +
			"what a client needs as NAME=value lines, then READY, and stays until Ctrl-C.\n\n" +
			"Service Bus has the port of --listen, ARM and the identity endpoint the next one,\n" +
			"then come Blob and Table.",
		Example: "  lab azure --listen 127.0.0.1:8800 --queue orders:lock=30s,max=5,dup=10m --persist .lab/state",
		Args:    cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			*code = serveAzure(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	command.Flags().Var(&o.listen, "listen", "the first of four ports on loopback, 0 for any free ones")
	command.Flags().Var(&o.queues, "queue", "add a queue beside "+emulator.StepQueue+"; may be repeated")
	command.Flags().StringVar(&o.persist, "persist", "", "keep the state in this folder across restarts")
	return command
}

// serveAzure serves until ctx ends.
func serveAzure(ctx context.Context, o azureOptions, stdout, stderr io.Writer) int {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	azure := emulator.New(emulator.Options{Services: paced(emulator.SampleServices()), Log: log})
	defer azure.Close()
	if o.persist != "" {
		if err := azure.Restore(o.persist); err != nil {
			say(stderr, err)
			return exitError
		}
	}
	for _, q := range o.queues {
		azure.Broker.AddQueue(q.name, q.options)
	}
	at, err := azure.Serve(string(o.listen))
	if err != nil {
		say(stderr, err)
		return exitError
	}
	for _, line := range environment(at) {
		fmt.Fprintln(stdout, line)
	}
	fmt.Fprintln(stdout, "READY")
	if o.persist == "" {
		<-ctx.Done()
		return exitDone
	}
	return keep(ctx, azure, o.persist, stderr)
}

// environment is what a client needs, as NAME=value.
func environment(at emulator.Addresses) []string {
	return []string{
		"SERVICEBUS_CONNECTION=" + at.ServiceBus,
		"STORAGE_CONNECTION=" + at.Storage,
		"ARM_ENDPOINT=" + at.ARM,
		"IDENTITY_ENDPOINT=" + at.IdentityEndpoint,
		"IDENTITY_HEADER=" + at.IdentityHeader,
	}
}

// saveEvery is how much a lab that dies may lose.
const saveEvery = 3 * time.Second

// keep saves the state from time to time and, after everything was closed, for
// the last time.
func keep(ctx context.Context, azure *emulator.Azure, dir string, stderr io.Writer) int {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := azure.Snapshot(dir); err != nil {
				say(stderr, err)
			}
		case <-ctx.Done():
			azure.Close()
			if err := azure.Snapshot(dir); err != nil {
				say(stderr, err)
				return exitError
			}
			return exitDone
		}
	}
}

// paced gives services the time that a person has: a backup takes seconds and
// ARM asks to be polled every two.
func paced(services []arm.Service) []arm.Service {
	for i := range services {
		services[i].BackupDuration = time.Duration(15+5*i) * time.Second
		services[i].RestoreDuration = 30 * time.Second
		services[i].RetryAfter = 2 * time.Second
	}
	return services
}
