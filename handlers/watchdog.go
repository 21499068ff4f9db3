package handlers

import (
	"context"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// watchdog repairs what got stuck.
func watchdog(engine *recovery.Engine) functions.Registration {
	return functions.OnTimer("Watchdog", func(ctx context.Context, _ functions.Timer) error {
		return engine.Watch(ctx)
	})
}
