// Command lifeboat is the deployed program: `lifeboat serve` is the custom
// handler that the Azure Functions host starts, and everything else is for
// operators. Their commands speak with storage and Service Bus themselves, by
// the operator's own identity, so that they work when the app does not.
package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lifeboat/internal/config"
	"lifeboat/internal/terminal"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	p := &program{getenv: getenv, stdin: os.Stdin, stdout: stdout, stderr: stderr, now: time.Now, newID: uuid.NewString, reach: reachAzure, survey: surveyAzure, manage: manageAzure}
	// serve has an end of its own.
	p.interruptible, p.outlive = interruptible, outliveReader
	return p.run(ctx, args)
}

// program is the process as the commands see it; a test has another.
type program struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	newID          func() string // no two are the same
	// reach opens what the settings name. It makes no request.
	reach func(config.Config) (*reached, error)
	// survey opens what only check looks at. It makes no request.
	survey func(config.Config, func(string) string) (*sights, error)
	// manage opens what only --direct works with. It makes no request.
	manage func(config.Config, func(string) string, func() time.Time) (managed, error)

	// interruptible is a context that Ctrl-C ends.
	interruptible func(context.Context) (context.Context, context.CancelFunc)
	// outlive lets the process go on when nobody reads any more what it says.
	outlive func()

	flags   flags
	direct  bool // without a queue
	palette terminal.Palette
	lines   *bufio.Reader
	code    int
}

func (p *program) execute(ctx context.Context, args []string) int {
	root := &cobra.Command{
		Use:   "lifeboat",
		Short: "Disaster recovery for Azure API Management",
		Long: "Lifeboat keeps Azure API Management services recoverable.\n\n" +
			"Operators' commands find their Azure by the app's own settings: from the environment,\n" +
			"from a file in the form of local.settings.json (--settings), or from the lab that runs\n" +
			"here (--lab). They use your own Azure identity: az login, or AZURE_CLIENT_ID and the\n" +
			"like. Exit codes: lifeboat help exit-codes.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	p.flags.add(root)
	root.AddGroup(
		&cobra.Group{ID: looks, Title: "See how things are:"},
		&cobra.Group{ID: acts, Title: "Do something:"},
	)
	for _, command := range []func(*program) *cobra.Command{
		statusCommand, jobsCommand, jobCommand, pointsCommand, checkCommand,
		backupCommand, restoreCommand, resumeCommand, approveCommand, rejectCommand, cancelCommand, ackCommand, maintenanceCommand,
		holdCommand, releaseCommand, pruneCommand, rebuildCommand,
		planCommand, serveCommand, versionCommand, exitCodesTopic,
	} {
		root.AddCommand(command(p))
	}
	p.completes(root)
	root.InitDefaultCompletionCmd()
	refuses(root)
	if command, err := root.ExecuteContextC(ctx); err != nil {
		return p.misused(command, err)
	}
	return p.code
}

// The groups of commands in the help.
const (
	looks = "looks"
	acts  = "acts"
)

func serveCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answer the Azure Functions host on 127.0.0.1:$FUNCTIONS_CUSTOMHANDLER_PORT",
		Long: "Serve runs the function app's handlers. The Azure Functions host starts it (see host.json).\n" +
			"It reads the app settings in local.settings.sample.json and the plan in lifeboat.sample.yaml.\n\n" +
			"Exit status: 1 if the settings or the plan can't be used, each reason on a line; 128 plus\n" +
			"the signal's number when it is told to stop. Never 0: the host would not start it again.",
		PreRunE: func(*cobra.Command, []string) error {
			if p.flags != (flags{}) {
				return errors.New("serve takes its settings from the Functions host: --settings, --lab, --plan and --json are for operators")
			}
			return nil
		},
		Run: func(cmd *cobra.Command, _ []string) {
			p.code = serve(cmd.Context(), p.getenv, p.stdout, p.stderr)
		},
	}
}
