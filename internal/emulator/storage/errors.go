package storage

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Error is a refusal as Azure words it. In-process access returns it too, so
// errors.As tells a stand-in that embeds the account what went wrong.
type Error struct {
	Status  int    // HTTP
	Code    string // such as BlobNotFound
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d): %s", e.Code, e.Status, e.Message) }

// Errors that more than one operation gives.
var (
	errBodyTooLarge = &Error{413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."}
	errInvalidInput = &Error{400, "InvalidInput", "One of the request inputs is not valid."}
	errNotFound     = &Error{404, "ResourceNotFound", "The specified resource does not exist."}
	errNameChars    = &Error{400, "InvalidResourceName", "The specified resource name contains invalid characters."}
	errNameLength   = &Error{400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits."}
	errNoHeader     = &Error{400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified."}
)

func invalid(format string, args ...any) *Error {
	return &Error{400, "InvalidInput", fmt.Sprintf(format, args...)}
}

// notBuilt refuses what Azure has and the stand-in lacks.
func notBuilt(operation string) *Error {
	return &Error{501, "NotImplemented", "The development storage stand-in does not implement " + operation + "."}
}

func (s *Server) asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{500, "InternalError", err.Error()}
}

type tableError struct {
	Error struct {
		Code    string `json:"code"`
		Message struct {
			Lang  string `json:"lang"`
			Value string `json:"value"`
		} `json:"message"`
	} `json:"odata.error"`
}

func tableErrorBody(e *Error, trailer string) []byte {
	var body tableError
	body.Error.Code = e.Code
	body.Error.Message.Lang = "en-US"
	body.Error.Message.Value = e.Message + trailer
	out, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings always marshal
	}
	return out
}

func writeTableError(x *exchange, e *Error) {
	body := tableErrorBody(e, x.trailer())
	h := x.w.Header()
	h.Set("Content-Type", contentType(errorLevel(x.r)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	challenge(h, e)
	x.w.WriteHeader(e.Status)
	_, _ = x.w.Write(body)
}

func writeBlobError(x *exchange, e *Error) {
	h := x.w.Header()
	h.Set("x-ms-error-code", e.Code)
	challenge(h, e)
	if x.r.Method == http.MethodHead || e.Status == http.StatusNotModified {
		x.w.WriteHeader(e.Status)
		return
	}
	var body bytes.Buffer
	body.WriteString(`<?xml version="1.0" encoding="utf-8"?><Error><Code>`)
	_ = xml.EscapeText(&body, []byte(e.Code))
	body.WriteString(`</Code><Message>`)
	_ = xml.EscapeText(&body, []byte(e.Message+x.trailer()))
	body.WriteString(`</Message></Error>`)
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	x.w.WriteHeader(e.Status)
	_, _ = x.w.Write(body.Bytes())
}

func challenge(h http.Header, e *Error) {
	if e.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize resource_id=https://storage.azure.com`)
	}
}
