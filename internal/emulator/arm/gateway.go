package arm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// GatewayState is how a service's gateway behaves, whatever ARM says of the
// service.
type GatewayState string

const (
	GatewayHealthy   GatewayState = ""          // it serves
	GatewayUnhealthy GatewayState = "unhealthy" // it answers 503
	GatewayDown      GatewayState = "down"      // the connection drops
)

// SetGateway makes a service's gateway healthy, unhealthy or down.
func (s *Simulator) SetGateway(name string, state GatewayState) {
	s.must(name, func(v *instance, _ time.Time) { v.Gateway = state })
}

// ServeGatewaysAt makes every service's gatewayUrl lead to <base>/<service>,
// where GatewayHandler is served; "" brings Azure's own addresses back.
func (s *Simulator) ServeGatewaysAt(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateways = strings.TrimSuffix(base, "/")
}

// gatewayURL is where a service's gateway is.
func (s *Simulator) gatewayURL(v *instance) string {
	lower := strings.ToLower(v.Name)
	if s.gateways != "" {
		return s.gateways + "/" + lower
	}
	return "https://" + lower + gatewaySuffix
}

const (
	gatewaySuffix = ".azure-api.net"
	gatewayStatus = "/status-0123456789abcdef"
)

// GatewayHandler stands in for the gateways of all services. It knows a
// service by its host, <service>.azure-api.net, or else by the path's first
// element, so that one socket can serve all of them; custom host names are
// DNS's affair, because a service and its standby share them. A gateway answers
// its status and echoes calls of the APIs that it holds.
func (s *Simulator) GatewayHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, path, ok := s.behind(r)
		switch {
		case !ok, v.Gateway == GatewayDown:
			// As no such host and a dead one look: no answer.
			panic(http.ErrAbortHandler)
		case v.Gateway == GatewayUnhealthy:
			gatewayError(w, http.StatusServiceUnavailable, "Service Unavailable")
		case path == gatewayStatus:
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, "Service Operational") // the text is chosen; probes look at the status
		default:
			v.echo(w, r, path)
		}
	})
}

// gateway is a service as its gateway sees it.
type gateway struct {
	Service
	Gateway GatewayState
}

// behind finds the service that a request is for, and the path within it.
func (s *Simulator) behind(r *http.Request) (v gateway, path string, ok bool) {
	host, _, _ := strings.Cut(strings.ToLower(r.Host), ":")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.options.Now())
	for _, v := range s.services {
		if host == strings.ToLower(v.Name)+gatewaySuffix {
			return gateway{v.copy(), v.Gateway}, r.URL.Path, true
		}
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if v, ok := s.services[strings.ToLower(name)]; ok {
		return gateway{v.copy(), v.Gateway}, "/" + rest, true
	}
	return gateway{}, "", false
}

// Echo is a gateway's answer to a call of an API: what it would have
// forwarded, and where to.
type Echo struct {
	Service string `json:"service"`
	API     string `json:"api"`
	Method  string `json:"method"`
	Path    string `json:"path"` // below the API's own
	Backend string `json:"backend"`
}

// echo answers for the API with the longest path that the request begins with.
func (v gateway) echo(w http.ResponseWriter, r *http.Request, path string) {
	var found API
	for _, a := range v.Content.APIs {
		if below(path, a.Path) && len(a.Path) >= len(found.Path) {
			found = a
		}
	}
	if found.Name == "" {
		gatewayError(w, http.StatusNotFound, "Resource not found")
		return
	}
	rest := strings.TrimPrefix(path, "/"+found.Path)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Echo{v.Name, found.Name, r.Method, cmp.Or(rest, "/"), found.ServiceURL + rest})
}

func below(path, api string) bool {
	rest, ok := strings.CutPrefix(path, "/"+api)
	return ok && (api == "" || rest == "" || rest[0] == '/')
}

// gatewayError is an error as the gateway, not ARM, writes it.
func gatewayError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{ "statusCode": %d, "message": %q }`, status, message)
}
