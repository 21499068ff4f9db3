package apim

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"lifeboat/internal/job"
)

// role is a built-in role of Azure.
type role struct{ id, name string }

// The roles on a storage account's blobs. Those called Owner and Contributor
// alone manage the account and read no blob.
var (
	roleContributor = role{"ba92f5b4-2d11-453d-a403-e96b0029c9fe", "Storage Blob Data Contributor"}
	roleOwner       = role{"b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner"}
	roleReader      = role{"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader"}

	blobRoles = []role{roleContributor, roleOwner, roleReader}
)

const (
	// readAssignments is the action that listing role assignments needs.
	readAssignments   = "Microsoft.Authorization/roleAssignments/read"
	assignmentVersion = "2022-04-01" // shows conditions
)

// assignment is one of blobRoles on a scope that covers a service's container.
type assignment struct {
	role        role
	conditional bool
}

// writes reports whether the role is enough, its condition apart.
func (a assignment) writes() bool { return a.role == roleContributor || a.role == roleOwner }

// covering reports whether one of them is enough.
func covering(held []assignment) bool {
	return slices.ContainsFunc(held, func(a assignment) bool { return a.writes() && !a.conditional })
}

// roleAssignment is one as ARM lists it.
type roleAssignment struct {
	Properties struct {
		RoleDefinitionID string `json:"roleDefinitionId"`
		Scope            string `json:"scope"`
		Condition        string `json:"condition"`
	} `json:"properties"`
}

// roles lists what a principal may do with s's backups, directly or by a
// group. It stops at the first role that is enough.
func (c *Client) roles(ctx context.Context, s job.Service, principal string) ([]assignment, error) {
	doing := "list the role assignments of " + principal + " in subscription " + s.Subscription
	client, err := c.plainClient()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	query := url.Values{
		"api-version": {assignmentVersion},
		"$filter":     {"assignedTo('" + strings.ReplaceAll(principal, "'", "''") + "')"},
	}
	first := runtime.JoinPaths(client.Endpoint(), "subscriptions", url.PathEscape(s.Subscription), "providers/Microsoft.Authorization/roleAssignments") + "?" + query.Encode()
	var held []assignment
	for page, err := range pages[roleAssignment](ctx, client, first) {
		if err != nil {
			return nil, translate(doing, job.ErrUnavailable, err)
		}
		if held = append(held, relevant(page, s)...); covering(held) {
			break
		}
	}
	return held, nil
}

// plainClient is a client for what the SDK has no package of here.
func (c *Client) plainClient() (*arm.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.plain == nil {
		client, err := arm.NewClient("lifeboat/apim", "v1.0.0", c.options.Credential, c.pipeline(""))
		if err != nil {
			return nil, fmt.Errorf("ARM client: %w", err)
		}
		c.plain = client
	}
	return c.plain, nil
}

// relevant are the assignments of a page that matter for s.
func relevant(page []roleAssignment, s job.Service) []assignment {
	var all []assignment
	for _, v := range page {
		i := slices.IndexFunc(blobRoles, func(r role) bool { return strings.EqualFold(r.id, path.Base(v.Properties.RoleDefinitionID)) })
		if i >= 0 && covers(v.Properties.Scope, s) {
			all = append(all, assignment{blobRoles[i], v.Properties.Condition != ""})
		}
	}
	return all
}

// covers reports whether a role on scope reaches s's container: on the
// container, its account, a resource group, which may be the account's, or the
// subscription and what is above it. ARM compares ids without case.
func covers(scope string, s job.Service) bool {
	part := strings.Split(strings.ToLower(strings.Trim(scope, "/")), "/")
	want := strings.Split(strings.ToLower(fmt.Sprintf(
		"subscriptions/%s/resourcegroups/*/providers/microsoft.storage/storageaccounts/%s/blobservices/default/containers/%s",
		s.Subscription, s.Account, s.Container)), "/")
	if scope == "/" || len(part) == 4 && strings.HasPrefix(strings.Join(part, "/"), "providers/microsoft.management/managementgroups/") {
		return true // listed because it is above the subscription
	}
	if !slices.Contains([]int{2, 4, 8, len(want)}, len(part)) {
		return false
	}
	for i := range part {
		if want[i] != "*" && want[i] != part[i] {
			return false
		}
	}
	return true
}
