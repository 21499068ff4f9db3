package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// broken can't be written, and why.
type broken struct{ why error }

func (b broken) Write([]byte) (int, error) { return 0, b.why }

// A result that nobody can have is no success, whatever its form; a reader that
// has left wants none.
func TestResultsThatCantBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(file, []byte(worldPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		line string
		left int // the exit code where the reader has left
	}{
		{"version", exitDone}, {"--help", exitDone}, {"help backup", exitDone}, {"plan validate " + file, exitDone},
		{"version --json", exitUnknown}, {"plan schema", exitUnknown}, {"completion bash", exitUnknown},
	} {
		for why, want := range map[error]int{syscall.ENOSPC: exitUnknown, syscall.EPIPE: tt.left} {
			var stderr bytes.Buffer
			stdout := broken{fmt.Errorf("write: %w", why)}
			code := run(t.Context(), strings.Fields(tt.line), func(string) string { return "" }, stdout, &stderr)
			told := strings.Count(stderr.String(), why.Error())
			if wanted := min(want, 1); code != want || told != wanted || strings.Contains(stderr.String(), "to do") {
				t.Errorf("lifeboat %s, %v: exit code %d, want %d\n%s", tt.line, why, code, want, &stderr)
			}
		}
	}
}

// Nor is one that came from Azure.
func TestListsThatCantBeWritten(t *testing.T) {
	inWorld(t, worldPlan, false, func(w *world) {
		w.did(exitDone, "backup", "apim-weu", "--wait")
		w.stdout = broken{syscall.ENOSPC}
		for _, command := range []string{"jobs", "points"} {
			if a := w.did(exitUnknown, command); !strings.Contains(a.stderr, "the result could not be written: "+syscall.ENOSPC.Error()) {
				t.Errorf("%s: %s", command, a.stderr)
			}
		}
	})
}

// A line is drawn again only where that works.
func TestOverwrites(t *testing.T) {
	device, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("SKIPPED: no pseudo-terminal:", err)
	}
	defer device.Close()
	for _, tt := range []struct {
		w    io.Writer
		term string
		want bool
	}{{device, "xterm", true}, {device, "dumb", false}, {&bytes.Buffer{}, "xterm", false}} {
		if got := overwrites(tt.w, func(string) string { return tt.term }); got != tt.want {
			t.Errorf("overwrites(%T, %s) = %t", tt.w, tt.term, got)
		}
	}
}
