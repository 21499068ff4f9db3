package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"lifeboat/internal/terminal"
)

// result is where a command's result goes. It keeps why the first of it that
// was lost could not be written.
type result struct {
	io.Writer
	err error
}

func (r *result) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	if r.err == nil {
		r.err = err
	}
	return n, err
}

// lost is why the result is not whole, if somebody still wants it: a reader
// that has left does not.
func (r *result) lost() error {
	if r.err == nil || errors.Is(r.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("the result could not be written: %w", r.err)
}

// run does what args say and returns the exit code. It is 0 only where the
// result was written, too.
func (p *program) run(ctx context.Context, args []string) int {
	p.palette = terminal.PaletteFor(p.stdout, p.getenv)
	out := &result{Writer: p.stdout}
	p.stdout = out
	code := p.execute(ctx, args)
	if err := out.lost(); code == exitDone && err != nil {
		return p.end(err)
	}
	return code
}

// overwrites reports whether a line that was drawn on w can be drawn again in
// its place.
func overwrites(w io.Writer, getenv func(string) string) bool {
	return terminal.Is(w) && getenv("TERM") != "dumb"
}
