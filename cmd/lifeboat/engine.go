package main

import (
	"errors"
	"log/slog"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// engine makes moves in this process: those that need neither ARM nor a queue,
// and with --direct all.
func (d *desk) engine() *recovery.Engine {
	e := &recovery.Engine{
		Plan: d.plan, Store: d.store, Blobs: d.blobs, Table: d.table, Now: d.now, NewID: d.newID, Log: slog.New(slog.DiscardHandler),
	}
	if d.direct {
		e.ARM, e.Queue = d.arm, d.prompts
	}
	return e
}

// refusal gives what the engine refuses its exit code.
func refusal(err error) error {
	if errors.Is(err, recovery.ErrRefused) || errors.Is(err, job.ErrForeign) {
		return &exit{exitError, err}
	}
	return err
}
