package tablestore

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"lifeboat/internal/azureerror"
)

// answer is how the table service said no. The zero answer is none.
type answer struct {
	azureerror.Answer
	// change is which change of a transaction was refused, from 0; -1 if the
	// service did not say.
	change int
}

// answerOf finds the service's answer in an SDK error. A refused transaction
// comes as a 202 without a code, with the refusal inside its body.
func answerOf(err error) answer {
	var e *azcore.ResponseError
	if !errors.As(err, &e) {
		return answer{}
	}
	a := answer{Answer: azureerror.Answer{Status: e.StatusCode, Code: e.ErrorCode}, change: -1}
	if e.RawResponse == nil {
		return a
	}
	if r := e.RawResponse.Request; r != nil {
		a.Host = r.URL.Host
	}
	body, err := runtime.Payload(e.RawResponse)
	if err != nil {
		return a
	}
	if a.Status != http.StatusAccepted {
		a.read(body)
		return a
	}
	if inner, ok := refusal(e.RawResponse.Header.Get("Content-Type"), body); ok {
		inner.Host = a.Host
		return inner
	}
	return a
}

// refusal finds the failed answer in a transaction's: HTTP answers in a
// changeset in a batch.
func refusal(contentType string, body []byte) (answer, bool) {
	for _, inner := range innerAnswers(contentType, body) {
		if inner.StatusCode < 400 {
			continue
		}
		text, _ := io.ReadAll(inner.Body) // what there is of it
		a := answer{Answer: azureerror.Answer{Status: inner.StatusCode}, change: -1}
		a.read(text)
		return a, true
	}
	return answer{}, false
}

// done reports whether resp says that a transaction was made. The SDK takes
// every 202 for that in which it finds no refusal, readable or not.
func done(resp *http.Response) bool {
	if resp == nil {
		return false
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return false
	}
	answers := innerAnswers(resp.Header.Get("Content-Type"), body)
	return len(answers) > 0 && !slices.ContainsFunc(answers, func(r *http.Response) bool { return r.StatusCode >= 400 })
}

func innerAnswers(contentType string, body []byte) (all []*http.Response) {
	for _, set := range parts(contentType, body) {
		for _, part := range parts(set.contentType, set.body) {
			if r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(part.body)), nil); err == nil {
				all = append(all, r)
			}
		}
	}
	return all
}

type part struct {
	contentType string
	body        []byte
}

// parts are the parts of a multipart body as far as they can be read.
func parts(contentType string, body []byte) (all []part) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.HasPrefix(media, "multipart/") {
		return nil
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := reader.NextPart()
		if err != nil {
			return all
		}
		content, err := io.ReadAll(p)
		all = append(all, part{p.Header.Get("Content-Type"), content})
		if err != nil {
			return all // the last one, cut short
		}
	}
}

// read takes code, words and the number of the refused change from a body
// such as {"odata.error":{"code":"EntityAlreadyExists","message":{"value":"1:The…"}}}.
func (a *answer) read(body []byte) {
	var e struct {
		Error struct {
			Code    string
			Message struct{ Value string }
		} `json:"odata.error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return
	}
	a.Code, a.Message = e.Error.Code, e.Error.Message.Value
	// Some send the number before the code instead.
	for _, s := range []*string{&a.Code, &a.Message} {
		number, rest, ok := strings.Cut(*s, ":")
		if n, err := strconv.Atoi(number); ok && err == nil && n >= 0 {
			a.change, *s = n, rest
		}
	}
	// The lines after the first are the request's id and time.
	a.Message, _, _ = strings.Cut(a.Message, "\n")
}

// missing: the row is not there. A missing table is another matter.
func (a answer) missing() bool {
	return a.Status == http.StatusNotFound && (a.Code == "ResourceNotFound" || a.Code == "EntityNotFound")
}

// exists: there is a row of that key.
func (a answer) exists() bool {
	return a.Status == http.StatusConflict && a.Code == "EntityAlreadyExists"
}

// stale: the row was changed since it was read.
func (a answer) stale() bool { return a.Status == http.StatusPreconditionFailed }

// changed: the row is not as it was read.
func (a answer) changed() bool { return a.stale() || a.missing() }

// overtaken: the row is not as it was read, or not gone as it was.
func (a answer) overtaken() bool { return a.changed() || a.exists() }

// about reports whether the refused one of changes is of kind.
func (a answer) about(changes []change, kind changeKind) bool {
	if a.change < 0 && len(changes) == 1 {
		return changes[0].kind == kind
	}
	return 0 <= a.change && a.change < len(changes) && changes[a.change].kind == kind
}
