package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// identity is what a package says it is.
type identity struct {
	version  string // of a tag v1.2.0: 1.2.0; after it: 1.2.0-3-g<commit>
	revision string // the whole commit
	modified bool   // the folder was not as the commit is
}

// identify asks git. The answer depends on the commit and the tags before it:
// a checkout without history must fetch them.
func identify(ctx context.Context, root string) (identity, error) {
	revision, err := git(ctx, root, "rev-parse", "HEAD")
	if err != nil {
		return identity{}, fmt.Errorf("%w\nwithout git, say what this is: -version 1.2.0 -revision COMMIT", err)
	}
	changes, err := git(ctx, root, "status", "--porcelain")
	if err != nil {
		return identity{}, err
	}
	b := identity{version: "0.0.0-g" + revision[:12], revision: revision, modified: changes != ""}
	if tag, err := git(ctx, root, "describe", "--tags", "--match", "v[0-9]*", "--abbrev=12"); err == nil { // else there is none
		b.version = strings.TrimPrefix(tag, "v")
	}
	if b.modified {
		b.version += "-modified"
	}
	return b, nil
}

// What goes into a file's name and onto a command line.
var (
	versionForm  = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$`)
	revisionForm = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
)

func (b identity) check() error {
	if !versionForm.MatchString(b.version) {
		return fmt.Errorf("want a version such as 1.2.0, got %q", b.version)
	}
	if !revisionForm.MatchString(b.revision) {
		return fmt.Errorf("want a whole commit of 40 hexadecimal digits, got %q", b.revision)
	}
	return nil
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"--no-optional-locks", "-C", root}, args...)...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], said(err))
	}
	return strings.TrimSpace(string(out)), nil
}

// said is a program's own words, where it left some.
func said(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
