// Package arm stands in for Azure Resource Manager's API Management part, for
// tests and laptops. It answers from the documented and recorded exchanges
// (facts on backup, restore and throttling) with wire structs of its own and
// keeps real content per service: a backup writes it to a blob and a restore
// reads it back, so that "restored" can be checked by comparing contents.
//
// What Azure doesn't document is chosen here and marked as chosen.
package arm

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// BlobStore is where backups lie. It addresses a storage account by its name,
// as the backup request does.
type BlobStore interface {
	// PutBlob writes a blob, creating its container if need be and replacing a
	// blob of the same name.
	PutBlob(account, container, name string, body []byte) error
	// GetBlob returns an error if the blob is absent.
	GetBlob(account, container, name string) ([]byte, error)
}

// Options are a Simulator's settings. The zero value of a field uses the
// default that is named with it.
type Options struct {
	Now      func() time.Time  // time.Now
	Actions  []string          // granted role actions; none grants nothing
	Token    func(string) bool // accepts a bearer token; nil accepts any
	Endpoint string            // scheme and host of Location and nextLink; the request's own
	Blobs    BlobStore         // required for backup and restore

	Reads, Writes Bucket        // per subscription; ARM's 250 + 25/s and 200 + 10/s
	RecordTTL     time.Duration // how long an ended operation can be polled; 24 h, chosen
	Validity      time.Duration // how long a backup can be restored; 30 days
}

// Simulator is an http.Handler that answers as ARM. Give it to a server
// directly: an http.ServeMux would redirect the double slash that APIM puts
// into its first Location.
//
// An operation ends when its time has come, polled or not: a timer looks then,
// and so does every request and every method. Where Now doesn't advance with
// the timers, call Settle. Simulator calls its BlobStore with a lock held, so
// a BlobStore must never call the Simulator.
type Simulator struct {
	options Options

	mu         sync.Mutex
	services   map[string]*instance // by lower-case name: APIM names are unique in all of Azure
	operations []*operation
	roles      []RoleAssignment
	earliest   time.Time // no operation that runs is due before; zero if none runs
	serial     int
	limiter    limiter
	gateways   string // where GatewayHandler is served; "" is Azure's own hosts
}

// New returns a Simulator without services.
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Reads == (Bucket{}) {
		o.Reads = Bucket{Burst: 250, PerSecond: 25}
	}
	if o.Writes == (Bucket{}) {
		o.Writes = Bucket{Burst: 200, PerSecond: 10}
	}
	if o.RecordTTL == 0 {
		o.RecordTTL = 24 * time.Hour
	}
	if o.Validity == 0 {
		o.Validity = 30 * 24 * time.Hour
	}
	return &Simulator{options: o, services: map[string]*instance{}, limiter: newLimiter(o.Reads, o.Writes)}
}

// maxBody bounds a request; ARM's own limit is 4 MB.
const maxBody = 4 << 20

func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		failure(http.StatusBadRequest, "InvalidRequestContent", "The request content could not be read.").write(w)
		return
	}
	s.answer(r, body).write(w)
}

// answer goes through ARM's checks in ARM's order: who, how often, which
// version, may they, is it there.
func (s *Simulator) answer(r *http.Request, body []byte) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.settle(now)

	if refused, ok := s.authenticate(r); !ok {
		return refused
	}
	at, ok := parsePath(r.URL.Path)
	if !ok {
		return failure(http.StatusNotFound, "InvalidResourceType", fmt.Sprintf("The emulator knows only Microsoft.ApiManagement services and a subscription's role assignments, not %s.", r.URL.Path))
	}
	remaining, refused, ok := s.limiter.take(at.subscription, r.Method, now)
	if !ok {
		return refused
	}
	res := s.route(r, at, body, now)
	res.set(remaining.header, remaining.value)
	s.serial++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012x", s.serial)
	res.set("x-ms-request-id", id)
	res.set("x-ms-correlation-request-id", id)
	return res
}

func (s *Simulator) authenticate(r *http.Request) (refused reply, ok bool) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !bearer:
		refused = failure(http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
	case s.options.Token != nil && !s.options.Token(token):
		refused = failure(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
	default:
		return reply{}, true
	}
	refused.set("WWW-Authenticate", `Bearer authorization_uri="https://login.windows.net/", error="invalid_token"`)
	return refused, false
}

// call is one request to one service, past ARM's own checks.
type call struct {
	*http.Request
	body    []byte
	at      path
	now     time.Time
	service *instance
	version string // api-version
}

// actions of the role model, by method and the path below the service. The
// names are those of the permission reference.
var actions = map[string]struct {
	name   string
	handle func(*Simulator, call) reply
}{
	"GET ":                 {"Microsoft.ApiManagement/service/read", (*Simulator).getService},
	"POST backup":          {"Microsoft.ApiManagement/service/backup/action", (*Simulator).postBackup},
	"POST restore":         {"Microsoft.ApiManagement/service/restore/action", (*Simulator).postRestore},
	"GET operationresults": {"Microsoft.ApiManagement/service/operationresults/read", (*Simulator).getOperation},
	"GET apis":             {"Microsoft.ApiManagement/service/apis/read", (*Simulator).listAPIs},
	"GET products":         {"Microsoft.ApiManagement/service/products/read", (*Simulator).listProducts},
	"GET namedvalues":      {"Microsoft.ApiManagement/service/namedValues/read", (*Simulator).listNamedValues},
}

func (s *Simulator) route(r *http.Request, at path, body []byte, now time.Time) reply {
	if at.service == "" {
		return s.routeAssignments(r, at)
	}
	if at.collection == permissionsType {
		return s.routePermissions(r, at)
	}
	version := r.URL.Query().Get("api-version")
	if refused, ok := checkVersion(version, "service", versions); !ok {
		return refused
	}
	action, ok := actions[r.Method+" "+strings.ToLower(at.collection)]
	if !ok || (at.item != "") != (strings.EqualFold(at.collection, "operationresults")) {
		return failure(http.StatusNotImplemented, "NotImplemented", fmt.Sprintf("The emulator does not support %s %s.", r.Method, r.URL.Path))
	}
	if refused, ok := s.granted(action.name, at); !ok {
		return refused
	}
	service, refused, ok := s.find(at)
	if !ok {
		return refused
	}
	return action.handle(s, call{Request: r, body: body, at: at, now: now, service: service, version: version})
}

// granted checks that the caller's role has an action.
func (s *Simulator) granted(action string, at path) (refused reply, ok bool) {
	if slices.ContainsFunc(s.options.Actions, func(a string) bool { return strings.EqualFold(a, action) }) {
		return reply{}, true
	}
	return failure(http.StatusForbidden, "AuthorizationFailed", fmt.Sprintf(
		"The client 'lifeboat' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		caller, action, at.scope())), false
}

// caller is the object id of whoever calls.
const caller = "11111111-1111-4111-8111-111111111111"

// find looks a service up in its own subscription and resource group, which
// ARM compares without case.
func (s *Simulator) find(at path) (found *instance, refused reply, ok bool) {
	v, ok := s.services[strings.ToLower(at.service)]
	if ok && strings.EqualFold(v.Subscription, at.subscription) && strings.EqualFold(v.ResourceGroup, at.group) {
		return v, reply{}, true
	}
	for _, v := range s.services {
		if strings.EqualFold(v.Subscription, at.subscription) && strings.EqualFold(v.ResourceGroup, at.group) {
			return nil, failure(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf(
				"The Resource 'Microsoft.ApiManagement/service/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
				at.service, at.group)), false
		}
	}
	return nil, failure(http.StatusNotFound, "ResourceGroupNotFound", fmt.Sprintf("Resource group '%s' could not be found.", at.group)), false
}

// endpoint is the scheme and host that the answers' own links begin with.
func (s *Simulator) endpoint(r *http.Request) string {
	if s.options.Endpoint != "" {
		return strings.TrimSuffix(s.options.Endpoint, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
