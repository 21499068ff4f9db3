package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"

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

// pins are the restores that need p and have not ended. The row may name
// others: a pin that was left behind ends with its job.
func (d *desk) pins(ctx context.Context, p job.Point) ([]string, error) {
	var pins []string
	for _, id := range strings.Fields(p.Pinned) {
		j, err := d.job(ctx, id)
		switch {
		case errors.Is(err, job.ErrNotFound):
		case err != nil && !errors.Is(err, job.ErrNewerSchema):
			return nil, err
		case err != nil || !j.State.Terminal(): // a job that can't be read may need it
			pins = append(pins, id)
		}
	}
	return pins, nil
}
