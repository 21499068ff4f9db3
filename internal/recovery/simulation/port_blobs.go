package simulation

import (
	"context"
	"iter"

	"lifeboat/internal/job"
)

// blobs are the containers as one call sees them.
type blobs struct{ c *call }

func (b blobs) Artefact(ctx context.Context, s job.Service, blob string) (job.Artefact, error) {
	return asked(b.c, "blobs.Artefact", func() (job.Artefact, error) {
		if b.c.lags(blob) {
			return job.Artefact{}, job.ErrNotFound
		}
		return b.c.azure.Artefact(ctx, s, blob)
	})
}

func (b blobs) Record(ctx context.Context, s job.Service, p job.Point) (job.Point, error) {
	return asked(b.c, "blobs.Record", func() (job.Point, error) { return b.c.azure.Record(ctx, s, p) })
}

func (b blobs) Amend(ctx context.Context, s job.Service, blob string, change func(*job.Point)) error {
	return done(b.c, "blobs.Amend", func() error { return b.c.azure.Amend(ctx, s, blob, change) })
}

func (b blobs) Recorded(ctx context.Context, s job.Service) iter.Seq2[job.Point, error] {
	return listed(b.c, "blobs.Recorded", func() iter.Seq2[job.Point, error] { return b.c.azure.Recorded(ctx, s) })
}

func (b blobs) Authority(ctx context.Context, s job.Service) (job.StoredAuthority, error) {
	return asked(b.c, "blobs.Authority", func() (job.StoredAuthority, error) { return b.c.azure.Authority(ctx, s) })
}

func (b blobs) Claim(ctx context.Context, s job.Service, read job.StoredAuthority, a job.Authority) error {
	return done(b.c, "blobs.Claim", func() error { return b.c.azure.Claim(ctx, s, read, a) })
}
