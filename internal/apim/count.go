package apim

import (
	"context"
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"

	"lifeboat/internal/job"
)

// pageSize is the most that ARM lists in one answer.
const pageSize int32 = 100

// Count lists the resources of the kinds asked for: one request for every
// hundred of each. Its error is job.ErrRefused where asking again is of no
// use, and job.ErrUnavailable otherwise.
func (c *Client) Count(ctx context.Context, s job.Service, kinds job.Resources) (job.Inventory, error) {
	f, err := c.factory(s)
	if err != nil {
		return job.Inventory{}, translate("count what "+s.Resource+" holds", job.ErrUnavailable, err)
	}
	var found job.Inventory
	for _, list := range []struct {
		wanted bool
		into   *job.Tally
		count  func(context.Context, *armapimanagement.ClientFactory, job.Service) (job.Tally, error)
	}{
		{kinds.APIs, &found.APIs, countAPIs},
		{kinds.Products, &found.Products, countProducts},
		{kinds.NamedValues, &found.NamedValues, countNamedValues},
	} {
		if !list.wanted {
			continue
		}
		if *list.into, err = list.count(ctx, f, s); err != nil {
			return job.Inventory{}, err
		}
	}
	return found, nil
}

func countAPIs(ctx context.Context, f *armapimanagement.ClientFactory, s job.Service) (job.Tally, error) {
	pager := f.NewAPIClient().NewListByServicePager(s.ResourceGroup, s.Resource, &armapimanagement.APIClientListByServiceOptions{Top: to.Ptr(pageSize)})
	return tally(ctx, "list the APIs of "+s.Resource, pager, func(page armapimanagement.APIClientListByServiceResponse) []*armapimanagement.APIContract {
		return page.Value
	}, func(a *armapimanagement.APIContract) *string { return a.Name })
}

func countProducts(ctx context.Context, f *armapimanagement.ClientFactory, s job.Service) (job.Tally, error) {
	pager := f.NewProductClient().NewListByServicePager(s.ResourceGroup, s.Resource, &armapimanagement.ProductClientListByServiceOptions{Top: to.Ptr(pageSize)})
	return tally(ctx, "list the products of "+s.Resource, pager, func(page armapimanagement.ProductClientListByServiceResponse) []*armapimanagement.ProductContract {
		return page.Value
	}, func(p *armapimanagement.ProductContract) *string { return p.Name })
}

func countNamedValues(ctx context.Context, f *armapimanagement.ClientFactory, s job.Service) (job.Tally, error) {
	pager := f.NewNamedValueClient().NewListByServicePager(s.ResourceGroup, s.Resource, &armapimanagement.NamedValueClientListByServiceOptions{Top: to.Ptr(pageSize)})
	return tally(ctx, "list the named values of "+s.Resource, pager, func(page armapimanagement.NamedValueClientListByServiceResponse) []*armapimanagement.NamedValueContract {
		return page.Value
	}, func(v *armapimanagement.NamedValueContract) *string { return v.Name })
}

// tally follows a list to its end.
func tally[Page, Item any](ctx context.Context, doing string, pager *runtime.Pager[Page], items func(Page) []*Item, name func(*Item) *string) (job.Tally, error) {
	// Not to be taken for a list of none: error bodies come with a 200, too.
	unfit := &job.AzureError{Kind: job.ErrUnavailable, Doing: doing, Message: "the answer is not a list"}
	var names []string
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return job.Tally{}, translate(doing, lookKind(err), err)
		}
		list := items(page)
		if list == nil {
			return job.Tally{}, unfit
		}
		for _, item := range list {
			if item == nil || name(item) == nil {
				return job.Tally{}, unfit
			}
			names = append(names, *name(item))
		}
	}
	return job.NewTally(names), nil
}

// lookKind tells whether a look that failed may succeed later.
func lookKind(err error) error {
	var refusal *azcore.ResponseError
	if !errors.As(err, &refusal) {
		return job.ErrUnavailable
	}
	switch refusal.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return job.ErrRefused
	}
	return job.ErrUnavailable
}
