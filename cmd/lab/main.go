// Command lab is for development only: it puts the development Azure on
// loopback, starts the deployed binary as the Functions host would, and plays
// scenarios that check themselves.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone        = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit code. The context's end
// is what Ctrl-C does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	code := exitDone
	root := &cobra.Command{
		Use:   "lab",
		Short: "Lifeboat on your own machine, with an Azure made for development",
		Long: "Lab runs Lifeboat's deployed binary against a development Azure on loopback.\n" +
			"Nothing here leaves this machine or needs an account.\n\n" +
			"Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted before the end.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	for _, command := range []func(*int) *cobra.Command{azureCommand, runCommand, playCommand, tortureCommand} {
		root.AddCommand(command(&code))
	}
	if err := root.ExecuteContext(ctx); err != nil {
		say(stderr, err)
		return exitUsage
	}
	return code
}

// say prints every line of err for a person.
func say(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "lab: %s\n", strings.TrimRight(line, "\n"))
	}
}
