package main

import (
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

// engine makes the moves that need neither ARM nor a queue, in this process.
func (d *desk) engine() *recovery.Engine {
	return &recovery.Engine{
		Plan: d.plan, Store: d.store, Blobs: d.blobs, Table: d.table, Now: d.now, NewID: uuid.NewString, Log: slog.New(slog.DiscardHandler),
	}
}

// refusal gives what the engine refuses its exit code.
func refusal(err error) error {
	if errors.Is(err, recovery.ErrRefused) || errors.Is(err, job.ErrForeign) {
		return &exit{exitError, err}
	}
	return err
}
