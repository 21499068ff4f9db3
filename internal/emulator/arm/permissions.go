package arm

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// permissionsVersions are the api-versions of a scope's permissions.
var permissionsVersions = []string{"2022-04-01"}

// permissionsType follows "providers" behind a service's id.
const permissionsType = "Microsoft.Authorization/permissions"

// parsePermissions reads the path of what the caller may do with a service.
func parsePermissions(part []string) (path, bool) {
	own := len(part) - 3
	if own < 0 || !strings.EqualFold(strings.Join(part[own:], "/"), "providers/"+permissionsType) {
		return path{}, false
	}
	p, ok := parsePath(strings.Join(part[:own], "/"))
	if !ok || p.service == "" || p.collection != "" {
		return path{}, false
	}
	p.collection = permissionsType // has a slash, as no other collection does
	return p, true
}

// permissions is the list as ARM writes it.
type permissions struct {
	Value []permission `json:"value"`
}

type permission struct {
	Actions        []string `json:"actions"`
	NotActions     []string `json:"notActions"`
	DataActions    []string `json:"dataActions"`
	NotDataActions []string `json:"notDataActions"`
}

// routePermissions tells the caller the actions that are granted here. Every
// caller may ask, chosen; whether the service is there is looked at first,
// chosen too.
func (s *Simulator) routePermissions(r *http.Request, at path) reply {
	if refused, ok := checkVersion(r.URL.Query().Get("api-version"), "permissions", permissionsVersions); !ok {
		return refused
	}
	if r.Method != http.MethodGet {
		return failure(http.StatusNotImplemented, "NotImplemented", fmt.Sprintf("The emulator does not support %s %s.", r.Method, r.URL.Path))
	}
	if _, refused, ok := s.find(at); !ok {
		return refused
	}
	all := permissions{Value: []permission{}}
	if len(s.options.Actions) > 0 {
		all.Value = append(all.Value, permission{
			Actions: slices.Clone(s.options.Actions), NotActions: []string{}, DataActions: []string{}, NotDataActions: []string{},
		})
	}
	return success(http.StatusOK, all)
}
