package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/terminal"
)

// runOptions are the flags of `lab run`.
type runOptions struct {
	app    string
	listen listenFlag
}

func runCommand(code *int) *cobra.Command {
	o := runOptions{listen: "127.0.0.1:0"}
	command := &cobra.Command{
		Use:   "run",
		Short: "Start everything, back two services up and stay until Ctrl-C",
		Long: "Run starts the development Azure with two sample services and Lifeboat's deployed\n" +
			"binary as the Functions host would, lets it back both up at once, and shows each move\n" +
			"of each job. The timers go on, so there is another round every ten minutes.",
		Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			*code = show(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	appFlag(command, &o.app)
	command.Flags().Var(&o.listen, "listen", "the first of four ports on loopback, 0 for any free ones")
	return command
}

// appFlag is the folder of the function app.
func appFlag(command *cobra.Command, app *string) {
	command.Flags().StringVar(app, "app", ".", "the function app's folder, with host.json in it")
}

// everyTenMinutes is the schedule of the sample services.
const (
	everyTenMinutes = "0 */10 * * * *"
	roundEvery      = 10 * time.Minute
)

// show is `lab run`: it returns after Ctrl-C, or when the handler does not
// stay up.
func show(ctx context.Context, o runOptions, stdout, stderr io.Writer) int {
	began := time.Now()
	services := paced(emulator.SampleServices())
	dir := filepath.Join(o.app, ".lab")
	if err := alone(ctx, dir); err != nil {
		return ended(ctx, stderr, err)
	}
	s, err := raise(ctx, staging{
		app: o.app, dir: dir, listen: string(o.listen), services: services,
		plan: runPlan(services), keyless: true,
		out: stdout, colors: terminal.PaletteFor(stdout, os.Getenv),
	})
	if err != nil {
		return ended(ctx, stderr, err)
	}
	defer s.strike()
	defer func() {
		if err := s.leave(); err != nil {
			say(stderr, err)
		}
	}()
	if err := errors.Join(s.writeEnvironment(), s.writeOperatorFile()); err != nil {
		return ended(ctx, stderr, err)
	}
	web, err := s.serve(s.host.HTTP())
	if err != nil {
		return ended(ctx, stderr, err)
	}
	defer web.close()
	s.timeline.say("Development Azure and the handler are up after %s. Backing up %s.\n\n", short(time.Since(began)), strings.Join(s.names(), " and "))
	s.timeline.first(func() string { return "first job started " + short(time.Since(began)) + " after launch" })
	err = s.fire("BackupSchedule")
	if err == nil {
		err = s.settled(ctx)
	}
	if err == nil {
		s.signpost(began, web.url)
		err = s.stay(ctx)
	}
	s.timeline.mute()
	return ended(ctx, stderr, err)
}

// ended is the exit code after err: Ctrl-C is how a run is meant to end.
func ended(ctx context.Context, stderr io.Writer, err error) int {
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "\nlab: stopped")
		return exitDone
	case err != nil:
		say(stderr, err)
		return exitError
	}
	return exitDone
}

// resourceOf is the path of a service in ARM.
func resourceOf(s arm.Service) string {
	return "/subscriptions/" + s.Subscription + "/resourceGroups/" + s.ResourceGroup + "/providers/Microsoft.ApiManagement/service/" + s.Name
}

// stay waits for Ctrl-C, or for the handler's end, which is an error.
func (s *stage) stay(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.host.Done():
		return errors.Join(errStopped, s.host.Err())
	}
}

// signpost says after the first round where to look next.
func (s *stage) signpost(began time.Time, web string) {
	var text strings.Builder
	fmt.Fprintf(&text, "\nFirst round done after %s: %s. Where to look next:\n\n", short(time.Since(began)), s.tally())
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"the status page", web + "/api/status   # as JSON: /api/state; metrics: /api/metrics"},
		{"the commands", "bin/lifeboat --lab status   # and backup, restore, approve, check, ..."},
		{"the plan", s.planFile()},
		{"the backups", "container " + backupContainer + ", each with a " + sidecarSuffix + " beside it"},
		{"a job's story", "jq -c 'select(.job == \"" + jobRows(s.azure)[0].id + "\")' " + s.logFile()},
		{"connections", "source " + s.environmentFile() + "   # Service Bus, Blob and Table, ARM (" + s.at.ARM + ")"},
		{"stories", "bin/lab play   # nightly, failover, changes, silence, lost-region"},
		{"next round", nextRound(time.Now()).Format("15:04") + ", by the BackupSchedule timer"},
	} {
		fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
	}
	_ = table.Flush() // into memory
	text.WriteString("\nCtrl-C stops everything.\n\n")
	s.timeline.say("%s", text.String())
}

// tally is how the jobs ended, in words.
func (s *stage) tally() string {
	good, total := 0, 0
	for _, j := range jobRows(s.azure) {
		total++
		if j.state == "Succeeded" {
			good++
		}
	}
	if good == total {
		return count(total, "good backup")
	}
	return fmt.Sprintf("%d of %s", good, count(total, "backup"))
}

// nextRound is when BackupSchedule, which looks every five minutes, finds the
// next occurrence.
func nextRound(now time.Time) time.Time { return now.Truncate(roundEvery).Add(roundEvery).Local() }

func (s *stage) environmentFile() string { return filepath.Join(s.dir, "env") }

// writeEnvironment leaves the connections for the tools of a person.
func (s *stage) writeEnvironment() error {
	err := os.WriteFile(s.environmentFile(), []byte(sourceable(environment(s.at))), 0o600)
	if err != nil {
		return fmt.Errorf("write the lab's environment: %w", err)
	}
	return nil
}

// sourceable quotes values, which hold semicolons, for a shell.
func sourceable(settings []string) string {
	var text strings.Builder
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		fmt.Fprintf(&text, "export %s='%s'\n", name, value)
	}
	return text.String()
}
