package telemetry

import (
	"context"

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

func (s blobs) Amend(ctx context.Context, of job.Service, p job.Point) error {
	return tell(ctx, s.spans, "Amend", aboutService(of).and(keyBlob.String(p.Blob), keyJob.String(p.Job)), func(ctx context.Context) error {
		return s.next.Amend(ctx, of, p)
	})
}
