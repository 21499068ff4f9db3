package arm

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// reply is an answer before it is written.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r *reply) set(name, value string) {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(name, value)
}

func (r reply) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if r.body != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

func success(status int, body any) reply {
	b, err := json.Marshal(body)
	if err != nil {
		return failure(http.StatusInternalServerError, "InternalServerError", err.Error())
	}
	return reply{status: status, body: b}
}

// errorBody is ARM's error with the members that APIM adds.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code       string        `json:"code"`
	Message    string        `json:"message"`
	Details    []errorTarget `json:"details"`
	InnerError *struct{}     `json:"innerError"`
}

type errorTarget struct {
	Code    string `json:"code"`
	Target  string `json:"target"`
	Message string `json:"message"`
}

func failure(status int, code, message string, details ...errorTarget) reply {
	return success(status, errorBody{errorDetail{Code: code, Message: message, Details: details}})
}
