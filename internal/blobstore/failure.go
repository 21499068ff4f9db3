package blobstore

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

// answer is how the blob service said no. The zero answer is none.
type answer struct {
	status  int
	code    bloberror.Code
	message string
	host    string
}

func answerOf(err error) answer {
	var e *azcore.ResponseError
	if !errors.As(err, &e) {
		return answer{}
	}
	a := answer{status: e.StatusCode, code: bloberror.Code(e.ErrorCode)}
	if e.RawResponse == nil {
		return a
	}
	if r := e.RawResponse.Request; r != nil {
		a.host = r.URL.Host
	}
	var body struct{ Message string }
	if text, err := runtime.Payload(e.RawResponse); err == nil && xml.Unmarshal(text, &body) == nil {
		// The lines after the first are the request's id and time.
		a.message, _, _ = strings.Cut(body.Message, "\n")
	}
	return a
}

func (a answer) missing() bool {
	return a.status == http.StatusNotFound && (a.code == bloberror.BlobNotFound || a.code == bloberror.ResourceNotFound)
}

func (a answer) containerMissing() bool {
	return a.status == http.StatusNotFound && a.code == bloberror.ContainerNotFound
}

// exists: the blob is there, and for one reason or another stays as it is.
func (a answer) exists() bool {
	switch a.code {
	case bloberror.BlobAlreadyExists, bloberror.UnauthorizedBlobOverwrite, bloberror.ConditionNotMet:
		return true
	}
	return a.immutable() || a.leased()
}

// immutableDueToLegalHold is not among the SDK's codes.
const immutableDueToLegalHold bloberror.Code = "BlobImmutableDueToLegalHold"

// immutable: the blob can be neither changed nor deleted, by a policy or a hold.
func (a answer) immutable() bool {
	return a.code == bloberror.BlobImmutableDueToPolicy || a.code == immutableDueToLegalHold
}

// archived: the blob is there, but nobody can read it now.
func (a answer) archived() bool {
	return a.code == bloberror.BlobArchived || a.code == bloberror.BlobBeingRehydrated
}

// leased: the blob can be neither changed nor deleted but by who leased it.
func (a answer) leased() bool { return a.code == bloberror.LeaseIDMissing }

// frozen: the blob can't be changed, today or ever.
func (a answer) frozen() bool {
	return a.immutable() || a.code == bloberror.UnauthorizedBlobOverwrite
}

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
	f := &failure{text: doing + ": " + scrub(words(err))}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			f.cause = cause
		}
	}
	return f
}

func words(err error) string {
	a := answerOf(err)
	switch {
	case a.status == 0:
		return bare(err).Error()
	case a.code == bloberror.ContainerNotFound:
		return fmt.Sprintf("ContainerNotFound: there is no such container on %s: create it, or check the plan", a.host)
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

// scrub is text on one line, of bounded length and without secrets.
func scrub(text string) string {
	line := []rune(secret.ReplaceAllString(strings.Join(strings.Fields(text), " "), "${1}…"))
	if len(line) > 500 {
		line = append(line[:499], '…')
	}
	return string(line)
}
