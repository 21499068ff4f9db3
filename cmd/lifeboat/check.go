package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/plan"
	"lifeboat/internal/preflight"
)

// check's exit codes are those that Nagios and its kin know.
const (
	nagiosOK = iota
	nagiosWarning
	nagiosCritical
	nagiosUnknown
)

const checkName = "check"

func checkCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:     checkName + " [SERVICE]",
		Short:   "Would a backup and a restore work? What to do where they would not",
		GroupID: looks,
		Long: `Check looks at everything that Lifeboat depends on, and changes nothing: the plan, who
you are, the table, the queues, the clock; and of each service, or of the one that is
named, its tier and state, the role actions, the storage container, its identity's
access, its standbys, its schedule and its newest point. Every check is made whatever
the others say, within 10 s each.

Each is a line: OK, WARN (it may do harm, or can't be seen with your account), FAIL, or
SKIP (there is nothing to look at), with what was found and what to do.

Role actions are those of whoever checks: to see the app's, run it as the app's identity
(AZURE_CLIENT_ID and the like). What only the app knows, such as a webhook's URL, is not
looked at.

Exit status, as Nagios wants it: 0 all well, 1 something is WARN, 2 something is FAIL,
3 nothing could be checked: wrong usage, unusable settings, or no such service.`,
		Run: func(cmd *cobra.Command, args []string) {
			ctx, stop := p.interruptible(cmd.Context())
			defer stop()
			p.code = p.end(p.check(ctx, args))
		},
	}
}

// usageCode is the exit code of wrong usage of command.
func usageCode(command *cobra.Command) int {
	if command.Name() == checkName {
		return nagiosUnknown
	}
	return exitUsage
}

// checkReport is what check prints.
type checkReport struct {
	At          time.Time   `json:"at"`
	Environment string      `json:"environment,omitempty"`
	Result      string      `json:"result"` // OK, WARN or FAIL
	Sentence    string      `json:"sentence"`
	Checks      []checkLine `json:"checks"`
}

type checkLine struct {
	Result string `json:"result"` // SKIP, too
	Check  string `json:"check"`
	On     string `json:"on,omitempty"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

// check returns an error with an exit code of check's own.
func (p *program) check(ctx context.Context, args []string) error {
	c, err := p.checking(args)
	if err != nil {
		return &exit{nagiosUnknown, err}
	}
	defer c.end(context.WithoutCancel(ctx))
	found := c.run(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	r := c.report(found)
	if p.flags.json {
		err = printJSON(p.stdout, r)
	} else {
		r.write(p)
	}
	if err != nil {
		return &exit{nagiosUnknown, err}
	}
	switch preflight.Worst(found) {
	case preflight.Fail:
		return &exit{code: nagiosCritical}
	case preflight.Warn:
		return &exit{code: nagiosWarning}
	}
	return nil
}

// checking opens what the settings name. A plan that can't be used is a
// finding, and not the end.
func (p *program) checking(args []string) (*checking, error) {
	getenv, from, err := p.environment()
	if err != nil {
		return nil, err
	}
	settings, err := p.settingsFrom(getenv, from, false)
	if err != nil {
		return nil, err
	}
	c := &checking{program: p, file: settings.PlanFile, table: settings.Table, getenv: getenv, slots: make(chan struct{}, atOnce)}
	c.plan, c.planErr = parsePlan(settings.PlanFile)
	if len(args) == 1 && c.planErr == nil {
		s, err := (&desk{program: p, plan: c.plan}).service(args[0])
		if err != nil {
			return nil, err
		}
		c.only = []plan.Service{s}
	} else if c.planErr == nil {
		c.only = c.plan.Services
	}
	if c.sights, err = p.survey(settings, getenv); err != nil {
		return nil, err
	}
	if c.reached, err = p.reach(settings); err != nil {
		return nil, errors.Join(err, c.sights.close(context.Background()))
	}
	return c, nil
}

func (c *checking) report(found []preflight.Verdict) checkReport {
	r := checkReport{At: c.now().UTC(), Result: string(preflight.Worst(found)), Checks: []checkLine{}}
	if c.plan != nil {
		r.Environment = c.plan.Environment
	}
	counts := map[preflight.Level]int{}
	for _, v := range found {
		counts[v.Level]++
		r.Checks = append(r.Checks, checkLine{string(v.Level), v.Check, v.On, oneLine(v.Found), oneLine(v.Remedy)})
	}
	r.Sentence = count(len(found), "check")
	for _, l := range []preflight.Level{preflight.Fail, preflight.Warn, preflight.Skip, preflight.OK} {
		if counts[l] > 0 {
			r.Sentence += fmt.Sprintf(", %d %s", counts[l], l)
		}
	}
	return r
}

func (r checkReport) write(p *program) {
	p.print("%s: %s\n\n", p.palette.Paint(shadeOf(r.Result), r.Result), r.Sentence)
	t := newTable("result", "check", "of", "what was found")
	t.shades[0] = true
	for _, l := range r.Checks {
		found := l.Found
		if l.Remedy != "" {
			found += ". To do: " + l.Remedy
		}
		t.add(l.Result, l.Check, dash(l.On), strings.TrimSuffix(found, "."))
	}
	t.write(p.stdout, p.palette)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
