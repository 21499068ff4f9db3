package main

import (
	"context"
	"fmt"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

// ofThisID is the job that a request of the same id has made already. One that
// can't be read counts as none: to ask again makes no other.
func (d *desk) ofThisID(ctx context.Context, home, id string) (job.Job, bool) {
	ctx, cancel := context.WithTimeout(ctx, whoWithin)
	defer cancel()
	stored, err := d.rows.Job(ctx, home, id)
	return stored.Job, err == nil
}

// joinRestore is join, unless j does not restore what is asked for now.
func (d *desk) joinRestore(ctx context.Context, s plan.Service, j job.Job, o restoring, id string, w waiting) error {
	was := j.Restore
	switch {
	case was.Source != s.Name:
		return bad("job %s of this id restores %s: give another --id", j.ID, was.Source)
	case o.point != "" && o.point != was.Wanted && o.point != was.Point.Blob:
		return bad("job %s of this id restores another point of %s: give another --id", j.ID, s.Name)
	}
	return d.join(ctx, j, fmt.Sprintf("restore of %s onto %s", s.Name, j.Service), id, w)
}

// join tells of a job that there is, instead of asking for it again, and with
// w waits for its end.
func (d *desk) join(ctx context.Context, j job.Job, what, id string, w waiting) error {
	report := sentReport{Sent: sent{
		ID: id, Direct: d.direct, Asked: what, By: j.Asked.By, Reason: j.Asked.Why, Service: sourceOf(j), Job: j.ID, Next: d.joined(j),
	}}
	if o := j.Restore; o != nil {
		report.Sent.By, report.Sent.Reason, report.Sent.Target, report.Sent.Point = o.By, o.Why, j.Service, o.Point.Blob
	}
	if !w.wait && !d.direct {
		return d.tellJoined(report, j)
	}
	d.note("lifeboat: %s\n", report.Sent.Next)
	if j.State.Terminal() {
		return d.tellEnd(ctx, report, j)
	}
	return d.seeOut(ctx, report, j, w)
}

// tellJoined is for who does not wait.
func (d *desk) tellJoined(report sentReport, j job.Job) error {
	switch {
	case ending(j) != nil:
		return bad("%s", report.Sent.Next)
	case d.flags.json:
		return printJSON(d.stdout, report)
	}
	d.print("Nothing was sent: %s\n", report.Sent.Next)
	return nil
}

// joined says what is to be known of a job whose id is given again.
func (d *desk) joined(j job.Job) string {
	if j.State.Terminal() {
		return fmt.Sprintf("job %s of this id has ended already: %s; for a new one leave --id out, or give another", j.ID, j.State)
	}
	how := "lifeboat job " + j.ID + " --wait follows it"
	switch {
	case j.State == job.AwaitingApproval:
		how = fmt.Sprintf("somebody else than %s must approve it: lifeboat approve %s", oneLine(j.Restore.By), j.ID) + d.either("", " --direct")
	case d.direct:
		how = "should this be stopped: lifeboat resume " + j.ID
	}
	return fmt.Sprintf("job %s of this id is open already (%s): it is joined, and no other is made; %s", j.ID, j.State, how)
}
