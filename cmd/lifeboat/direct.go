package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/spf13/cobra"

	"lifeboat/internal/apim"
	"lifeboat/internal/config"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// moves adds --direct to a command that moves a job on to its end, and says to
// its help what that means.
func (p *program) moves(command *cobra.Command) {
	command.Flags().BoolVar(&p.direct, "direct", false, "do it here, step by step, without Service Bus and the function app")
	command.Long += `

With --direct this process makes the job's moves itself: the same rows, lease, gates and
approval as the app's, with your own account's rights in Azure. It needs no Service Bus,
and nothing is done twice if the app, or somebody else, moves the same job. It waits for
the end. Ctrl-C stops after the move under way; then nobody moves the job on unless the
app runs: lifeboat resume JOB takes it up again. Notices are written to the table, and
delivered by the app when it is back.`
}

// applies adds --direct to a command whose word changes a row at once.
func (p *program) applies(command *cobra.Command) {
	command.Flags().BoolVar(&p.direct, "direct", false, "write it to the table here, without Service Bus and the function app")
}

// managed is the Azure that only --direct works with, beside what is reached.
type managed struct {
	arm recovery.ARM
	// ahead is how much later this machine's clock is than Azure's.
	ahead func(context.Context) (time.Duration, error)
}

// manageAzure opens ARM by the operator's own identity, or in the lab by the
// one that it lends. It makes no request.
func manageAzure(c config.Config, getenv func(string) string, now func() time.Time) (managed, error) {
	identity, lent := lentIdentity(c, getenv)
	if !lent {
		var err error
		if identity, err = operatorIdentity(c); err != nil {
			return managed{}, err
		}
	}
	client, err := apim.New(apim.Options{Cloud: c.Cloud, Credential: identity, PlainHTTP: c.PlainARM, Secret: getenv})
	if err != nil {
		return managed{}, err
	}
	server := clockOf(c.Cloud.Services[cloud.ResourceManager].Endpoint)
	return managed{client, func(ctx context.Context) (time.Duration, error) { return ahead(ctx, clockTransport(), now, server.url) }}, nil
}

// mostAhead is how wrong a clock may be by which others' moves are judged: it
// is well below what the settling time leaves.
const mostAhead = 2 * time.Minute

// inTime refuses to work by a clock that is wrong. One that can't be compared
// is believed: what Azure is asked for next tells whether it is reached.
func (d *desk) inTime(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, whoWithin)
	defer cancel()
	off, err := d.ahead(ctx)
	if err != nil || off.Abs() <= mostAhead {
		return nil
	}
	how := "ahead of"
	if off < 0 {
		how = "behind"
	}
	return bad("this machine's clock is %s %s Azure's, and jobs are judged by it: synchronise it first", span(off), how)
}

// applied is a change that somebody else's may forestall; then it is judged
// again.
func applied(ctx context.Context, change func(context.Context) error) error {
	const tries = 5
	var err error
	for range tries {
		if err = change(ctx); !errors.Is(err, job.ErrConflict) {
			break
		}
	}
	return refusal(err)
}

// requestHere carries out a request as the app would that took it from its
// queue.
func (d *desk) requestHere(ctx context.Context, body []byte) error {
	decoded, err := request.Decode(body)
	if err != nil {
		return &exit{exitUsage, err}
	}
	r, ok := decoded.(request.Request)
	if !ok {
		return &exit{exitUsage, fmt.Errorf("a %T is not a request", decoded)}
	}
	return applied(ctx, func(ctx context.Context) error {
		if r.Kind == request.Maintenance {
			if r.EnqueuedAt, err = d.lastWord(ctx, r.Service); err != nil {
				return err
			}
		}
		return d.engine().Request(ctx, r)
	})
}

// lastWord is when a word about a service's maintenance is said that is said
// now. It is later than the one that stands, whatever clock that was sent by:
// of two words the earlier is dropped, and so is a copy of it that comes late.
func (d *desk) lastWord(ctx context.Context, service string) (time.Time, error) {
	stands, err := d.store.StoredSummary(ctx, service)
	if err != nil {
		return time.Time{}, err
	}
	now := d.now()
	if next := stands.MaintenanceAsked.Add(time.Millisecond); next.After(now) {
		return next, nil
	}
	return now, nil
}

func (d *desk) approvalHere(ctx context.Context, body []byte) error {
	a, err := request.DecodeApproval(body)
	if err != nil {
		return &exit{exitUsage, err}
	}
	return applied(ctx, func(ctx context.Context) error { return d.engine().Approval(ctx, a) })
}

// follow waits for the end of a job, and with --direct brings it about.
func (d *desk) follow(ctx context.Context, home, id string, w waiting) (job.Job, error) {
	if !d.direct {
		return d.await(ctx, home, id, w)
	}
	d.outlive()
	watched, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	moving, stop := context.WithCancel(ctx)
	defer stop()
	m := &mover{
		engine: d.engine(), queue: d.prompts, now: d.now, home: home, id: id,
		failed: func(err error) { giveUp(&immovable{err}) },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.run(moving)
	}()
	j, err := d.await(watched, home, id, w)
	stop()
	d.lastMove(ctx, done)
	for _, other := range d.prompts.left() {
		d.note("lifeboat: job %s was made too; the app moves it on, or: lifeboat resume %s\n", other, other)
	}
	if err != nil && !errors.Is(err, errGone) {
		d.note("lifeboat: nobody moves the job on now, unless the app runs; what Azure was asked for goes on. To take it up again: lifeboat resume %s\n", id)
	}
	return j, err
}

// lastMove waits for the end of the move that is under way.
func (d *desk) lastMove(ctx context.Context, done <-chan struct{}) {
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
		how := "Ctrl-C stops"
		if ctx.Err() == nil { // the first one only ends ctx
			how = "Ctrl-C, pressed twice, stops"
		}
		d.note("lifeboat: the move under way is made to its end; %s it in the middle\n", how)
		<-done
	}
}

// immovable is why this process can't move its job.
type immovable struct{ error }

func (i *immovable) Unwrap() error { return i.error }

// open is the newest job on a service that has not ended and is such as is
// wanted; ok is false if there is none.
func (d *desk) open(ctx context.Context, home string, wanted func(job.Job) bool) (found job.Job, ok bool, err error) {
	for j, err := range d.rows.Unfinished(ctx) {
		if err != nil {
			return found, false, err
		}
		if j.Service == home && wanted(j) && (!ok || j.CreatedAt.After(found.CreatedAt)) {
			found, ok = j, true
		}
	}
	return found, ok, nil
}

// takeUp moves a job on that is open already.
func (d *desk) takeUp(ctx context.Context, j job.Job, w waiting) error {
	d.note("lifeboat: job %s is open already (%s): it is taken up, and no other is made\n", j.ID, j.State)
	return d.finish(ctx, j, w)
}

// finish moves a job to its end and shows it.
func (d *desk) finish(ctx context.Context, j job.Job, w waiting) error {
	report := sentReport{Sent: sent{Job: j.ID, Service: sourceOf(j), Direct: true, Asked: "end of " + j.ID}}
	return d.seeOut(ctx, report, j, w)
}

// seeOut follows a job to its end and shows it under report.
func (d *desk) seeOut(ctx context.Context, report sentReport, j job.Job, w waiting) error {
	j, err := d.follow(ctx, j.Service, j.ID, w)
	if err == nil {
		return d.tellEnd(ctx, report, j)
	}
	if d.flags.json {
		err = errors.Join(err, printJSON(d.stdout, report))
	}
	return err
}
