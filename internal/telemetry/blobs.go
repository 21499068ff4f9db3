package telemetry

import (
	"context"
	"iter"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// blobs is recovery.Blobs with a span for each call.
type blobs struct {
	next  recovery.Blobs
	spans spans
}

func (s blobs) Artefact(ctx context.Context, of job.Service, blob string) (job.Artefact, error) {
	return ask(ctx, s.spans, "Artefact", aboutService(of).and(keyBlob.String(blob)), func(ctx context.Context) (job.Artefact, error) {
		return s.next.Artefact(ctx, of, blob)
	})
}

func (s blobs) Record(ctx context.Context, of job.Service, p job.Point) (job.Point, error) {
	return ask(ctx, s.spans, "Record", aboutService(of).and(keyBlob.String(p.Blob), keyJob.String(p.Job)), func(ctx context.Context) (job.Point, error) {
		return s.next.Record(ctx, of, p)
	})
}

func (s blobs) Amend(ctx context.Context, of job.Service, blob string, change func(*job.Point)) error {
	return tell(ctx, s.spans, "Amend", aboutService(of).and(keyBlob.String(blob)), func(ctx context.Context) error {
		return s.next.Amend(ctx, of, blob, change)
	})
}

func (s blobs) Recorded(ctx context.Context, of job.Service) iter.Seq2[job.Point, error] {
	return list(ctx, s.spans, "Recorded", aboutService(of), func(ctx context.Context) iter.Seq2[job.Point, error] {
		return s.next.Recorded(ctx, of)
	})
}

func (s blobs) Authority(ctx context.Context, of job.Service) (job.StoredAuthority, error) {
	return ask(ctx, s.spans, "Authority", aboutService(of), func(ctx context.Context) (job.StoredAuthority, error) {
		return s.next.Authority(ctx, of)
	})
}

func (s blobs) Claim(ctx context.Context, of job.Service, read job.StoredAuthority, a job.Authority) error {
	return tell(ctx, s.spans, "Claim", aboutService(of).and(keyEpoch.Int(a.Epoch)), func(ctx context.Context) error {
		return s.next.Claim(ctx, of, read, a)
	})
}

func (s blobs) Remove(ctx context.Context, of job.Service, blob string) error {
	return tell(ctx, s.spans, "Remove", aboutService(of).and(keyBlob.String(blob)), func(ctx context.Context) error {
		return s.next.Remove(ctx, of, blob)
	})
}
