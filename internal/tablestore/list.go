package tablestore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/azureerror"
)

// listed yields every row that the query finds, page by page as they are
// asked for. Rows that can't be decoded come last, as errors.
func listed[T any](ctx context.Context, s *Store, doing string, query *aztables.ListEntitiesOptions, decode func([]byte) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var unreadable []error
		for entity, err := range rows(ctx, s, doing, query) {
			if err != nil {
				yield(none, err)
				return
			}
			x, err := decode(entity)
			if err != nil {
				unreadable = append(unreadable, err)
			} else if !yield(x, nil) {
				return
			}
		}
		for _, err := range unreadable {
			if !yield(none, err) {
				return
			}
		}
	}
}

// rows yields every row that the query finds as it is; an error is the last.
func rows(ctx context.Context, s *Store, doing string, query *aztables.ListEntitiesOptions) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for pager := s.client.NewListEntitiesPager(query); pager.More(); {
			var answered *http.Response
			page, err := pager.NextPage(policy.WithCaptureResponse(ctx, &answered))
			if err != nil {
				yield(nil, failed(doing, err))
				return
			}
			if len(page.Entities) == 0 && !isList(answered) {
				yield(nil, fmt.Errorf("%s: storage answered with something else than rows: try again", azureerror.Scrub(doing)))
				return
			}
			for _, entity := range page.Entities {
				if !yield(entity, nil) {
					return
				}
			}
		}
	}
}

// isList reports whether an answer is a page of rows, if only of none. An error
// that comes with status 200 would pass for that.
func isList(answer *http.Response) bool {
	body, err := runtime.Payload(answer)
	var page struct{ Value []json.RawMessage }
	return err == nil && json.Unmarshal(body, &page) == nil && page.Value != nil
}

// withPrefix finds the rows whose keys begin with prefix, which ends in a bar:
// those of one service, or of all if service is "". More are conditions.
func withPrefix(service, prefix string, more ...string) *string {
	end := strings.TrimSuffix(prefix, "|") + "}" // the first key after all with the prefix
	terms := []string{"RowKey ge " + quoted(prefix), "RowKey lt " + quoted(end)}
	if service != "" {
		terms = append([]string{"PartitionKey eq " + quoted(service)}, terms...)
	}
	filter := strings.Join(append(terms, more...), " and ")
	return &filter
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
