package blobstore

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"lifeboat/internal/job"
)

// authorityName is the blob that says who decides about its container.
const authorityName = "lifeboat.authority.json"

// Authority reads who decides about the container of where. It returns
// job.ErrNotFound while nobody has claimed it, also where it is missing, and
// job.ErrNewerSchema if a newer version of Lifeboat has claimed it.
func (s *Store) Authority(ctx context.Context, where job.Service) (job.StoredAuthority, error) {
	doing := onAuthority("read", where)
	c, err := s.container(where)
	if err != nil {
		return job.StoredAuthority{}, err
	}
	text, tag, err := download(ctx, c, authorityName)
	switch a := answerOf(err); {
	case a.missing() || a.containerMissing():
		return job.StoredAuthority{}, fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	case err != nil:
		return job.StoredAuthority{}, failed(doing, err)
	}
	a, err := decodeAuthority(text)
	if err != nil {
		return job.StoredAuthority{}, fmt.Errorf("%s: %w", doing, err)
	}
	return job.StoredAuthority{Authority: a, ETag: string(*tag)}, nil
}

// Claim writes a in place of what was read, and keeps of that what this version
// does not know; the zero StoredAuthority stands for nothing. It returns
// job.ErrConflict if that has changed, be it by this very claim, of which an
// answer was lost; job.ErrNotFound if there is no container, which the first
// backup creates; job.ErrNewerSchema if a newer version of Lifeboat has claimed
// it; and job.ErrRefused if storage lets nobody change what was read, as in an
// immutable container.
func (s *Store) Claim(ctx context.Context, where job.Service, read job.StoredAuthority, a job.Authority) error {
	doing := onAuthority("claim", where)
	c, err := s.container(where)
	if err != nil {
		return err
	}
	var old []byte
	condition := blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}
	if read.ETag != "" {
		// What there is may be newer than what was read; then the write fails.
		condition = blob.ModifiedAccessConditions{IfMatch: to.Ptr(azcore.ETag(read.ETag))}
		if old, _, err = download(ctx, c, authorityName); err != nil {
			return claimError(doing, err)
		}
	}
	text, err := claimed(old, a)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	err = upload(ctx, c, authorityName, text, condition)
	if read.ETag == "" && answerOf(err).exists() {
		return fmt.Errorf("%s: somebody has: %w", doing, job.ErrConflict)
	}
	return claimError(doing, err)
}

func onAuthority(doing string, where job.Service) string {
	return fmt.Sprintf("%s %s in container %s of account %s", doing, authorityName, where.Container, where.Account)
}

func claimError(doing string, err error) error {
	switch a := answerOf(err); {
	case err == nil:
		return nil
	case a.missing(), a.is(bloberror.ConditionNotMet):
		return fmt.Errorf("%s: %w", doing, job.ErrConflict)
	case a.containerMissing():
		return fmt.Errorf("%s: the container does not exist: %w", doing, job.ErrNotFound)
	case a.frozen():
		return fmt.Errorf("%w: %w: it can change once its retention policy or legal hold has ended", failed(doing, err), job.ErrRefused)
	case a.leased():
		return fmt.Errorf("%w: %w: it can change once its lease has been broken", failed(doing, err), job.ErrRefused)
	}
	return failed(doing, err)
}
