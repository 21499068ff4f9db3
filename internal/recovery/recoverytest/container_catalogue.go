package recoverytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lifeboat/internal/job"
)

// Recorded implements recovery.Blobs. A sidecar that SpoilSidecar made one that
// can't be read is anybody's whose name its blob's begins with.
func (a *Azure) Recorded(_ context.Context, s job.Service) iter.Seq2[job.Point, error] {
	return func(yield func(job.Point, error) bool) {
		var points []job.Point
		var errs []error
		err := a.do("blobs", "Recorded", unchanged, func() error {
			if a.missing {
				return fmt.Errorf("list the sidecars of service %s: the container does not exist: %w", s.Name, job.ErrNotFound)
			}
			points, errs = a.recorded(s.Name)
			return nil
		})
		if err != nil {
			points, errs = nil, []error{err}
		}
		for _, p := range points {
			if !yield(p, nil) {
				return
			}
		}
		for _, err := range errs {
			if !yield(job.Point{}, err) {
				return
			}
		}
	}
}

func (a *Azure) recorded(service string) (points []job.Point, errs []error) {
	for _, blob := range slices.Sorted(maps.Keys(a.spoilt)) {
		if strings.HasPrefix(blob, service+"-") {
			errs = append(errs, a.spoilt[blob])
		}
	}
	for blob, p := range a.sidecars {
		if a.spoilt[blob] == nil && strings.HasPrefix(blob, service+"-") && p.Service == service {
			points = append(points, copyPoint(p))
		}
	}
	slices.SortFunc(points, func(a, b job.Point) int { return cmp.Compare(a.Blob, b.Blob) })
	return points, errs
}

func containerOf(s job.Service) string { return s.Account + "/" + s.Container }

// Authority implements recovery.Blobs.
func (a *Azure) Authority(_ context.Context, s job.Service) (found job.StoredAuthority, err error) {
	err = a.do("blobs", "Authority", unchanged, func() error {
		var ok bool
		if found, ok = a.authorities[containerOf(s)]; !ok {
			return fmt.Errorf("authority over container %s: %w", containerOf(s), job.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return job.StoredAuthority{}, err
	}
	return found, nil
}

// Claim implements recovery.Blobs.
func (a *Azure) Claim(_ context.Context, s job.Service, read job.StoredAuthority, claim job.Authority) error {
	return a.do("blobs", "Claim", unchanged, func() error {
		name := containerOf(s)
		switch {
		case claim.Table == "" || claim.Epoch < 1 || claim.At.IsZero():
			return errors.New("claim a container: want table, epoch and at")
		case a.missing:
			return fmt.Errorf("claim container %s: it does not exist: %w", name, job.ErrNotFound)
		case a.authorities[name].ETag != read.ETag:
			return fmt.Errorf("claim container %s: %w", name, job.ErrConflict)
		}
		a.claims++
		a.authorities[name] = job.StoredAuthority{Authority: claim, ETag: strconv.Itoa(a.claims)}
		return nil
	})
}
