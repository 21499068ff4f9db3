package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// AuthLevel is who may call an httpTrigger, as function.json writes it.
type AuthLevel string

const (
	Anonymous    AuthLevel = "anonymous"
	FunctionAuth AuthLevel = "function"
)

// plainRoute is a route without parameters.
var plainRoute = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+)*$`)

// verbs are the methods that function.json may name.
var verbs = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace,
}

// bindHTTP reads an httpTrigger.
func (f *Function) bindHTTP(b bindingJSON, want func(ok bool, format string, a ...any)) {
	f.AuthLevel = FunctionAuth
	if b.AuthLevel != "" {
		f.AuthLevel = AuthLevel(strings.ToLower(b.AuthLevel))
	}
	want(f.AuthLevel == Anonymous || f.AuthLevel == FunctionAuth, "authLevel: the stand-in plays anonymous and function, not %q", b.AuthLevel)
	f.Route = b.Route
	if f.Route == "" {
		f.Route = f.Name
	}
	want(plainRoute.MatchString(f.Route), "route: the stand-in plays plain paths without a leading slash, not %q", b.Route)
	first, _, _ := strings.Cut(strings.ToLower(f.Route), "/")
	want(first != "admin" && first != "runtime", "route: the host keeps %s to itself", first)
	want(b.Methods == nil || len(b.Methods) > 0, "methods: an empty list allows none")
	for _, m := range b.Methods {
		f.Methods = append(f.Methods, strings.ToUpper(m))
		want(slices.Contains(verbs, strings.ToUpper(m)), "methods: %q is none", m)
	}
}

// lintHTTP holds what the host needs to forward requests to the handler.
func (a *App) lintHTTP(h hostJSON) error {
	var mistakes []error
	routes := map[string][]Function{}
	for _, f := range a.Functions {
		if f.Trigger != HTTPTrigger {
			continue
		}
		if !a.Handler.Forwarding {
			mistakes = append(mistakes, fmt.Errorf("host.json: customHandler.enableForwardingHttpRequest: the stand-in plays HTTP functions such as %s with forwarding only", f.Name))
		}
		route := strings.ToLower(f.Route)
		for _, other := range routes[route] {
			if overlap(f.Methods, other.Methods) {
				mistakes = append(mistakes, fmt.Errorf("%s and %s: both have the route %s", other.Name, f.Name, f.Route))
			}
		}
		routes[route] = append(routes[route], f)
	}
	var http struct{ RoutePrefix *string }
	if h.Extensions.HTTP != nil && json.Unmarshal(h.Extensions.HTTP, &http) == nil && http.RoutePrefix != nil && *http.RoutePrefix != "api" {
		mistakes = append(mistakes, fmt.Errorf(`host.json: extensions.http.routePrefix: the stand-in plays "api" only, not %q`, *http.RoutePrefix))
	}
	return errors.Join(mistakes...)
}

// overlap reports whether two lists of methods share one; nil is all of them.
func overlap(a, b []string) bool {
	return a == nil || b == nil || slices.ContainsFunc(a, func(m string) bool { return slices.Contains(b, m) })
}
