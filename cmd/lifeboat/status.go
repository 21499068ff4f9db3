package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
	"lifeboat/internal/terminal"
)

func statusCommand(p *program) *cobra.Command {
	return p.operator(&cobra.Command{
		Use:     "status [SERVICE]",
		Short:   "Is everything restorable, and how old is it?",
		GroupID: looks,
		Long: `Status answers in its first line whether everything in the plan can be restored,
and how old the newest backups are. Then, for each service:

  health            ok, late or down by the plan's interval and grace; new while it
                    has no backup yet
  rpo of goal       how old its newest restorable backup is (what a restore would
                    lose), of interval + grace
  restorable until  when Azure stops accepting that backup
  last backup       how the last one ended, and when
  next run          when the next is due, or waits to start
  standby           whether a failover onto it would find it fit
  in flight         jobs that have not ended

It reads three kinds of rows of all services at once, however many jobs there were.
Exit status: 0 all well, 1 something is late, down or not restorable, or a standby is
not ready, 3 the state can't be read, or a newer version wrote it.`,
	}, false, status)
}

func status(ctx context.Context, d *desk, args []string) error {
	p := *d.plan
	if len(args) == 1 {
		s, err := d.service(args[0])
		if err != nil {
			return err
		}
		p.Services = p.Services[:0:0]
		p.Services = append(p.Services, s)
	}
	stored, err := d.fleetRows(ctx)
	if err != nil {
		return err
	}
	r := statusOf(&p, stored, d.now())
	r.serve(d.plan, stored.Summaries)
	if d.flags.json {
		err = printJSON(d.stdout, r)
	} else {
		r.write(d)
	}
	if err == nil && !r.Good {
		err = &exit{code: exitError}
	}
	return err
}

// fleetRows reads what a view is made of. Jobs and notices that are there and
// can't be read are told, and the view is of the others. A summary that can't
// be read ends it: its service would look as if it had no backup.
func (d *desk) fleetRows(ctx context.Context) (r fleet.Rows, err error) {
	if r.Summaries, err = every(d.rows.Summaries(ctx)); err != nil {
		return r, err
	}
	if r.Jobs, err = gathered(d, d.rows.Unfinished(ctx)); err != nil {
		return r, err
	}
	r.Notices, err = gathered(d, d.rows.Notices(ctx))
	return r, err
}

// gathered collects all, and tells of what a newer version wrote. Any other
// error ends it: half of the rows could show half of the truth.
func gathered[T any](d *desk, all iter.Seq2[T, error]) (found []T, err error) {
	for x, err := range all {
		switch {
		case errors.Is(err, job.ErrNewerSchema):
			fmt.Fprintf(d.stderr, "lifeboat: left out: %s\n", oneLine(err.Error()))
		case err != nil:
			return nil, err
		default:
			found = append(found, x)
		}
	}
	return found, nil
}

// every collects all, or none: of what says how much is lost, a row that a newer
// version wrote is an error, too.
func every[T any](all iter.Seq2[T, error]) (found []T, err error) {
	for x, err := range all {
		if err != nil {
			return nil, err
		}
		found = append(found, x)
	}
	return found, nil
}

// write prints r for a person.
func (r statusReport) write(d *desk) {
	shown := terminal.Green
	if !r.Good {
		shown = terminal.Red
	}
	fmt.Fprintf(d.stdout, "%s\n\n", d.colors.Paint(shown, r.Sentence))
	t := newTable("service", "health", "rpo of goal", "restorable until (UTC)", "last backup", "next run (UTC)", "standby", "in flight")
	t.shades[1], t.shades[4] = true, true
	for _, s := range r.Services {
		t.add(s.Service, s.Health, s.rpo(), s.until(r), s.last(r), s.next(r), s.standbys(), s.inFlight())
	}
	t.write(d.stdout, d.colors)
	var notes []string
	for _, s := range r.Services {
		notes = append(notes, s.notes(r)...)
	}
	if r.NoticesUndelivered > 0 {
		notes = append(notes, count(r.NoticesUndelivered, "notice")+" could not be delivered: see the webhooks in the plan")
	}
	if len(notes) > 0 {
		fmt.Fprintf(d.stdout, "\n%s\n", strings.Join(notes, "\n"))
	}
}
