package arm

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// tenant is the directory of every identity.
const tenant = "33333333-3333-4333-8333-333333333333"

// Built-in roles that matter for a storage account's blobs, by the ids of
// their definitions.
const (
	BlobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	BlobDataOwner       = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	BlobDataReader      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
)

// RoleAssignment is one role that an identity has. ARM tells of it and that is
// all: backup and restore succeed without one.
type RoleAssignment struct {
	Principal string // who has it: an identity's principal id
	Group     string // the group by which Principal has it; "" if directly
	Role      string // the id of a role definition
	Scope     string
	Condition string
}

// SetRoleAssignments replaces all role assignments.
func (s *Simulator) SetRoleAssignments(all ...RoleAssignment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles = slices.Clone(all)
}

// RoleAssignments returns all role assignments.
func (s *Simulator) RoleAssignments() []RoleAssignment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.roles)
}

// Principals returns the principal ids of a service's identities, its
// system-assigned one first; none if there is no such service.
func (s *Simulator) Principals(service string) []string {
	v, ok := s.Service(service)
	if !ok {
		return nil
	}
	var ids []string
	if v.Identity.SystemAssigned {
		ids = append(ids, v.principal())
	}
	for _, u := range v.Identity.UserAssigned {
		ids = append(ids, u.PrincipalID)
	}
	return ids
}

// principal is the system-assigned identity's id: another for every service.
func (v Service) principal() string {
	h := fmt.Sprintf("%x", sha1.Sum([]byte(strings.ToLower(v.Name))))
	return cmp.Or(v.Identity.PrincipalID, fmt.Sprintf("%s-%s-4%s-8%s-%s", h[:8], h[8:12], h[12:15], h[15:18], h[18:30]))
}

const (
	assignmentsType   = "Microsoft.Authorization/roleAssignments"
	assignmentsAction = "Microsoft.Authorization/roleAssignments/read"
)

// assignmentVersions are the api-versions that show conditions.
var assignmentVersions = []string{"2022-04-01"}

// parseAssignments reads the path of a subscription's role assignments.
func parseAssignments(part []string) (path, bool) {
	want := []string{"subscriptions", "", "providers", "Microsoft.Authorization", "roleAssignments"}
	if len(part) != len(want) || part[1] == "" {
		return path{}, false
	}
	for i := range want {
		if want[i] != "" && !strings.EqualFold(part[i], want[i]) {
			return path{}, false
		}
	}
	return path{subscription: part[1], collection: part[4]}, true
}

func (s *Simulator) routeAssignments(r *http.Request, at path) reply {
	version := r.URL.Query().Get("api-version")
	if refused, ok := checkVersion(version, "roleAssignments", assignmentVersions); !ok {
		return refused
	}
	if r.Method != http.MethodGet {
		return failure(http.StatusNotImplemented, "NotImplemented", fmt.Sprintf("The emulator does not support %s %s.", r.Method, r.URL.Path))
	}
	if refused, ok := s.granted(assignmentsAction, at); !ok {
		return refused
	}
	listed, ok := filtered(r.URL.Query().Get("$filter"))
	if !ok {
		return failure(http.StatusBadRequest, "UnsupportedQuery", fmt.Sprintf("The emulator does not support the filter %q.", r.URL.Query().Get("$filter")))
	}
	all := assignments{Value: []assignment{}}
	for i, a := range s.roles {
		if listed(a) && concerns(a.Scope, at.subscription) {
			all.Value = append(all.Value, a.shown(i, at.subscription))
		}
	}
	return success(http.StatusOK, all)
}

// The filters by who has a role: assignedTo finds what a group gives, too.
var (
	assignedTo  = regexp.MustCompile(`(?i)^assignedTo\('([^']+)'\)$`)
	principalIs = regexp.MustCompile(`(?i)^principalId eq '?([^']+)'?$`)
)

func filtered(filter string) (listed func(RoleAssignment) bool, ok bool) {
	if filter == "" {
		return func(RoleAssignment) bool { return true }, true
	}
	if m := assignedTo.FindStringSubmatch(filter); m != nil {
		return func(a RoleAssignment) bool { return strings.EqualFold(a.Principal, m[1]) }, true
	}
	if m := principalIs.FindStringSubmatch(filter); m != nil {
		return func(a RoleAssignment) bool { return strings.EqualFold(cmp.Or(a.Group, a.Principal), m[1]) }, true
	}
	return nil, false
}

// concerns reports whether a scope is at, above or below a subscription. Every
// management group is taken to be above it.
func concerns(scope, subscription string) bool {
	scope, own := strings.ToLower(scope)+"/", "/subscriptions/"+strings.ToLower(subscription)+"/"
	return strings.HasPrefix(scope, own) || !strings.HasPrefix(scope, "/subscriptions/")
}

// assignments is the list as ARM writes it.
type assignments struct {
	Value []assignment `json:"value"`
}

type assignment struct {
	ID         string               `json:"id"`
	Type       string               `json:"type"`
	Name       string               `json:"name"`
	Properties assignmentProperties `json:"properties"`
}

type assignmentProperties struct {
	RoleDefinitionID string  `json:"roleDefinitionId"`
	PrincipalID      string  `json:"principalId"`
	PrincipalType    string  `json:"principalType"`
	Scope            string  `json:"scope"`
	Condition        *string `json:"condition"`
	ConditionVersion *string `json:"conditionVersion"`
}

func (a RoleAssignment) shown(serial int, subscription string) assignment {
	name := fmt.Sprintf("00000000-0000-4000-9000-%012x", serial)
	shown := assignment{
		ID: strings.TrimSuffix(a.Scope, "/") + "/providers/" + assignmentsType + "/" + name, Type: assignmentsType, Name: name,
		Properties: assignmentProperties{
			RoleDefinitionID: fmt.Sprintf("/subscriptions/%s/providers/Microsoft.Authorization/roleDefinitions/%s", subscription, a.Role),
			PrincipalID:      a.Principal, PrincipalType: "ServicePrincipal", Scope: a.Scope,
		},
	}
	if a.Group != "" {
		shown.Properties.PrincipalID, shown.Properties.PrincipalType = a.Group, "Group"
	}
	if a.Condition != "" {
		version := "2.0"
		shown.Properties.Condition, shown.Properties.ConditionVersion = &a.Condition, &version
	}
	return shown
}
