package tablestore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"lifeboat/internal/job"
)

// failure says what was tried and what storage or the network said. It is all
// text, because the SDK's errors and net/http's show requests whole, and with
// them signatures; only a context's error can be found inside.
type failure struct {
	text  string
	cause error // context.Canceled, context.DeadlineExceeded or nil
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// failed is the error for an outcome that has no name in package job.
func failed(doing string, err error) error {
	f := &failure{text: doing + ": " + shortened(scrub(words(err)), 500)}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			f.cause = cause
		}
	}
	return f
}

// rowError is the error of a change to a row that has to be as it was read.
func rowError(doing string, err error) error {
	if err == nil {
		return nil
	}
	switch a := answerOf(err); {
	case a.missing():
		return fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	case a.stale():
		return fmt.Errorf("%s: %w", doing, job.ErrConflict)
	}
	return failed(doing, err)
}

func words(err error) string {
	a := answerOf(err)
	switch {
	case a.status == 0:
		return bare(err).Error()
	case a.code == "TableNotFound":
		return fmt.Sprintf("TableNotFound: there is no such table on %s: create it, or check the app setting that names it", a.host)
	case a.code == "":
		return fmt.Sprintf("HTTP %d from %s", a.status, a.host)
	case a.message == "":
		return fmt.Sprintf("HTTP %d %s from %s", a.status, a.code, a.host)
	}
	return fmt.Sprintf("HTTP %d %s from %s: %s", a.status, a.code, a.host, a.message)
}

// bare is err without the addresses that net/http puts around it.
func bare(err error) error {
	for {
		var u *url.Error
		if !errors.As(err, &u) || u.Err == nil {
			return err
		}
		err = u.Err
	}
}

// secret matches what must not be shown should anybody's words repeat it.
var secret = regexp.MustCompile(`(?i)((?:[?&;]|\b)(?:sig|signature|accountkey|sharedaccesskey|sharedaccesssignature)=|\b(?:bearer|sharedkey|sharedkeylite)\s+)[^\s&;,"']+`)

// scrub is text on one line and without secrets.
func scrub(text string) string {
	return secret.ReplaceAllString(strings.Join(strings.Fields(text), " "), "${1}…")
}
