package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
	"lifeboat/internal/terminal"
)

// word are the flags of commands that send a message in a person's name.
type word struct{ id, by, reason string }

const byUsage = "who asks" + byDefault

const byDefault = ", as recorded (default: the signed-in account, or else the OS user)"

func (w *word) add(command *cobra.Command) {
	set := command.Flags()
	set.StringVar(&w.id, "id", "", "the message's own `ID`; the same id again is the same request (default: a new one)")
	by := byUsage
	switch command.Name() {
	case "approve", "reject":
		by = "who " + command.Name() + "s" + byDefault
	}
	set.StringVar(&w.by, "by", "", by)
	set.StringVar(&w.reason, "reason", "", "why, as recorded")
}

// complete gives w what the flags did not say.
func (w *word) complete(ctx context.Context, d *desk) error {
	w.id = cmp.Or(w.id, "cli-"+d.newID())
	var err error
	w.by, err = d.asker(ctx, w.by)
	return err
}

// asker is who asks: by, if that is said.
func (d *desk) asker(ctx context.Context, by string) (string, error) {
	if by == "" {
		by = cmp.Or(d.who(ctx), osUser())
	}
	if by == "" {
		return "", wrongUsage("nobody knows who you are: say --by NAME")
	}
	return by, nil
}

// sent is what a command says of the message that it sent.
type sent struct {
	ID      string `json:"id"`
	Queue   string `json:"queue,omitempty"` // none with --direct
	Direct  bool   `json:"direct,omitempty"`
	Asked   string `json:"asked"`
	By      string `json:"by"`
	Reason  string `json:"reason,omitempty"`
	Service string `json:"service,omitempty"`
	Job     string `json:"job,omitempty"` // that it makes or is about
	Target  string `json:"target,omitempty"`
	Point   string `json:"point,omitempty"`
	Next    string `json:"next"` // what happens now, in words
}

// either is what happens next: by the app, or with --direct.
func (d *desk) either(app, direct string) string {
	if d.direct {
		return direct
	}
	return app
}

// sentReport is what a command prints that sends, and may wait.
type sentReport struct {
	Sent   sent       `json:"sent"`
	Result *jobReport `json:"job,omitempty"` // with --wait, at its end
}

func (d *desk) request(ctx context.Context, r request.Request) error {
	body, err := request.EncodeRequest(r)
	if err != nil {
		return &exit{exitUsage, err}
	}
	if d.direct {
		return d.requestHere(ctx, body)
	}
	return d.send(ctx, job.Message{Queue: recovery.RequestQueue, ID: r.ID, Body: body})
}

// send says what else can be done where Service Bus does not answer.
func (d *desk) send(ctx context.Context, m job.Message) error {
	err := d.queue.Send(ctx, m)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w; where Service Bus is gone, say --direct", err)
	}
	return err
}

func (d *desk) approval(ctx context.Context, a request.Approval) error {
	body, err := request.EncodeApproval(a)
	if err != nil {
		return &exit{exitUsage, err}
	}
	if d.direct {
		return d.approvalHere(ctx, body)
	}
	return d.send(ctx, job.Message{Queue: recovery.ApprovalQueue, ID: a.ID, Body: body})
}

// tell says what was sent, and with --wait what came of it. home is the
// partition of the job.
func (d *desk) tell(ctx context.Context, s sent, home string, w waiting) error {
	if d.direct {
		s.Queue, s.Direct = "", true
	}
	report := sentReport{Sent: s}
	if !d.flags.json {
		where := "Sent to queue " + s.Queue
		if s.Direct {
			where = "Written to the table"
		}
		d.print("%s: %s (id %s, by %s).\n", where, s.Asked, s.ID, oneLine(s.By))
		if s.Job != "" {
			d.print("Job: %s\n", s.Job)
		}
		d.print("%s\n", s.Next)
	}
	if !w.wait {
		if d.flags.json {
			return printJSON(d.stdout, report)
		}
		return nil
	}
	j, err := d.follow(ctx, home, s.Job, w)
	if err != nil {
		if d.flags.json {
			err = errors.Join(err, printJSON(d.stdout, report))
		}
		return err
	}
	if !d.flags.json {
		d.print("\n")
	}
	return d.tellEnd(ctx, report, j)
}

// tellEnd shows a job at its end; also what is known of it where not all that
// belongs to it can be read.
func (d *desk) tellEnd(ctx context.Context, report sentReport, j job.Job) error {
	result, err := d.detail(ctx, j)
	if report.Result = &result; d.flags.json {
		err = errors.Join(err, printJSON(d.stdout, report))
	} else {
		result.write(d)
	}
	if err == nil {
		err = ending(j)
	}
	return err
}

// confirm asks a person for the word that stands for yes. Where nobody can be
// asked, --yes must have been said.
func (d *desk) confirm(ctx context.Context, yes bool, question, want string) error {
	if yes {
		return nil
	}
	if !d.askable(d.stdin) {
		return wrongUsage("nobody can be asked here: say --yes if that is what you want")
	}
	d.note("%s Type %s to go on: ", question, want)
	if d.lines == nil {
		d.lines = bufio.NewReader(d.stdin) // it may read more than one answer
	}
	answers := make(chan string, 1)
	go func() {
		line, _ := d.lines.ReadString('\n') // no answer is no
		answers <- strings.TrimSpace(line)
	}()
	select {
	case answer := <-answers:
		if answer != want {
			return wrongUsage("that is not %s: %s", want, d.stands())
		}
		return nil
	case <-ctx.Done():
		d.note("\nlifeboat: %s\n", d.stands())
		return &exit{code: exitInterrupted}
	}
}

// stands is what has been done when a confirmation is not given.
func (d *desk) stands() string {
	if d.done != "" {
		return "nothing else was done, but " + d.done
	}
	return "nothing was done"
}

// askable reports whether a person is at in. A test's reader is one.
func (d *desk) askable(in io.Reader) bool {
	type person interface{ Person() bool }
	if p, ok := in.(person); ok {
		return p.Person()
	}
	return terminal.Is(in)
}
