package storage

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var (
	errForbidden = &Error{403, "AuthenticationFailed", "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature."}
	errNoAuth    = &Error{401, "NoAuthenticationInformation", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."}
)

// authenticate accepts what Azure accepts for an account key: the Shared Key
// and Shared Key Lite schemes, each in its Blob and its Table form.
func (s *Server) authenticate(r *http.Request) error {
	if r.URL.Query().Has("sig") {
		return notBuilt("shared access signatures")
	}
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case scheme == "":
		return errNoAuth
	case scheme == "Bearer" && s.opts.AllowBearer && credential != "":
		return nil
	case scheme != "SharedKey" && scheme != "SharedKeyLite":
		return errForbidden
	}
	account, signature, _ := strings.Cut(credential, ":")
	if account != s.opts.Account {
		return errForbidden
	}
	for _, text := range s.stringsToSign(scheme, r) {
		if s.signed(text, signature) {
			return nil
		}
	}
	return errForbidden
}

func (s *Server) signed(text, signature string) bool {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(signature))
}

// stringsToSign gives the Table form and the Blob form. Accepting either at
// both services is no weaker: each proves that the caller has the key.
func (s *Server) stringsToSign(scheme string, r *http.Request) [2]string {
	h := r.Header
	date := h.Get("x-ms-date")
	table := cmp.Or(date, h.Get("Date"))
	if date == "" {
		date = h.Get("Date")
	} else {
		date = "" // the Blob forms sign x-ms-date among the headers
	}
	short, long := s.resource(r.URL)
	if scheme == "SharedKeyLite" {
		return [2]string{
			table + "\n" + short,
			lines(r.Method, h.Get("Content-MD5"), h.Get("Content-Type"), date) + signedHeaders(h) + "\n" + short,
		}
	}
	length := ""
	if r.ContentLength > 0 {
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	return [2]string{
		lines(r.Method, h.Get("Content-MD5"), h.Get("Content-Type"), table) + short,
		lines(r.Method, h.Get("Content-Encoding"), h.Get("Content-Language"), length, h.Get("Content-MD5"),
			h.Get("Content-Type"), date, h.Get("If-Modified-Since"), h.Get("If-Match"), h.Get("If-None-Match"),
			h.Get("If-Unmodified-Since"), h.Get("Range")) + signedHeaders(h) + "\n" + long,
	}
}

func lines(parts ...string) string { return strings.Join(parts, "\n") + "\n" }

// resource returns the canonicalized resource of the Lite and Table schemes,
// which knows only comp, and that of Shared Key for blobs, with every parameter.
func (s *Server) resource(u *url.URL) (short, long string) {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	short = "/" + s.opts.Account + path
	long = short
	params := make(map[string][]string)
	for name, values := range u.Query() {
		name = strings.ToLower(name)
		params[name] = append(params[name], values...)
	}
	if comp := params["comp"]; len(comp) > 0 {
		short += "?comp=" + comp[0]
	}
	for _, name := range sortedKeys(params) {
		slices.Sort(params[name])
		long += "\n" + name + ":" + strings.Join(params[name], ",")
	}
	return short, long
}

func signedHeaders(h http.Header) string {
	signed := make(map[string]string)
	for name, values := range h {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ms-") {
			signed[name] = strings.Join(values, ",")
		}
	}
	names := sortedKeys(signed)
	slices.SortStableFunc(names, compareHeaders)
	for i, name := range names {
		names[i] = name + ":" + signed[name]
	}
	return strings.Join(names, "\n")
}

// compareHeaders orders header names as Azure does: hyphens do not count, and
// an underscore comes before digits and letters.
func compareHeaders(a, b string) int {
	weigh := strings.NewReplacer("-", "", "_", " ").Replace
	return cmp.Compare(weigh(a), weigh(b))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
