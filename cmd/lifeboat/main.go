// Command lifeboat is the deployed program: `lifeboat serve` is the custom
// handler that the Azure Functions host starts.
package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// Exit codes. The host takes 0 for "do not start me again", so serve never
// returns it.
const (
	exitDone  = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	code := exitDone
	root := &cobra.Command{
		Use:           "lifeboat",
		Short:         "Disaster recovery for Azure API Management",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(
		&cobra.Command{
			Use:   "serve",
			Short: "Answer the Azure Functions host on 127.0.0.1:$FUNCTIONS_CUSTOMHANDLER_PORT",
			Long: "Serve runs the function app's handlers. The Azure Functions host starts it (see host.json).\n" +
				"It reads the app settings in local.settings.sample.json and the plan in lifeboat.sample.yaml.\n\n" +
				"Exit status: 1 if the settings or the plan can't be used, each reason on a line; 128 plus\n" +
				"the signal's number when it is told to stop. Never 0: the host would not start it again.",
			Args: cobra.NoArgs,
			Run: func(cmd *cobra.Command, _ []string) {
				code = serve(cmd.Context(), getenv, stdout, stderr)
			},
		},
		&cobra.Command{
			Use:   "version",
			Short: "Say what this program is",
			Args:  cobra.NoArgs,
			Run:   func(*cobra.Command, []string) { version(stdout) },
		},
	)
	if err := root.ExecuteContext(ctx); err != nil {
		say(stderr, err)
		return exitUsage
	}
	return code
}
