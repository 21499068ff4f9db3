package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptible is a context that Ctrl-C ends, and so does a terminal that
// goes, unless that is ignored (nohup).
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process
	if signal.Ignored(syscall.SIGHUP) {
		return ctx, stop
	}
	// A terminal that goes says so more than once: all but the first are caught
	// and mean nothing.
	gone := make(chan os.Signal, 1)
	signal.Notify(gone, syscall.SIGHUP)
	go func() {
		select {
		case <-gone:
			stop()
		case <-ctx.Done():
		}
	}()
	return ctx, stop
}

// outliveReader keeps a pipe whose reader has gone, as tee does at Ctrl-C, from
// ending the process in the middle of a move.
func outliveReader() { signal.Ignore(syscall.SIGPIPE) }
