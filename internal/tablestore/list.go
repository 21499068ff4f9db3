package tablestore

import (
	"context"
	"iter"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// listed yields every row that the query finds, page by page as they are
// asked for. Rows that can't be decoded come last, as errors.
func listed[T any](ctx context.Context, s *Store, doing string, query *aztables.ListEntitiesOptions, decode func([]byte) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var unreadable []error
		for pager := s.client.NewListEntitiesPager(query); pager.More(); {
			page, err := pager.NextPage(ctx)
			if err != nil {
				yield(none, failed(doing, err))
				return
			}
			for _, entity := range page.Entities {
				x, err := decode(entity)
				if err != nil {
					unreadable = append(unreadable, err)
				} else if !yield(x, nil) {
					return
				}
			}
		}
		for _, err := range unreadable {
			if !yield(none, err) {
				return
			}
		}
	}
}
