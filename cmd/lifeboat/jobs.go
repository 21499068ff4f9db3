package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
)

func jobsCommand(p *program) *cobra.Command {
	limit := 20
	command := p.operator(&cobra.Command{
		Use:     "jobs [SERVICE]",
		Short:   "Jobs of a service, newest first; of all: in flight and last",
		GroupID: looks,
		Long: `Jobs lists the backups of a service and the restores of it onto its standbys, newest
first; a standby's name lists what was done to that. Without a name it lists the jobs of
all services that have not ended, and the last backup of each.`,
	}, false, func(ctx context.Context, d *desk, args []string) error { return jobs(ctx, d, args, limit) })
	command.Flags().IntVar(&limit, "limit", limit, "at most `N` jobs, 0 for all")
	return command
}

// jobsReport is what jobs prints.
type jobsReport struct {
	At   time.Time  `json:"at"`
	Jobs []jobBrief `json:"jobs"`
	// More: there are older ones.
	More bool `json:"more"`
}

func jobs(ctx context.Context, d *desk, args []string, limit int) error {
	if limit < 0 {
		return wrongUsage("--limit %d: want 0 or more", limit)
	}
	var all []jobBrief
	var err error
	if len(args) == 1 {
		all, err = d.jobsOf(ctx, args[0])
	} else {
		all, err = d.lastJobs(ctx)
	}
	if err != nil {
		return err
	}
	r := jobsReport{At: d.now().UTC(), Jobs: all}
	if limit > 0 && len(all) > limit {
		r.Jobs, r.More = all[:limit], true
	}
	if d.flags.json {
		r.Jobs = append([]jobBrief{}, r.Jobs...)
		return printJSON(d.stdout, r)
	}
	d.listJobs(r)
	return nil
}

// jobsOf are the jobs about a service, or, of a standby's name, those that
// changed it.
func (d *desk) jobsOf(ctx context.Context, name string) ([]jobBrief, error) {
	homes, mine := []string{name}, func(job.Job) bool { return true }
	if s, err := d.service(name); err == nil {
		for _, standby := range s.Standbys {
			homes = append(homes, standby.Name)
		}
		mine = func(j job.Job) bool { return j.Service == name || j.Restore != nil && j.Restore.Source == name }
	} else if len(d.plan.Sources(name)) == 0 {
		return nil, err
	}
	var all []job.Job
	for _, home := range homes {
		found, err := gathered(d, d.rows.Jobs(ctx, home))
		if err != nil {
			return nil, err
		}
		for _, j := range found {
			if mine(j) {
				all = append(all, j)
			}
		}
	}
	return briefs(all), nil
}

// lastJobs are the jobs in flight, and of each service the last backup that
// ended, by its summary.
func (d *desk) lastJobs(ctx context.Context) ([]jobBrief, error) {
	flying, err := gathered(d, d.rows.Unfinished(ctx))
	if err != nil {
		return nil, err
	}
	summaries, err := gathered(d, d.rows.Summaries(ctx))
	if err != nil {
		return nil, err
	}
	var ended []jobBrief
	for _, s := range summaries {
		if s.LastJob != "" {
			ended = append(ended, jobBrief{Job: s.LastJob, Kind: job.Backup, Service: s.Service, State: s.LastState, Ended: at(s.LastEnded), Code: s.LastCode, Note: s.LastCode})
		}
	}
	slices.SortFunc(ended, func(a, b jobBrief) int {
		return cmp.Or(timeOf(b.Ended).Compare(timeOf(a.Ended)), cmp.Compare(a.Job, b.Job))
	})
	return append(briefs(flying), ended...), nil
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// briefs are jobs for a list, newest first.
func briefs(all []job.Job) []jobBrief {
	slices.SortStableFunc(all, func(a, b job.Job) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	var list []jobBrief
	for _, j := range all {
		list = append(list, briefOf(j))
	}
	return list
}

func briefOf(j job.Job) jobBrief {
	b := jobBrief{
		Job: j.ID, Kind: j.Kind, Service: j.Service, State: j.State, Created: at(j.CreatedAt), Ended: at(j.EndedAt), Code: j.Code,
	}
	var notes []string
	if r := j.Restore; r != nil {
		b.Service, b.Target = r.Source, j.Service
		notes = append(notes, "onto "+j.Service)
	}
	if started := begun(j); !started.IsZero() && !j.EndedAt.IsZero() {
		took := seconds(j.EndedAt.Sub(started))
		b.Took = &took
	}
	if !j.State.Terminal() {
		b.Next = at(j.NotBefore)
	}
	if words := cmp.Or(j.Code, j.Reason); words != "" {
		notes = append(notes, words)
	}
	if n := len(j.Warnings); n > 0 {
		notes = append(notes, count(n, "warning"))
	}
	b.Note = oneLine(strings.Join(notes, "; "))
	return b
}

// begun is when a job's first attempt began: what came before was waiting.
func begun(j job.Job) time.Time {
	for _, step := range j.History {
		if step.State == job.Starting {
			return step.At
		}
	}
	return j.Attempt.StartedAt
}

// listJobs prints r for a person.
func (d *desk) listJobs(r jobsReport) {
	if len(r.Jobs) == 0 {
		d.print("No jobs.\n")
		return
	}
	t := newTable("job", "kind", "service", "state", "made", "took", "next look", "note")
	t.shades[3] = true
	for _, b := range r.Jobs {
		made, took, next := "-", "-", "-"
		if b.Created != nil {
			made = ago(*b.Created, r.At)
		} else if b.Ended != nil {
			made = "ended " + ago(*b.Ended, r.At)
		}
		if b.Took != nil {
			took = span(time.Duration(*b.Took * float64(time.Second)))
		}
		if b.Next != nil {
			next = due(*b.Next, r.At)
		}
		t.add(b.Job, strings.ToLower(string(b.Kind)), b.Service, string(b.State), made, took, next, cmp.Or(cut(b.Note, 60), "-"))
	}
	t.write(d.stdout, d.colors)
	if r.More {
		d.print("\nThere are older ones: --limit 0 lists all.\n")
	}
}

// dueWithin is how late a look may be: messages take their time.
const dueWithin = 30 * time.Second

// overdue reports whether what was to happen at t should have happened.
func overdue(t, now time.Time) bool { return now.Sub(t) > dueWithin }

// due is when something happens that may be overdue already.
func due(t, now time.Time) string {
	switch {
	case overdue(t, now):
		return "overdue " + span(now.Sub(t))
	case t.Sub(now) < time.Second:
		return "now"
	}
	return ago(t, now)
}
