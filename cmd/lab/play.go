package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lifeboat/internal/emulator/host"
	"lifeboat/internal/terminal"
)

// playOptions are the flags of `lab play`.
type playOptions struct {
	app  string
	json bool
	// worker runs the handler in tests; the real binary if nil.
	worker func(*stage) (host.Worker, error)
	// hands type an operator's commands in tests; the real binary if nil.
	hands func(ctx context.Context, s *stage, args []string) (string, error)
}

func playCommand(code *int) *cobra.Command {
	var o playOptions
	command := &cobra.Command{
		Use:   "play [SCENARIO]",
		Short: "Play a scenario that checks itself; without a name, list them",
		Long: "Play starts the development Azure and the real binary on loopback, lets a story\n" +
			"happen in seconds, shows it, and then checks what it left behind.\n\n" +
			"Exit status: 0 everything is as it must be, 1 something is not, 2 wrong usage,\n" +
			"130 interrupted.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return list(cmd.OutOrStdout(), o.json)
			}
			s, ok := findScenario(args[0])
			if !ok {
				return fmt.Errorf("there is no scenario %q: `lab play` lists them", args[0])
			}
			*code = play(cmd.Context(), s, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
			return nil
		},
	}
	appFlag(command, &o.app)
	command.Flags().BoolVar(&o.json, "json", false, "print one JSON object on stdout, and the story on stderr")
	return command
}

// list prints the scenarios.
func list(stdout io.Writer, asJSON bool) error {
	if asJSON {
		type line struct {
			Scenario string `json:"scenario"`
			Summary  string `json:"summary"`
		}
		var all []line
		for _, s := range scenarios() {
			all = append(all, line{s.name, s.summary})
		}
		return json.NewEncoder(stdout).Encode(map[string]any{"scenarios": all})
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "scenario\twhat happens")
	for _, s := range scenarios() {
		fmt.Fprintf(table, "%s\t%s\n", s.name, s.summary)
	}
	return table.Flush()
}

// playLimit is far more than any scenario takes.
const playLimit = 2 * time.Minute

// play plays a scenario, prints what happened and returns the exit code.
func play(ctx context.Context, sc scenario, o playOptions, stdout, stderr io.Writer) int {
	story := stdout
	if o.json {
		story = stderr
	}
	r, err := perform(ctx, sc, o, story)
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "lab: interrupted")
		return exitInterrupted
	}
	if err != nil {
		r = newReport(sc.name, outcome{}, []string{err.Error()})
	}
	if o.json {
		err = json.NewEncoder(stdout).Encode(r)
	} else {
		_, err = fmt.Fprintf(stdout, "\n%s", r.text(terminal.PaletteFor(stdout, os.Getenv)))
	}
	if err != nil || !r.OK {
		return exitError
	}
	return exitDone
}

// perform stages a scenario in a folder of its own. An error means that there
// was nothing to check.
func perform(ctx context.Context, sc scenario, o playOptions, story io.Writer) (report, error) {
	dir, err := os.MkdirTemp("", "lifeboat-lab-")
	if err != nil {
		return report{}, err
	}
	defer os.RemoveAll(dir)
	limited, cancel := context.WithTimeout(ctx, playLimit)
	defer cancel()
	fmt.Fprintf(story, "%s: %s\n\n", sc.name, sc.summary)
	s, err := raise(limited, staging{
		app: o.app, dir: dir, hands: o.hands, listen: "127.0.0.1:0", services: sc.services, plan: sc.text(),
		out: story, colors: terminal.PaletteFor(story, os.Getenv), worker: o.worker,
	})
	if err != nil {
		return report{}, fmt.Errorf("it could not begin: %w", err)
	}
	err = sc.act(limited, s)
	if err == nil && !sc.gone {
		err = s.until(limited, s.delivered)
	}
	s.timeline.mute()
	unread := s.lookAround(limited)
	s.strike()
	seen := observe(s.azure, s.names())
	seen.invocations, seen.decisions, seen.asked = s.invocations.list(), s.timeline.decided, s.asked
	seen.mail, seen.leaks, seen.storm, seen.silence = s.receiver.got(), s.leaks(), s.storm, s.silence
	seen.lost = s.lost
	var wrong []string
	if errors.Is(err, context.DeadlineExceeded) {
		wrong = append(wrong, "it was not over within "+short(playLimit))
	} else if err != nil {
		wrong = append(wrong, err.Error())
	}
	if unread != nil && !sc.gone {
		wrong = append(wrong, "a page can't be read: "+unread.Error())
	}
	return newReport(sc.name, seen, append(wrong, sc.check(seen)...)), nil
}
