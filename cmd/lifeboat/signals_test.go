package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// playing names the part that a child of TestSignals plays.
const playing = "LIFEBOAT_TEST_SIGNALS"

// A process of --direct outlives the reader of its output, and takes a terminal
// that goes for Ctrl-C, unless nohup started it.
func TestSignals(t *testing.T) {
	if part := os.Getenv(playing); part != "" {
		os.Exit(play(part))
	}
	t.Parallel()
	for part, want := range map[string]string{
		"reader gone": "signal: broken pipe", "reader gone, direct": "exit status 7",
		"terminal gone": "exit status 130", "terminal gone, nohup": "exit status 7",
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSignals$")
			child.Env, child.Stdout = append(os.Environ(), playing+"="+part), writer
			_ = reader.Close()
			err = child.Run()
			_ = writer.Close()
			if ended := new(exec.ExitError); !errors.As(err, &ended) || ended.Error() != want {
				t.Errorf("ended by %v, want %s", err, want)
			}
		})
	}
}

// play is what a child does. It ends with 7 if nothing ends it before.
func play(part string) int {
	switch {
	case strings.HasSuffix(part, "direct"):
		outliveReader()
	case strings.HasSuffix(part, "nohup"):
		signal.Ignore(syscall.SIGHUP)
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	if strings.HasPrefix(part, "reader") {
		fmt.Println("is anybody there?")
		return 7
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return 1
	}
	for range 3 {
		_ = self.Signal(syscall.SIGHUP)
	}
	select {
	case <-ctx.Done():
		_ = self.Signal(syscall.SIGHUP) // once more, in the last move
		time.Sleep(50 * time.Millisecond)
		return exitInterrupted
	case <-time.After(200 * time.Millisecond):
		return 7
	}
}
