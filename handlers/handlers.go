// Package handlers has one file per trigger of the function app: it decodes
// what the Functions host delivers, lets package recovery act, and says yes
// or no. A no means "deliver this again" and nothing else.
package handlers

import (
	"log/slog"
	"time"

	"lifeboat/internal/functions"
	"lifeboat/internal/recovery"
)

// Deadline bounds one invocation, but for recovery.AnswerTime: below
// functionTimeout in host.json (10 min), because the host then kills the
// process with all its invocations, and below maxAutoLockRenewalDuration
// (5 min), after which a message is delivered again.
const Deadline = 4 * time.Minute

// New returns the whole function app over engine. It can be mounted on any
// HTTP server. Each of set may change the options that it starts from.
func New(engine *recovery.Engine, log *slog.Logger, set ...func(*functions.Options)) *functions.Handler {
	options := functions.Options{Log: log, Deadline: Deadline}
	for _, s := range set {
		s(&options)
	}
	return functions.NewHandler(
		options,
		backupSchedule(engine),
		jobStep(engine, log),
		watchdog(engine),
		recoveryRequest(engine, log),
		approval(engine, log),
		alertHook(engine.Queue, log),
		configChange(engine, log),
		notice(engine),
		deadStep(engine),
		deadRequest(engine),
		deadApproval(engine),
		deadNotice(engine),
		metricsText(engine, log),
		statusPage(engine, log, options.Admits),
		api(engine, log),
	)
}
