package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// goneFile is what an operator has when the region is gone: the settings
// without Service Bus and without the app's secrets.
func (s *stage) goneFile() string { return filepath.Join(s.dir, "other-region.json") }

func (s *stage) writeGoneFile() error {
	return s.writeSettings(s.goneFile(), func(name string) bool {
		_, secret := s.secrets()[name]
		return name != "ServiceBusConnection" && !secret
	})
}

// types runs one of an operator's commands and returns what it printed: the
// real binary as a process of its own, unless the staging has other hands.
func (s *stage) types(ctx context.Context, args ...string) (string, error) {
	if s.hands != nil {
		return s.hands(ctx, s, args)
	}
	command := exec.CommandContext(ctx, s.loaded.Handler.Executable, append(args, "--settings", s.goneFile())...)
	for _, name := range callers {
		if value, ok := os.LookupEnv(name); ok {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", typed(args), err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// typed is a command as a shell would have it.
func typed(args []string) string {
	text := "lifeboat"
	for _, a := range args {
		if strings.ContainsRune(a, ' ') {
			a = "\"" + a + "\""
		}
		text += " " + a
	}
	return text
}

// mostShown is how many lines of a command's answer the story has.
const mostShown = 16

// show is types with a word in the story.
func (s *stage) show(ctx context.Context, args ...string) error {
	said, err := s.types(ctx, args...)
	lines := slices.Collect(strings.Lines(said))
	left := len(lines) - mostShown
	if left > 0 {
		lines = append(lines[:mostShown], fmt.Sprintf("... and %s\n", count(left, "line")))
	}
	s.timeline.say("\n  $ %s\n  %s\n\n", typed(args), strings.TrimSpace(strings.Join(lines, "  ")))
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return err
}

// step is a command of the rehearsal.
func (s *stage) step(ctx context.Context, what string, args ...string) error {
	began := time.Now()
	err := s.show(ctx, args...)
	s.did(what, began, args)
	return err
}

// did notes a step of the rehearsal that began then and has just ended.
func (s *stage) did(what string, began time.Time, args []string) {
	step := lostStep{what: what, took: time.Since(began)}
	if len(args) > 0 {
		step.command = typed(args)
	}
	s.lost.steps = append(s.lost.steps, step)
}
