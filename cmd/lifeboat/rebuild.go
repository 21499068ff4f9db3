package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/plan"
)

func rebuildCommand(p *program) *cobra.Command {
	var by string
	var yes bool
	command := p.operator(&cobra.Command{
		Use:     "rebuild [SERVICE]",
		Short:   "Make the catalogue again from the containers alone, and take over",
		GroupID: acts,
		Long: `Rebuild reads the record that lies beside every backup and adds what the table lacks:
after the table was lost, or with the settings of another region. A table that is not
there is made. It claims each service's container for this table; from then on an app with
another table starts and deletes nothing there. It may run as often as you like, and
changes nothing that the table has.

What only the table knew is gone: jobs, incidents, which standby serves. So take a standby
that serves out of the plan first, or a refresh may overwrite it. Without a name it rebuilds
every service of the plan.`,
		Example: "  lifeboat rebuild --settings other-region.json --yes",
	}, false, func(ctx context.Context, d *desk, args []string) error { return rebuild(ctx, d, args, by, yes) })
	command.Flags().StringVar(&by, "by", "", byUsage)
	command.Flags().BoolVar(&yes, "yes", false, "don't ask")
	return command
}

// rebuildReport is what rebuild prints.
type rebuildReport struct {
	At       time.Time      `json:"at"`
	Table    string         `json:"table"` // that the containers are claimed for
	Services []rebuildBrief `json:"services"`
}

type rebuildBrief struct {
	Service   string   `json:"service"`
	Points    int      `json:"points"` // that can be restored
	Added     int      `json:"added"`
	Withdrawn int      `json:"withdrawn"`
	Warnings  []string `json:"warnings"`
	Error     string   `json:"error,omitempty"`
}

func rebuild(ctx context.Context, d *desk, args []string, by string, yes bool) error {
	services := d.plan.Services
	what := "every service of the plan"
	if len(args) == 1 {
		s, err := d.service(args[0])
		if err != nil {
			return err
		}
		services, what = []plan.Service{s}, s.Name
	}
	by, err := d.asker(ctx, by)
	if err != nil {
		return err
	}
	question := d.takesOver(what)
	if err := d.confirm(ctx, yes, question, "rebuild"); err != nil {
		return err
	}
	if err := d.makeTable(ctx); err != nil {
		return err
	}
	r := rebuildReport{At: d.now().UTC(), Table: d.table, Services: []rebuildBrief{}}
	var failed error
	for _, s := range services {
		brief, err := d.rebuildOne(ctx, s, by)
		r.Services = append(r.Services, brief)
		failed = errors.Join(failed, err)
	}
	if d.flags.json {
		if err := printJSON(d.stdout, r); err != nil {
			return err
		}
	} else {
		d.listRebuilt(r)
	}
	return failed
}

// takesOver says what a rebuild does to the backups of what, and what it can't
// bring back.
func (d *desk) takesOver(what string) string {
	return "Table " + d.table + " takes over the backups of " + what + ": an app with another table starts nothing there any more.\n" +
		"If the table was lost, nobody knows which standby serves, and a refresh or a restore may overwrite it: take one that serves out of the plan first."
}

// addRebuild adds --rebuild to a command that works without the app.
func addRebuild(command *cobra.Command, anew *bool) {
	command.Flags().BoolVar(anew, "rebuild", false, "with --direct: first make the table, and the service's points in it, again from the container, where they are gone; and take over")
}

// rebuildFirst makes the catalogue of s again, if that is asked for.
func (d *desk) rebuildFirst(ctx context.Context, s plan.Service, asked, yes bool, by string) error {
	switch {
	case !asked:
		return nil
	case !d.direct:
		return wrongUsage("--rebuild goes with --direct; to let the app go on afterwards: lifeboat rebuild %s", s.Name)
	}
	by, err := d.asker(ctx, by)
	if err != nil {
		return err
	}
	if err := d.confirm(ctx, yes, d.takesOver(s.Name), "rebuild"); err != nil {
		return err
	}
	if err := d.makeTable(ctx); err != nil {
		return err
	}
	b, err := d.rebuildOne(ctx, s, by)
	if err != nil {
		return err
	}
	d.done = "table " + d.table + " has taken over the backups of " + s.Name
	d.note("lifeboat: the catalogue of %s was rebuilt: %s restorable, %d added; table %s decides about its container now\n", s.Name, count(b.Points, "point"), b.Added, d.table)
	for _, w := range b.Warnings {
		d.note("lifeboat: %s: %s\n", s.Name, w)
	}
	return nil
}

// Azure takes its time over the deletion of a table; its name can't be used
// meanwhile.
const (
	tableAgain  = 5 * time.Second
	tableWithin = 5 * time.Minute
)

// makeTable makes the table if it is not there.
func (d *desk) makeTable(ctx context.Context) error {
	for began := d.now(); ; {
		made, err := d.ensure(ctx)
		switch {
		case err == nil && made:
			d.note("lifeboat: table %s was made\n", d.table)
			return nil
		case !errors.Is(err, errBeingDeleted) || d.now().Sub(began) > tableWithin:
			return err
		}
		select {
		case <-time.After(tableAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *desk) rebuildOne(ctx context.Context, s plan.Service, by string) (rebuildBrief, error) {
	found, err := d.engine().Rebuild(ctx, s.Name, by)
	b := rebuildBrief{Service: s.Name, Points: found.Points, Added: found.Added, Withdrawn: found.Withdrawn, Warnings: []string{}}
	for _, w := range found.Warnings {
		b.Warnings = append(b.Warnings, oneLine(w))
	}
	if err != nil {
		b.Error = oneLine(err.Error())
		return b, refusal(err)
	}
	return b, nil
}

func (d *desk) listRebuilt(r rebuildReport) {
	t := newTable("service", "restorable", "added", "withdrawn", "note")
	for _, s := range r.Services {
		note := "-"
		if s.Error != "" {
			note = "failed: " + s.Error
		}
		t.add(s.Service, strconv.Itoa(s.Points), strconv.Itoa(s.Added), strconv.Itoa(s.Withdrawn), note)
	}
	t.write(d.stdout, d.colors)
	for _, s := range r.Services {
		for _, w := range s.Warnings {
			d.print("%s: %s\n", s.Service, w)
		}
	}
	if !slices.ContainsFunc(r.Services, func(s rebuildBrief) bool { return s.Error != "" }) {
		d.print("\nThe containers belong to table %s now.\n", r.Table)
	}
}
