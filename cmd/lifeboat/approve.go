package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

func approveCommand(p *program) *cobra.Command {
	var asked word
	var w waiting
	yes := false
	command := p.operator(&cobra.Command{
		Use:     "approve JOB",
		Short:   "Approve a restore that waits for a person",
		GroupID: acts,
		Long: `Approve shows what would be restored, how old it is, onto what, and what the gates say,
and sends your approval of exactly that to queue approvals. Whoever asked for a restore
can't approve it too.

On a terminal it asks for the target's name first; elsewhere it wants --yes.

With --direct it writes the approval to the table: whoever runs the restore with --direct
moves it on. With --wait, too, this process does.`,
	}, true, func(ctx context.Context, d *desk, args []string) error {
		return approve(ctx, d, args[0], yes, asked, w)
	})
	command.Flags().BoolVar(&yes, "yes", false, "don't ask for a confirmation")
	p.applies(command)
	asked.add(command)
	w.add(command)
	return command
}

func approve(ctx context.Context, d *desk, id string, yes bool, asked word, w waiting) error {
	j, err := d.awaiting(ctx, id, func(job.Job) string {
		return "it asks for an approval when that is over, if it needs one"
	})
	if err != nil {
		return err
	}
	if w.wait {
		if err := d.keyed(j.Service); err != nil {
			return err
		}
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	if o := j.Restore; strings.EqualFold(strings.TrimSpace(asked.by), strings.TrimSpace(o.By)) {
		return bad("%s asked for this restore and can't approve it too: somebody else must", oneLine(asked.by))
	}
	d.showWanted(j)
	if err := d.confirm(ctx, yes, "All that "+j.Service+" holds will be overwritten.", j.Service); err != nil {
		return err
	}
	err = d.approval(ctx, request.Approval{
		ID: asked.id, Approved: true, Job: j.ID, Point: j.Restore.Point.Blob, Target: j.Service, By: asked.by, Reason: asked.reason,
	})
	if err != nil {
		return err
	}
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.ApprovalQueue, Asked: "approval of " + j.ID, By: asked.by, Reason: asked.reason,
		Service: j.Restore.Source, Job: j.ID, Target: j.Service, Point: j.Restore.Point.Blob,
		Next: d.either("The app judges its gates again and starts the restore: lifeboat job "+j.ID+" --wait",
			"Whoever runs the restore judges its gates again and starts it; if nobody does: lifeboat resume "+j.ID),
	}, j.Service, w)
}

// awaiting is a job that waits for approval. early says what to do about one
// that has not come to that.
func (d *desk) awaiting(ctx context.Context, id string, early func(job.Job) string) (job.Job, error) {
	j, err := d.job(ctx, id)
	switch {
	case err != nil:
		return j, err
	case j.Restore == nil:
		return j, bad("job %s is a backup: nobody needs to approve it", j.ID)
	case j.State == job.Pending && j.Restore.Approval.At.IsZero():
		reason := strings.TrimRight(oneLine(j.Reason), ".")
		return j, unknown("job %s waits for something else yet: %s; %s", j.ID, cmp.Or(reason, "its gates have not been judged"), early(j))
	case j.State != job.AwaitingApproval:
		return j, bad("job %s waits for no approval: it is %s: lifeboat job %s", j.ID, j.State, j.ID)
	}
	if expires := j.Restore.Approval.Expires; !d.now().Before(expires) {
		return j, bad("the time to approve job %s was over %s: ask for the restore again: lifeboat restore %s", j.ID, ago(expires, d.now()), j.Restore.Source)
	}
	return j, nil
}

// showWanted says what an approval would let happen.
func (d *desk) showWanted(j job.Job) {
	r := jobReportOf(j, d.now())
	o := j.Restore
	t := newTable("restore", fmt.Sprintf("%s onto %s", o.Source, j.Service))
	t.add("asked by", r.asked())
	t.add("point", fmt.Sprintf("%s, %s, begun %s", o.Point.Blob, size(o.Point.Size), whenUTC(o.Point.StartedAt, d.now())))
	t.add("expires", whenUTC(o.Approval.Expires, d.now()))
	passed := 0
	for _, g := range r.Gates {
		switch {
		case g.Outcome == "Passed":
			passed++
		case g.Gate != "approved":
			t.add(g.Gate, g.Outcome+": "+g.Sentence)
		}
	}
	t.add("gates", fmt.Sprintf("%d of %d passed without a remark; lifeboat job %s shows all", passed, len(r.Gates), j.ID))
	d.note("%s\n", t.facts())
}

func rejectCommand(p *program) *cobra.Command {
	var asked word
	command := p.operator(&cobra.Command{
		Use:     "reject JOB",
		Short:   "Say no to a restore that waits for a person",
		GroupID: acts,
		Long:    "Reject ends a restore that waits for approval; nothing is restored. Give a --reason.",
	}, true, func(ctx context.Context, d *desk, args []string) error { return reject(ctx, d, args[0], asked) })
	p.applies(command)
	asked.add(command)
	return command
}

func reject(ctx context.Context, d *desk, id string, asked word) error {
	j, err := d.awaiting(ctx, id, func(j job.Job) string {
		return "it needs no approval yet; to end it now: lifeboat cancel " + j.ID + d.either("", " --direct")
	})
	if err != nil {
		return err
	}
	if err := asked.complete(ctx, d); err != nil {
		return err
	}
	if err := d.approval(ctx, request.Approval{ID: asked.id, Job: j.ID, By: asked.by, Reason: asked.reason}); err != nil {
		return err
	}
	return d.tell(ctx, sent{
		ID: asked.id, Queue: recovery.ApprovalQueue, Asked: "rejection of " + j.ID, By: asked.by, Reason: asked.reason,
		Service: j.Restore.Source, Job: j.ID, Target: j.Service, Next: d.either("The job ends Canceled within seconds, and nothing is restored.", "The job has ended Canceled, and nothing is restored."),
	}, j.Service, waiting{})
}
