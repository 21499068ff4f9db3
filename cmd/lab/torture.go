package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/request"
	"lifeboat/internal/terminal"
)

// tortureOptions are the flags of `lab torture`.
type tortureOptions struct {
	app    string
	kills  int
	seed   uint64
	binary string
	json   bool
	keep   string
	quick  bool
}

func tortureCommand(code *int) *cobra.Command {
	var o tortureOptions
	command := &cobra.Command{
		Use:   "torture",
		Short: "Kill the real binary again and again, and check that everything ends well",
		Long: "Torture starts the development Azure and the real binary on loopback, keeps it busy\n" +
			"with every kind of job, and kills it by SIGKILL: when one of its requests arrives,\n" +
			"when one was done and not yet answered, when an invocation has ended, and at any\n" +
			"moment. Kinds of requests that were struck least are struck first. Then it lets the\n" +
			"binary finish, and checks what was left behind.\n\n" +
			"The seed decides what the lab decides. Which request comes first is up to the\n" +
			"machine, so that two runs with one seed are alike, not equal.\n\n" +
			"Exit status: 0 everything is as it must be, 1 something is not, 2 wrong usage,\n" +
			"130 interrupted.",
		Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			*code = torture(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	appFlag(command, &o.app)
	command.Flags().IntVar(&o.kills, "kills", 1000, "how often the binary is killed")
	command.Flags().Uint64Var(&o.seed, "seed", 1, "of what the lab decides by chance")
	command.Flags().StringVar(&o.binary, "binary", "", "kill this binary instead of the app's own")
	command.Flags().BoolVar(&o.json, "json", false, "print one JSON object")
	command.Flags().BoolVar(&o.quick, "quick", false, "let the two minutes pass at once after which the watchdog prompts a notice whose message was lost")
	command.Flags().StringVar(&o.keep, "keep", "", "keep the plan and the handler's log in this folder")
	return command
}

// torture is `lab torture`: it returns the exit code.
func torture(ctx context.Context, o tortureOptions, stdout, stderr io.Writer) int {
	r, err := tortured(ctx, o, stderr)
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "lab: interrupted")
		return exitInterrupted
	}
	if err != nil {
		say(stderr, err)
		return exitError
	}
	if o.json {
		err = json.NewEncoder(stdout).Encode(r)
	} else {
		_, err = io.WriteString(stdout, r.text(terminal.PaletteFor(stdout, os.Getenv)))
	}
	if err != nil || !r.OK {
		return exitError
	}
	return exitDone
}

// tortured makes a stage in a folder of its own. An error means that there was
// nothing to check.
func tortured(ctx context.Context, o tortureOptions, progress io.Writer) (tortureReport, error) {
	dir := o.keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "lifeboat-torture-"); err != nil {
			return tortureReport{}, err
		}
		defer os.RemoveAll(dir)
	}
	k := newStrikes(o.seed)
	services := tortureServices()
	staged := staging{
		app: o.app, dir: dir, listen: "127.0.0.1:0", services: services, plan: tortureText(services),
		out: io.Discard, invoked: k.ended,
	}
	if o.binary != "" {
		binary, err := filepath.Abs(o.binary)
		if err != nil {
			return tortureReport{}, err
		}
		staged.binary = binary
	}
	began := time.Now()
	s, err := raise(ctx, staged)
	if err != nil {
		return tortureReport{}, err
	}
	k.kill, s.kept = s.running.Restart, k.sentMessages
	k.watch(s.azure)
	err = s.storms(ctx, k, o, progress)
	struck := time.Since(began)
	k.over()
	if err == nil {
		fmt.Fprintf(progress, "%s in %s; now everything has to end well\n", count(k.done(), "kill"), short(struck))
		err = s.calm(ctx, o.quick)
	}
	if unread := s.lookAround(ctx); unread != nil {
		err = errors.Join(err, fmt.Errorf("a page can't be read: %w", unread))
	}
	s.strike()
	return newTortureReport(s, k, o, time.Since(began), err), nil
}

// The pauses between two kills, so that something gets done.
const (
	leastPause = 20 * time.Millisecond
	mostPause  = 200 * time.Millisecond
	patience   = 2 * time.Second // for a request to strike
)

// storms keeps the handler busy and kills it as often as it was told to.
func (s *stage) storms(ctx context.Context, k *strikes, o tortureOptions, progress io.Writer) error {
	feeding, enough := context.WithCancel(ctx)
	fed := make(chan error, 1)
	go func() { fed <- s.feed(feeding) }()
	var watching sync.WaitGroup
	watching.Go(func() { _ = s.repeat(feeding, nudgeEvery, func(int) error { return s.nudge("Watchdog") }) })
	watching.Go(func() {
		_ = s.repeat(feeding, peekEvery, func(int) error { s.peek(feeding); return nil })
	})
	err := s.strikeOften(ctx, k, o, progress)
	enough()
	watching.Wait()
	return errors.Join(err, <-fed)
}

func (s *stage) strikeOften(ctx context.Context, k *strikes, o tortureOptions, progress io.Writer) error {
	chance := rand.New(rand.NewPCG(o.seed, 1))
	for told := 0; k.done() < o.kills; {
		if err := rest(ctx, leastPause+time.Duration(chance.Int64N(int64(mostPause-leastPause)))); err != nil {
			return err
		}
		if chance.IntN(8) == 0 {
			k.now()
		} else if err := s.strikeOnce(ctx, k); err != nil {
			return err
		}
		if k.done() >= told+100 {
			told = k.done()
			fmt.Fprintf(progress, "%s\n", count(told, "kill"))
		}
	}
	return nil
}

// strikeOnce waits for one strike at a request; where nothing comes it gives
// up.
func (s *stage) strikeOnce(ctx context.Context, k *strikes) error {
	had := k.done()
	k.arm()
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.until(waiting, func() bool { return k.done() > had })
	k.disarm()
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	return err
}

// calmLimit is far more than anything may take to end that nobody disturbs.
const calmLimit = 4 * time.Minute

// calm lets everything end: alerts resolve, what waits for a person is approved or
// called off, and the watchdog goes on.
func (s *stage) calm(ctx context.Context, quick bool) error {
	limited, cancel := context.WithTimeout(ctx, calmLimit)
	defer cancel()
	s.azure.ARM.SetGateway(alarms, arm.GatewayHealthy)
	// An alert that is still on its way when its end comes would rightly be dropped.
	if err := s.until(limited, s.taken); err != nil {
		return err
	}
	watching, stop := context.WithCancel(limited)
	done := make(chan error, 1)
	go func() {
		done <- s.repeat(watching, nudgeEvery, func(n int) error {
			if n%10 == 0 {
				if err := s.callOff(n); err != nil {
					return err
				}
				if quick {
					s.hurry(limited)
				}
			}
			return s.nudge("Watchdog")
		})
	}()
	err := s.until(limited, s.atRest)
	stop()
	return errors.Join(err, <-done)
}

// callOff resolves the alerts of open incidents. Restores that wait for a person
// are approved first, so that some go on to their ends, and then canceled.
func (s *stage) callOff(n int) error {
	var all []error
	for i := range s.alerts() {
		over := outage{service: alarms, id: alertID(alarms, i), fired: time.Now().Add(-time.Minute), ended: time.Now()}
		all = append(all, s.put(emulator.RequestQueue, over.metric(), nil))
	}
	for _, j := range jobRows(s.azure) {
		switch {
		case j.state != "AwaitingApproval":
		case n == 0:
			all = append(all, s.answers(j, "torture-approval-of-"+j.id))
		default:
			all = append(all, s.ask(request.Request{
				ID: fmt.Sprintf("torture-cancel-%s-%d", j.service, n), Kind: request.Cancel, Job: j.id, By: operator, Reason: "the drill is over",
			}))
		}
	}
	return errors.Join(all...)
}

// hurry makes every notice that has not been delivered overdue. Whoever
// changes one at the same time is right.
func (s *stage) hurry(ctx context.Context) {
	table, err := s.azure.TableClient(nil)
	for _, row := range s.azure.Storage.Entities(emulator.StateTable) {
		key := field(row, "RowKey")
		if err != nil || !strings.HasPrefix(key, "notice|") || field(row, "State") != "Pending" {
			continue
		}
		body, _ := json.Marshal(map[string]string{ // of strings alone
			"PartitionKey": field(row, "PartitionKey"), "RowKey": key, "NotBefore": azureTime(time.Now().Add(-time.Hour)), "NotBefore@odata.type": "Edm.DateTime",
		})
		_, _ = table.UpdateEntity(ctx, body, nil) // or else at the next time
	}
}

// alerts is how many there have been.
func (s *stage) alerts() int {
	n := 0
	for _, i := range incidentRows(s.azure) {
		if i.service == alarms {
			n++
		}
	}
	return n + 1
}

// atRest reports whether nothing is left to be done: no job, no notice, no
// incident, and no message that is due.
func (s *stage) atRest() bool {
	runs := func(j jobRow) bool { return j.ended.IsZero() }
	return !slices.ContainsFunc(jobRows(s.azure), runs) && s.delivered() && s.resolved(alarms) && s.taken() && len(leaseRows(s.azure)) == 0
}

// starts is how often the handler said that it is ready.
func (s *stage) starts() (int, error) {
	log, err := os.ReadFile(s.logFile())
	return strings.Count(string(log), `"msg":"ready"`), err
}
