package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lifeboat/internal/config"
	"lifeboat/internal/plan"
	"lifeboat/internal/terminal"
)

// flags are those of every operator's command, before or after its name.
type flags struct {
	settings, planFile string
	lab, json          bool
}

func (f *flags) add(command *cobra.Command) {
	set := command.PersistentFlags()
	set.StringVar(&f.settings, "settings", "", "read the app settings from this `FILE`, in the form of local.settings.json")
	set.BoolVar(&f.lab, "lab", false, "use the lab that runs in this folder ("+labSettings+")")
	set.StringVar(&f.planFile, "plan", "", "the plan's `FILE`, instead of the one in the settings")
	set.BoolVar(&f.json, "json", false, "print JSON: times in RFC 3339, UTC, durations in seconds")
	command.MarkFlagsMutuallyExclusive("settings", "lab")
}

// labSettings is where a lab leaves its addresses.
const labSettings = ".lab/env.json"

// desk is what one operator's command works with.
type desk struct {
	*program
	*reached
	managed // with --direct
	prompts *prompts
	plan    *plan.Plan
	setting func(string) string // the app settings, which are read from
	from    string
	colors  terminal.Palette
	// live: progress may overwrite its line.
	live bool
	// done is what a command has done before it asks again, "" for nothing.
	done string
}

// operator makes command one of an operator's: it does its work at a desk.
func (p *program) operator(command *cobra.Command, sends bool, do func(context.Context, *desk, []string) error) *cobra.Command {
	command.Run = func(cmd *cobra.Command, args []string) {
		ctx, stop := p.interruptible(cmd.Context())
		defer stop()
		p.code = p.end(p.work(ctx, sends, args, do))
	}
	return command
}

func (p *program) work(ctx context.Context, sends bool, args []string, do func(context.Context, *desk, []string) error) error {
	getenv, from, err := p.environment()
	if err != nil {
		return &exit{exitUsage, err}
	}
	c, err := p.settingsFrom(getenv, from, sends && !p.direct)
	if err != nil {
		return &exit{exitUsage, err}
	}
	d := &desk{program: p, setting: getenv, from: from, colors: p.palette, live: overwrites(p.stderr, p.getenv)}
	if d.plan, err = parsePlan(c.PlanFile); err != nil {
		return &exit{exitUsage, err}
	}
	if p.direct {
		c.ServiceBus = config.Endpoint{}
		d.prompts = newPrompts(p.now)
		if d.managed, err = p.manage(c, getenv, p.now); err != nil {
			return &exit{exitUsage, err}
		}
	}
	if d.reached, err = p.reach(c); err != nil {
		return &exit{exitUsage, err}
	}
	defer d.close(context.WithoutCancel(ctx))
	if p.direct {
		if err := d.inTime(ctx); err != nil {
			return err
		}
	}
	return do(ctx, d, args)
}

// environment is where the settings are, and what that is called.
func (p *program) environment() (getenv func(string) string, from string, err error) {
	f := p.flags
	file := f.settings
	if f.lab {
		file = labSettings
	}
	if file == "" {
		return p.getenv, "the environment", nil
	}
	getenv, err = config.File(file)
	if f.lab && errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("no lab runs in this folder (%w): start one by make run", err)
	}
	return getenv, file, err
}

func (p *program) settingsFrom(getenv func(string) string, from string, sends bool) (config.Config, error) {
	c, err := config.LoadOperator(getenv, sends)
	if err != nil {
		return c, fmt.Errorf("%w\nread from %s: set what is missing there, or name a file by --settings; against the lab use --lab", err, from)
	}
	if p.flags.planFile != "" {
		c.PlanFile = p.flags.planFile
	}
	return c, nil
}

// parsePlan reads the plan without its app settings, which are the app's.
func parsePlan(file string) (*plan.Plan, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w: name it by --plan or %s", err, config.PlanFile)
	}
	return plan.Parse(filepath.ToSlash(file), data)
}

// end says what went wrong and returns the exit code.
func (p *program) end(err error) int {
	var own *exit
	if err == nil || errors.As(err, &own) && own.err == nil {
		return codeOf(err)
	}
	say(p.stderr, err)
	if what := remedy(err); what != "" {
		fmt.Fprintf(p.stderr, "lifeboat: to do: %s\n", what)
	}
	return codeOf(err)
}

// service is the plan's service of that name.
func (d *desk) service(name string) (plan.Service, error) {
	s, ok := d.plan.Service(name)
	if !ok {
		return s, unknown("%s is not a service in the plan: want %s", oneLine(name), d.someServices())
	}
	return s, nil
}

func (d *desk) someServices() string {
	var names []string
	for _, s := range d.plan.Services {
		names = append(names, s.Name)
	}
	return some(names, "or")
}
