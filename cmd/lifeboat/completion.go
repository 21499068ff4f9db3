package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/config"
	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// completeWithin bounds a look at the table: whoever presses Tab waits.
const completeWithin = 2 * time.Second

// completer offers what may stand at a command's next place. Whatever goes
// wrong, it offers nothing and says nothing: the line is being written.
type completer func(ctx context.Context, p *program, args []string) []cobra.Completion

// completers are what the arguments of commands are, by their names.
var completers = map[string][]completer{
	"status": {services}, "jobs": {services}, "points": {services}, checkName: {services}, "prune": {services}, "rebuild": {services},
	"backup": {services}, "restore": {services}, "ack": {services}, "maintenance": {services, onOff},
	"hold": {services, pointsTo(func(p job.Point) bool { return p.Live() })}, "release": {services, pointsTo(func(p job.Point) bool { return p.Held != "" })},
	"job": {recentJobs}, "resume": {openJobs(func(job.Job) bool { return true })},
	"cancel":  {openJobs(func(j job.Job) bool { return !j.State.HoldsLease() })},
	"approve": {openJobs(awaitsApproval)}, "reject": {openJobs(awaitsApproval)},
}

// completes gives every command of root its completions.
func (p *program) completes(root *cobra.Command) {
	for _, command := range root.Commands() {
		places, ok := completers[command.Name()]
		if !ok {
			continue
		}
		command.ValidArgs = nil // cobra would offer these first
		command.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return p.offer(cmd, args, places), cobra.ShellCompDirectiveNoFileComp
		}
		for name, of := range map[string]completer{"to": standbysOf, "point": pointsTo(func(p job.Point) bool { return p.Live() })} {
			if command.Flags().Lookup(name) == nil {
				continue
			}
			_ = command.RegisterFlagCompletionFunc(name, func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return p.completion(cmd, args, of), cobra.ShellCompDirectiveNoFileComp
			}) // the flag is there
		}
	}
}

func (p *program) offer(cmd *cobra.Command, args []string, places []completer) []cobra.Completion {
	if len(args) >= len(places) {
		return nil
	}
	return p.completion(cmd, args, places[len(args)])
}

func (p *program) completion(cmd *cobra.Command, args []string, of completer) []cobra.Completion {
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background() // cobra completes without one
	}
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	return of(ctx, p, args)
}

// planNow is the plan, without a word where it can't be read. Nothing but its
// path is needed of the settings.
func (p *program) planNow() (*plan.Plan, bool) {
	file, err := p.planFile(nil)
	if err != nil {
		return nil, false
	}
	read, err := parsePlan(file)
	return read, err == nil
}

func services(_ context.Context, p *program, _ []string) (all []cobra.Completion) {
	if read, ok := p.planNow(); ok {
		for _, s := range read.Services {
			all = append(all, s.Name)
		}
	}
	return all
}

func standbysOf(_ context.Context, p *program, args []string) (all []cobra.Completion) {
	read, ok := p.planNow()
	if !ok || len(args) == 0 {
		return nil
	}
	s, _ := read.Service(args[0])
	for _, standby := range s.Standbys {
		all = append(all, standby.Name)
	}
	return all
}

func onOff(context.Context, *program, []string) []cobra.Completion {
	return []cobra.Completion{"on", "off"}
}

// tableNow opens the table by the settings there are; close ends that.
func (p *program) tableNow(ctx context.Context) (read *plan.Plan, r *reached, close func()) {
	read, ok := p.planNow()
	if !ok {
		return nil, nil, nil
	}
	getenv, from, err := p.environment()
	if err != nil {
		return nil, nil, nil
	}
	c, err := p.settingsFrom(getenv, from, false)
	if err != nil {
		return nil, nil, nil
	}
	c.ServiceBus = config.Endpoint{} // nothing is sent
	if r, err = p.reach(c); err != nil {
		return nil, nil, nil
	}
	return read, r, func() { r.close(context.WithoutCancel(ctx)) }
}

// pointsTo offers the points of the service that is named, newest first.
func pointsTo(wanted func(job.Point) bool) completer {
	return func(ctx context.Context, p *program, args []string) (all []cobra.Completion) {
		read, r, close := p.tableNow(ctx)
		if r == nil || len(args) == 0 {
			return nil
		}
		defer close()
		if _, ok := read.Service(args[0]); !ok {
			return nil
		}
		for point, err := range r.rows.Points(ctx, args[0]) {
			if err != nil {
				return nil
			}
			if wanted(point) {
				all = append(all, cobra.CompletionWithDesc(point.Blob, when(point.StartedAt, p.now())))
			}
		}
		return all
	}
}

func awaitsApproval(j job.Job) bool { return j.State == job.AwaitingApproval }

func openJobs(wanted func(job.Job) bool) completer {
	return func(ctx context.Context, p *program, _ []string) (all []cobra.Completion) {
		_, r, close := p.tableNow(ctx)
		if r == nil {
			return nil
		}
		defer close()
		for j, err := range r.rows.Unfinished(ctx) {
			if err != nil {
				return nil
			}
			if wanted(j) {
				all = append(all, described(p, j))
			}
		}
		slices.Sort(all)
		return all
	}
}

// mostJobs is how many jobs of each service are offered: a screen has an end.
const mostJobs = 5

// recentJobs are the newest of each service and standby.
func recentJobs(ctx context.Context, p *program, _ []string) (all []cobra.Completion) {
	read, r, close := p.tableNow(ctx)
	if r == nil {
		return nil
	}
	defer close()
	for _, home := range homes(read) {
		n := 0
		for j, err := range r.rows.Jobs(ctx, home) {
			if err != nil {
				return nil
			}
			all = append(all, described(p, j))
			if n++; n == mostJobs {
				break
			}
		}
	}
	return all
}

// homes are the services and standbys of a plan, each once.
func homes(read *plan.Plan) (all []string) {
	for _, s := range read.Services {
		all = append(all, s.Name)
		for _, standby := range s.Standbys {
			all = append(all, standby.Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func described(p *program, j job.Job) cobra.Completion {
	return cobra.CompletionWithDesc(j.ID, fmt.Sprintf("%s %s, %s", strings.ToLower(string(j.Kind)), j.State, ago(j.UpdatedAt, p.now())))
}
