package simulation

import (
	"context"
	"iter"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// blobs are the containers as one call sees them.
type blobs struct {
	c     *call
	inner recovery.Blobs
}

func (b blobs) Artefact(ctx context.Context, s job.Service, blob string) (job.Artefact, error) {
	return asked(b.c, "blobs.Artefact", func() (job.Artefact, error) {
		if b.c.lags(blob) {
			return job.Artefact{}, job.ErrNotFound
		}
		return b.inner.Artefact(ctx, s, blob)
	})
}

func (b blobs) Record(ctx context.Context, s job.Service, p job.Point) (job.Point, error) {
	return asked(b.c, "blobs.Record", func() (job.Point, error) { return b.inner.Record(ctx, s, p) })
}

func (b blobs) Amend(ctx context.Context, s job.Service, p job.Point) error {
	return done(b.c, "blobs.Amend", func() error { return b.inner.Amend(ctx, s, p) })
}

func (b blobs) Recorded(ctx context.Context, s job.Service) iter.Seq2[job.Point, error] {
	return listed(b.c, "blobs.Recorded", func() iter.Seq2[job.Point, error] { return b.inner.Recorded(ctx, s) })
}

func (b blobs) Authority(ctx context.Context, s job.Service) (job.StoredAuthority, error) {
	return asked(b.c, "blobs.Authority", func() (job.StoredAuthority, error) { return b.inner.Authority(ctx, s) })
}

func (b blobs) Claim(ctx context.Context, s job.Service, read job.StoredAuthority, a job.Authority) error {
	return done(b.c, "blobs.Claim", func() error { return b.inner.Claim(ctx, s, read, a) })
}
