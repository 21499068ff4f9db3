package handlers

import (
	"context"
	"log/slog"

	"lifeboat/internal/event"
	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// configChange takes what Event Grid tells of services and of backup blobs.
// Event Grid delivers again after a no, with back-off; what is no event at all
// would come back as it is, so that is told and let go.
func configChange(engine *recovery.Engine, log *slog.Logger) functions.Registration {
	return functions.OnEvent("ConfigChange", func(ctx context.Context, raw functions.Event) error {
		decoded, err := event.Decode(raw.Raw)
		if err != nil {
			log.WarnContext(ctx, "event not understood", "error", err.Error())
			engine.Ignored(ctx, "Malformed")
			return nil
		}
		switch e := decoded.(type) {
		case event.Change:
			return engine.Change(ctx, e)
		case event.BlobDeleted:
			return engine.BlobDeleted(ctx, e)
		case event.Ignored:
			log.DebugContext(ctx, "event ignored", "type", e.Type, "reason", string(e.Reason))
			engine.Ignored(ctx, string(e.Reason))
		}
		return nil
	})
}
