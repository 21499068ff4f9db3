package apim

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/job"
)

// translate makes err a job.AzureError of the given kind, with Azure's own
// words where there are any: word for word, but for secrets that they repeat.
func translate(doing string, kind, err error) error {
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return &job.AzureError{Kind: kind, Doing: doing, Err: azureerror.Hide(azureerror.Bare(err))}
	}
	code, message := words(answer)
	code, message = azureerror.Hidden(code), azureerror.Hidden(message)
	return &job.AzureError{
		Kind: kind, Doing: doing, Status: answer.StatusCode, Code: code, Message: message,
		RetryAfter: retryAfter(answer.RawResponse),
	}
}

// armError is ARM's error body, with and without the envelope.
type armError struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Error   *armError `json:"error"`
}

const maxErrorBody = 64 << 10

func words(answer *azcore.ResponseError) (code, message string) {
	code = answer.ErrorCode
	if answer.RawResponse == nil || answer.RawResponse.Body == nil {
		return code, http.StatusText(answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.RawResponse.Body, maxErrorBody))
	var said armError
	if err == nil && json.Unmarshal(body, &said) == nil {
		if said.Error != nil {
			said = *said.Error
		}
		if said.Code != "" || said.Message != "" {
			return said.Code, said.Message
		}
	}
	return code, "HTTP " + strconv.Itoa(answer.StatusCode) + " " + http.StatusText(answer.StatusCode)
}

// undialed reports whether err proves that there was no connection to send
// a request on.
func undialed(err error) bool {
	var transport *net.OpError
	return errors.As(err, &transport) && transport.Op == "dial"
}

// longestWait bounds what an answer can ask for: anything beyond is a mistake.
const longestWait = 24 * time.Hour

// retryAfter reads how long an answer asks to wait, in any of the forms that
// Azure uses; 0 if it does not say.
func retryAfter(r *http.Response) time.Duration {
	if r == nil {
		return 0
	}
	for _, header := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if d, ok := span(r.Header.Get(header), time.Millisecond); ok {
			return d
		}
	}
	said := r.Header.Get("Retry-After")
	if d, ok := span(said, time.Second); ok {
		return d
	}
	if at, err := http.ParseTime(said); err == nil {
		// By the answer's own clock, where it has one: ours may be minutes off.
		now := time.Now()
		if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
			now = date
		}
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}

func span(said string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseInt(said, 10, 64)
	if err != nil || n <= 0 {
		return 0, false
	}
	return time.Duration(min(n, int64(longestWait/unit))) * unit, true
}
