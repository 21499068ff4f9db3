package recoverytest

import "iter"

// listed yields what pick takes from each partition, in their order.
func listed[T any](s *Store, call string, pick func(*partition) []T) iter.Seq2[T, error] {
	return yielded(s, call, func() (all []T) {
		for _, name := range s.names {
			all = append(all, pick(s.partitions[name])...)
		}
		return all
	})
}

// listedIn yields what pick takes from one partition.
func listedIn[T any](s *Store, call, service string, pick func(*partition) []T) iter.Seq2[T, error] {
	return yielded(s, call, func() []T { return pick(s.partition(service)) })
}

func yielded[T any](s *Store, call string, pick func() []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var all []T
		err := s.do(call, func() error {
			all = pick()
			return nil
		})
		if err != nil && len(all) > 0 {
			all = all[:len(all)-1] // it breaks off before its end
		}
		for _, x := range all {
			if !yield(x, nil) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}
