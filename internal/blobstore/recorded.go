package blobstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"lifeboat/internal/job"
)

// Recorded yields every point that a sidecar in the container of where tells
// of and that is where's own, withdrawn or not, as the sidecar has it. Whether
// its backup is there is not looked at.
//
// Errors come last, each naming what it is about. A sidecar that can't be read
// or describes another blob keeps no other from being read; one that a newer
// version of Lifeboat wrote is job.ErrNewerSchema. Any other error ends the
// list. A missing container is job.ErrNotFound, and nothing else.
func (s *Store) Recorded(ctx context.Context, where job.Service) iter.Seq2[job.Point, error] {
	return func(yield func(job.Point, error) bool) {
		var errs []error
		for p, err := range s.own(ctx, where) {
			if err != nil {
				errs = append(errs, err)
			} else if !yield(p, nil) {
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

// own yields what Recorded does, in the order of the sidecars.
func (s *Store) own(ctx context.Context, where job.Service) iter.Seq2[job.Point, error] {
	return func(yield func(job.Point, error) bool) {
		c, err := s.container(where)
		if err != nil {
			yield(job.Point{}, err)
			return
		}
		for backup, err := range recordedBackups(ctx, c, where) {
			var p job.Point
			mine := false
			if err == nil {
				p, mine, err = ownPoint(ctx, c, where, backup)
			}
			if (mine || err != nil) && !yield(p, err) || err != nil && !errors.Is(err, job.ErrUnreadable) {
				return
			}
		}
	}
}

// recordedBackups yields each name that a sidecar of where's, or of a service
// whose name begins like its, is called after; an error is the last.
func recordedBackups(ctx context.Context, c *container.Client, where job.Service) iter.Seq2[string, error] {
	prefix := where.Name + "-"
	doing := fmt.Sprintf("list the sidecars of service %s in container %s of account %s", where.Name, where.Container, where.Account)
	return func(yield func(string, error) bool) {
		for pager := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix}); pager.More(); {
			page, err := pager.NextPage(ctx)
			switch a := answerOf(err); {
			case a.containerMissing():
				err = fmt.Errorf("%s: the container does not exist: %w", doing, job.ErrNotFound)
			case err != nil:
				err = failed(doing, err)
			case page.Segment == nil:
				// Taken for an empty list, it would hide every backup.
				err = fmt.Errorf("%s: the answer is no list", doing)
			}
			if err != nil {
				yield("", err)
				return
			}
			for _, item := range page.Segment.BlobItems {
				if item.Name == nil {
					continue
				}
				if backup, ok := strings.CutSuffix(*item.Name, sidecarSuffix); ok && !yield(backup, nil) {
					return
				}
			}
		}
	}
}

// unreadable is an error of one sidecar that says nothing about the others.
type unreadable struct{ error }

func (u unreadable) Unwrap() []error { return []error{u.error, job.ErrUnreadable} }

// ownPoint is what the sidecar of a backup says; false if it is another
// service's, or was removed since it was listed.
func ownPoint(ctx context.Context, c *container.Client, where job.Service, backup string) (p job.Point, mine bool, err error) {
	name := sidecarName(backup)
	doing := fmt.Sprintf("read sidecar %s in container %s of account %s", name, where.Container, where.Account)
	text, _, err := download(ctx, c, name)
	switch a := answerOf(err); {
	case a.missing():
		return job.Point{}, false, nil
	case a.archived():
		return job.Point{}, false, unreadable{fmt.Errorf("%w: it can be read once it is in an online tier", failed(doing, err))}
	case err != nil:
		return job.Point{}, false, failed(doing, err)
	}
	if p, err = decode(text); err == nil && p.Service != where.Name {
		return job.Point{}, false, nil
	}
	if err == nil {
		err = describes(p, backup)
	}
	if err != nil {
		return job.Point{}, false, unreadable{fmt.Errorf("%s: %w", doing, err)}
	}
	return p, true, nil
}
