package blobstore

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"lifeboat/internal/azureerror"
)

// answer is how the blob service said no. The zero answer is none.
type answer struct{ azureerror.Answer }

func answerOf(err error) answer {
	var e *azcore.ResponseError
	if !errors.As(err, &e) {
		return answer{}
	}
	a := answer{azureerror.Answer{Status: e.StatusCode, Code: e.ErrorCode}}
	if e.RawResponse == nil {
		return a
	}
	if r := e.RawResponse.Request; r != nil {
		a.Host = r.URL.Host
	}
	var body struct{ Message string }
	if text, err := runtime.Payload(e.RawResponse); err == nil && xml.Unmarshal(text, &body) == nil {
		// The lines after the first are the request's id and time.
		a.Message, _, _ = strings.Cut(body.Message, "\n")
	}
	return a
}

func (a answer) is(code bloberror.Code) bool { return a.Code == string(code) }

func (a answer) missing() bool {
	return a.Status == http.StatusNotFound && (a.is(bloberror.BlobNotFound) || a.is(bloberror.ResourceNotFound))
}

func (a answer) containerMissing() bool {
	return a.Status == http.StatusNotFound && a.is(bloberror.ContainerNotFound)
}

// exists: the blob is there, and for one reason or another stays as it is.
func (a answer) exists() bool {
	switch bloberror.Code(a.Code) {
	case bloberror.BlobAlreadyExists, bloberror.UnauthorizedBlobOverwrite, bloberror.ConditionNotMet:
		return true
	}
	return a.immutable() || a.leased()
}

// immutableDueToLegalHold is not among the SDK's codes.
const immutableDueToLegalHold bloberror.Code = "BlobImmutableDueToLegalHold"

// immutable: the blob can be neither changed nor deleted, by a policy or a hold.
func (a answer) immutable() bool {
	return a.is(bloberror.BlobImmutableDueToPolicy) || a.is(immutableDueToLegalHold)
}

// archived: the blob is there, but nobody can read it now.
func (a answer) archived() bool {
	return a.is(bloberror.BlobArchived) || a.is(bloberror.BlobBeingRehydrated)
}

// leased: the blob can be neither changed nor deleted but by who leased it.
func (a answer) leased() bool { return a.is(bloberror.LeaseIDMissing) }

// frozen: the blob can't be changed, today or ever.
func (a answer) frozen() bool {
	return a.immutable() || a.is(bloberror.UnauthorizedBlobOverwrite)
}

// failed is the error for an outcome that has no name in package job.
func failed(doing string, err error) error {
	a := answerOf(err)
	said := azureerror.Words(a.Answer, err)
	if a.is(bloberror.ContainerNotFound) {
		said = fmt.Sprintf("ContainerNotFound: there is no such container on %s: create it, or check the plan", a.Host)
	}
	return azureerror.New(doing, said, a.Answer, err)
}
