package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/spf13/cobra"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/job"
)

// Exit codes: scripts depend on them. The host takes 0 for "do not start me
// again", so serve never returns it.
const (
	exitDone        = 0
	exitError       = 1   // something is bad: the job failed, a service is late
	exitUsage       = 2   // the command, the settings or the plan
	exitUnknown     = 3   // not there, not reachable, not known yet
	exitPerson      = 4   // a person must approve
	exitInterrupted = 130 // Ctrl-C
)

// exit is an error with an exit code of its own.
type exit struct {
	code int
	err  error // nil where all has been said
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func wrongUsage(format string, args ...any) error {
	return &exit{exitUsage, fmt.Errorf(format, args...)}
}

// bad is something that is as it should not be.
func bad(format string, args ...any) error { return &exit{exitError, fmt.Errorf(format, args...)} }

// unknown is something that nobody knows.
func unknown(format string, args ...any) error {
	return &exit{exitUnknown, fmt.Errorf(format, args...)}
}

// codeOf is the exit code that err stands for: what has none of its own could
// not be reached.
func codeOf(err error) int {
	var own *exit
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &own):
		return own.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitUnknown
}

// remedies say what to do about an error that has no answer of storage's, by
// what stands in it.
var remedies = []struct{ sign, remedy string }{
	{"Azure Service Bus Data Sender", "here that is your own account, not the app's"},
	{"connection refused", "see whether it runs; the lab's addresses change at every start, so use --lab"},
	{"no such host", "check the name in the settings; see whether this machine is in a network that may resolve it"},
}

// denied reports whether Azure has refused, or has no such table: time alone
// changes neither.
func denied(err error) bool {
	said := azureerror.AnswerOf(err)
	return said.Status == http.StatusUnauthorized || said.Status == http.StatusForbidden || said.Code == string(aztables.TableNotFound)
}

// remedy is what to do about err, or "".
func remedy(err error) string {
	if errors.Is(err, job.ErrNewerSchema) {
		return "use the version of lifeboat that the app runs"
	}
	text := err.Error()
	switch said := azureerror.AnswerOf(err); {
	case said.Code == string(aztables.TableNotFound):
		return "name the table of the app by LIFEBOAT_TABLE; if it is lost: lifeboat rebuild makes it again, or --direct --rebuild"
	case said.Status == http.StatusUnauthorized:
		return "sign in to the tenant that the storage account is in: az login --tenant TENANT"
	case said.Status == http.StatusForbidden && strings.Contains(text, " in container "):
		return "give your account the role Storage Blob Data Contributor on the backups' storage account, and see whether its firewall lets this machine in"
	case said.Status == http.StatusForbidden:
		return "give your account the role Storage Table Data Reader (hold, release, prune, rebuild, resume and whatever has --direct: Contributor) on the state's storage account, and see whether its firewall lets this machine in"
	}
	for _, r := range remedies {
		if strings.Contains(text, r.sign) {
			return r.remedy
		}
	}
	return ""
}

func exitCodesTopic(*program) *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `The exit codes of the operators' commands are stable:

  0    done, or all is well
  1    bad: the job failed or was canceled (--wait, --direct, job, resume), what was asked for can't
       be any more, pruning is frozen (prune), the plan has mistakes (plan validate);
       status: a service is late, down or not restorable, or a standby is not ready
  2    wrong usage, settings that can't be used, or a confirmation that was not given
  3    not known: no such service or job, Azure can't be reached, a newer version wrote
       the rows, --timeout passed before the end, or the result could not be written
  4    --timeout passed while the job waits for a person: lifeboat approve JOB
  130  Ctrl-C; a job that was waited for goes on, but one of --direct or resume is
       moved on by nobody unless the app runs: lifeboat resume JOB

check has codes of its own, those of Nagios: 0 all OK, 1 something is WARN, 2 something
is FAIL, 3 nothing could be checked: wrong usage, unusable settings, no such service.

serve is no operator's command: see lifeboat help serve.`,
	}
}
