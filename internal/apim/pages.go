package apim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// mostPages bounds a list: one that goes on is a mistake.
const mostPages = 10

// page is one page of an ARM list that the SDK has no package of here.
type page[T any] struct {
	Value    []T    `json:"value"`
	NextLink string `json:"nextLink"`
}

// pages yields the pages of the list that begins at address. An error is the
// last.
func pages[T any](ctx context.Context, client *arm.Client, address string) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		for range mostPages {
			var p page[T]
			err := get(ctx, client, address, &p)
			if err == nil && p.Value == nil {
				// Not to be taken for a list of none.
				err = errors.New("the answer is not a list")
			}
			if !yield(p.Value, err) || err != nil || p.NextLink == "" {
				return
			}
			address = p.NextLink
		}
		yield(nil, fmt.Errorf("there are more than %d pages", mostPages))
	}
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
