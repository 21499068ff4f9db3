package handlers

import (
	"context"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// backupSchedule makes the jobs of all occurrences that are due. What a run
// could not do the next one does, so an error is only worth a log line.
func backupSchedule(engine *recovery.Engine) functions.Registration {
	return functions.OnTimer("BackupSchedule", func(ctx context.Context, _ functions.Timer) error {
		return engine.Schedule(ctx)
	})
}
