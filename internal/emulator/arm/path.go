package arm

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// path is the address of a service, or of something right below it; without a
// service, of a subscription's role assignments.
type path struct {
	subscription, group, service string
	collection, item             string
}

// scope is what the role must be granted on: a resource id.
func (p path) scope() string {
	if p.service == "" {
		return "/subscriptions/" + p.subscription
	}
	return resourceID(p.subscription, p.group, p.service)
}

func resourceID(subscription, group, service string) string {
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.ApiManagement/service/%s", subscription, group, service)
}

func parsePath(raw string) (path, bool) {
	part := strings.Split(strings.TrimPrefix(raw, "/"), "/")
	if p, ok := parseAssignments(part); ok {
		return p, true
	}
	if p, ok := parsePermissions(part); ok {
		return p, true
	}
	for i, want := range []string{"subscriptions", "", "resourceGroups", "", "providers", "Microsoft.ApiManagement", "service", ""} {
		if i >= len(part) || part[i] == "" || (want != "" && !strings.EqualFold(part[i], want)) {
			return path{}, false
		}
	}
	p := path{subscription: part[1], group: part[3], service: part[7]}
	below := part[8:]
	if len(below) > 1 && below[0] == "" && below[1] == "operationresults" {
		below = below[1:] // APIM's own double slash
	}
	if slices.Contains(below, "") || len(below) > 2 {
		return path{}, false
	}
	if len(below) > 0 {
		p.collection = below[0]
	}
	if len(below) > 1 {
		p.item = below[1]
	}
	return p, true
}

// versions are the api-versions that still work: those before 2021-08-01 are
// retired.
var versions = []string{
	"2021-08-01", "2021-12-01-preview", "2022-04-01-preview", "2022-08-01", "2022-09-01-preview",
	"2023-03-01-preview", "2023-05-01-preview", "2023-09-01-preview", "2024-05-01", "2024-06-01-preview",
	"2024-10-01-preview", "2025-03-01-preview", "2025-09-01-preview",
}

func checkVersion(version, kind string, supported []string) (refused reply, ok bool) {
	switch {
	case version == "":
		return failure(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."), false
	case !slices.Contains(supported, version):
		return failure(http.StatusBadRequest, "NoRegisteredProviderFound", fmt.Sprintf(
			"No registered resource provider found for API version '%s' for type '%s'. The supported api-versions are '%s'.", version, kind, strings.Join(supported, ", "))), false
	}
	return reply{}, true
}
