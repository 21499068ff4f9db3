package apim

import (
	"context"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"lifeboat/internal/job"
)

// Permission is what one of the caller's roles allows on a scope: Actions
// without NotActions, each with wildcards. What another role allows is allowed
// all the same.
type Permission struct {
	Actions    []string `json:"actions"`
	NotActions []string `json:"notActions"`
}

// permissionVersion is the api-version of a scope's permissions.
const permissionVersion = "2022-04-01"

// Permissions lists what the caller, and nobody else, may do with s. Deny
// assignments are not in it. Its error is job.ErrRefused where asking again is
// of no use, and job.ErrUnavailable otherwise.
func (c *Client) Permissions(ctx context.Context, s job.Service) ([]Permission, error) {
	doing := "list the caller's permissions on " + s.Resource
	client, err := c.plainClient()
	if err != nil {
		return nil, translate(doing, job.ErrUnavailable, err)
	}
	first := runtime.JoinPaths(client.Endpoint(), "subscriptions", url.PathEscape(s.Subscription), "resourceGroups", url.PathEscape(s.ResourceGroup),
		"providers/Microsoft.ApiManagement/service", url.PathEscape(s.Resource), "providers/Microsoft.Authorization/permissions") +
		"?" + url.Values{"api-version": {permissionVersion}}.Encode()
	var all []Permission
	for page, err := range pages[Permission](ctx, client, first) {
		if err != nil {
			return nil, translate(doing, lookKind(err), err)
		}
		all = append(all, page...)
	}
	return all, nil
}
