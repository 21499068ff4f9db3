package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// architectures are the processors of the Functions hosts, each with the
// oldest variant, so that a setting of this machine changes no byte.
var architectures = map[string]string{"amd64": "GOAMD64=v1", "arm64": "GOARM64=v8.0"}

// goCommand is the go command in root, with the settings that decide what is
// built said here instead of by this machine.
func goCommand(ctx context.Context, root string, settings []string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off")
	c.Env = append(c.Env, settings...)
	return c
}

// compile builds the binary for Linux on arch and returns its file in dir.
func compile(ctx context.Context, o options, arch, dir string) (string, error) {
	variant, ok := architectures[arch]
	if !ok {
		return "", fmt.Errorf("%q is no processor that Functions runs on: want amd64 or arm64", arch)
	}
	file := filepath.Join(dir, "lifeboat")
	// The toolchain's own stamp depends on settings and on the kind of
	// checkout, so it is off.
	flags := []string{
		"-s", "-w", "-X", "main.linkedVersion=" + o.build.version, "-X", "main.linkedRevision=" + o.build.revision,
		"-X", fmt.Sprintf("main.linkedModified=%t", o.build.modified),
	}
	settings := []string{"GOOS=linux", "GOARCH=" + arch, variant}
	out, err := goCommand(ctx, o.root, settings, "build", "-trimpath", "-buildvcs=false", "-ldflags", strings.Join(flags, " "), "-o", file, "./cmd/lifeboat").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return file, nil
}
