// Package identity stands in for the managed identity endpoint of App Service
// and Functions, so that development uses the credential that is deployed.
// azidentity.ManagedIdentityCredential uses it when IDENTITY_ENDPOINT holds its
// URL, plain http on loopback included, and IDENTITY_HEADER its secret.
package identity

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are an Endpoint's settings.
type Options struct {
	Now      func() time.Time // time.Now if nil
	Secret   string           // what the X-IDENTITY-HEADER must say; signs the tokens, too
	Clients  []string         // client ids of user-assigned identities; "" is the system-assigned one
	Lifetime time.Duration    // of a token; 24 h if zero
}

// Endpoint is the http.Handler. It keeps nothing, so tokens outlive a restart
// with the same secret.
type Endpoint struct{ options Options }

// New returns an Endpoint. It panics without a secret.
func New(o Options) *Endpoint {
	if o.Secret == "" {
		panic("identity: no secret")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Lifetime = cmp.Or(o.Lifetime, 24*time.Hour)
	return &Endpoint{options: o}
}

// grant is the endpoint's answer, as api-version 2019-08-01 documents it.
type grant struct {
	AccessToken string `json:"access_token"`
	ClientID    string `json:"client_id,omitempty"`
	ExpiresOn   string `json:"expires_on"` // seconds since 1970, as text
	Resource    string `json:"resource"`
	TokenType   string `json:"token_type"`
}

type refusal struct {
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
}

func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	header := r.Header.Get("X-IDENTITY-HEADER")
	refuse := func(status int, message string) { write(w, status, refusal{status, message}) }
	switch {
	case r.Method != http.MethodGet:
		refuse(http.StatusMethodNotAllowed, "want a GET")
	case subtle.ConstantTimeCompare([]byte(header), []byte(e.options.Secret)) != 1:
		refuse(http.StatusUnauthorized, "X-IDENTITY-HEADER is missing or wrong")
	case query.Get("api-version") != "2019-08-01":
		refuse(http.StatusBadRequest, "want api-version 2019-08-01")
	case query.Get("resource") == "":
		refuse(http.StatusBadRequest, "want a resource")
	case query.Has("mi_res_id"), query.Has("object_id"), query.Has("principal_id"):
		refuse(http.StatusBadRequest, "the emulator knows identities by client_id only")
	case !slices.Contains(e.options.Clients, query.Get("client_id")):
		refuse(http.StatusBadRequest, "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.")
	default:
		write(w, http.StatusOK, e.grant(query.Get("resource"), query.Get("client_id")))
	}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// claims are what a token says. Real tokens are opaque to their bearer.
type claims struct {
	Audience string
	Client   string
	Expires  int64
}

func (e *Endpoint) grant(resource, client string) grant {
	expires := e.options.Now().Add(e.options.Lifetime).Unix()
	body, err := json.Marshal(claims{resource, client, expires})
	if err != nil {
		panic(err) // strings and a number only
	}
	text := base64.RawURLEncoding.EncodeToString(body)
	return grant{
		AccessToken: text + "." + e.sign(text), ClientID: client,
		ExpiresOn: strconv.FormatInt(expires, 10), Resource: resource, TokenType: "Bearer",
	}
}

func (e *Endpoint) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(e.options.Secret))
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Accept returns a check for bearer tokens of the given audiences: issued
// here, for one of them, and not expired. A trailing slash makes no difference.
func (e *Endpoint) Accept(audiences ...string) func(token string) bool {
	return func(token string) bool {
		text, signature, _ := strings.Cut(token, ".")
		if !hmac.Equal([]byte(signature), []byte(e.sign(text))) {
			return false
		}
		body, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return false
		}
		var c claims
		if err := json.Unmarshal(body, &c); err != nil || e.options.Now().Unix() >= c.Expires {
			return false
		}
		return slices.ContainsFunc(audiences, func(a string) bool {
			return strings.TrimSuffix(a, "/") == strings.TrimSuffix(c.Audience, "/")
		})
	}
}
