package main

import (
	"context"

	"github.com/spf13/cobra"

	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

func ackCommand(p *program) *cobra.Command {
	var asked word
	outcome := ""
	command := p.operator(&cobra.Command{
		Use:     "ack SERVICE",
		Aliases: []string{"acknowledge"},
		Short:   "Take note of a failover: ends its cool-down and its incident",
		GroupID: acts,
		Long: `Ack takes note of a service's last failover: its cool-down ends, its incident is resolved.
Of a standby that serves, --outcome says what comes of it:

  failback  the service itself serves again; the standby becomes one again
  promote   the standby goes on serving, and nothing is restored onto it`,
		Example: "  lifeboat ack apim-weu --outcome failback --reason \"region is back, DNS switched\"",
	}, true, func(ctx context.Context, d *desk, args []string) error { return ack(ctx, d, args[0], outcome, asked) })
	command.Flags().StringVar(&outcome, "outcome", "", "failback or promote")
	_ = command.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions([]string{"failback", "promote"}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	p.applies(command)
	asked.add(command)
	return command
}

// whatNext says what an outcome does where a standby serves, and where nobody
// knows whether one does.
var whatNext = map[request.Outcome]struct{ serves, unseen string }{
	request.None: {
		"Its cool-down ends and its incident is resolved. A standby that serves goes on serving.",
		"Its cool-down and its incident end, if there are any. A standby, if one serves, goes on serving.",
	},
	request.Failback: {
		"Its cool-down ends, its incident is resolved, and its standby becomes one again: send the traffic back first.",
		"Its cool-down and its incident end, if there are any. Its standby, if one serves, becomes one again: send the traffic back first.",
	},
	request.Promote: {
		"Its cool-down ends, its incident is resolved, and its standby goes on serving: put the plan in order for that.",
		"Its cool-down and its incident end, if there are any. Its standby, if one serves, goes on serving: put the plan in order for that.",
	},
}

// noneServes is what any outcome does where nothing serves for the service.
const noneServes = "No standby of it serves. Its cool-down and its incident end, if there are any."

func ack(ctx context.Context, d *desk, name, outcome string, asked word) error {
	if _, ok := whatNext[request.Outcome(outcome)]; !ok {
		return wrongUsage("--outcome %q: want failback or promote, or nothing", outcome)
	}
	s, err := d.service(name)
	if err != nil {
		return err
	}
	next, err := d.acknowledges(ctx, s, request.Outcome(outcome))
	if err != nil {
		return err
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	err = d.request(ctx, request.Request{
		ID: asked.id, Kind: request.Acknowledge, Service: s.Name, Outcome: request.Outcome(outcome), By: asked.by, Reason: asked.reason,
	})
	if err != nil {
		return err
	}
	what := "acknowledgement of " + s.Name
	if outcome != "" {
		what += ", " + outcome
	}
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.RequestQueue, Asked: what, By: asked.by, Reason: asked.reason, Service: s.Name,
		Next: next + " To see it: lifeboat status " + s.Name,
	}, "", waiting{})
}
