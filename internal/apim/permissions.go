package apim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
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

type permissionPage struct {
	Value    []Permission `json:"value"`
	NextLink string       `json:"nextLink"`
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
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	next := runtime.JoinPaths(client.Endpoint(), "subscriptions", url.PathEscape(s.Subscription), "resourceGroups", url.PathEscape(s.ResourceGroup),
		"providers/Microsoft.ApiManagement/service", url.PathEscape(s.Resource), "providers/Microsoft.Authorization/permissions") +
		"?" + url.Values{"api-version": {permissionVersion}}.Encode()
	var all []Permission
	for range mostPages {
		page, err := permissions(ctx, client, next)
		if err != nil {
			return nil, translate(doing, lookKind(err), err)
		}
		all = append(all, page.Value...)
		if next = page.NextLink; next == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s: there are more than %d pages", doing, mostPages)
}

// permissions reads one page.
func permissions(ctx context.Context, client *arm.Client, address string) (permissionPage, error) {
	var page permissionPage
	err := get(ctx, client, address, &page)
	if err == nil && page.Value == nil {
		// Not to be taken for a list of none.
		err = errors.New("the answer is not a list")
	}
	return page, err
}

// get reads a JSON answer into v.
func get(ctx context.Context, client *arm.Client, address string, v any) error {
	address, err := runtime.EncodeQueryParams(address) // a next link may not be
	if err != nil {
		return err
	}
	r, err := runtime.NewRequest(ctx, http.MethodGet, address)
	if err != nil {
		return err
	}
	r.Raw().Header.Set("Accept", "application/json")
	resp, err := client.Pipeline().Do(r)
	if err != nil {
		return err
	}
	if !runtime.HasStatusCode(resp, http.StatusOK) {
		return runtime.NewResponseError(resp)
	}
	return runtime.UnmarshalAsJSON(resp, v)
}
