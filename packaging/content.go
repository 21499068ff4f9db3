package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// content is what a package holds besides the binary.
type content struct {
	files   map[string][]byte // by the name in the zip
	planned bool              // one of them is a plan
}

// Names in the zip. The host starts the binary by the path in host.json, and
// the app finds its plan beside it.
const (
	binaryName  = "bin/lifeboat"
	planName    = "lifeboat.yaml"
	sampleName  = "lifeboat.sample.yaml"
	noticesName = "THIRD-PARTY-NOTICES.txt"
)

func collect(ctx context.Context, o options) (content, error) {
	c := content{files: map[string][]byte{}}
	folders, err := filepath.Glob(filepath.Join(o.root, "*", "function.json"))
	if err != nil {
		return c, err
	}
	if len(folders) == 0 {
		return c, fmt.Errorf("there is no function folder in %s: run this in Lifeboat's own folder, or name it by -root", o.root)
	}
	for _, each := range folders {
		if err := c.folder(o.root, filepath.Dir(each)); err != nil {
			return c, err
		}
	}
	for _, name := range []string{"host.json", "LICENSE"} {
		if err := c.add(name, filepath.Join(o.root, name)); err != nil {
			return c, err
		}
	}
	return c, c.plan(ctx, o)
}

func (c *content) add(name, file string) error {
	text, err := os.ReadFile(file)
	c.files[name] = text
	return err
}

// folder adds every file in dir, links refused.
func (c *content) folder(root, dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			return fmt.Errorf("%s is not a plain file: a package can't hold it", path)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return c.add(filepath.ToSlash(name), path)
	})
}

// plan adds the plan, once Lifeboat itself can read it, or the sample under
// its own name.
func (c *content) plan(ctx context.Context, o options) error {
	file := o.plan
	if file == "" {
		file = filepath.Join(o.root, planName)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return c.add(sampleName, filepath.Join(o.root, sampleName))
		}
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	out, err := goCommand(ctx, o.root, nil, "run", "./cmd/lifeboat", "plan", "validate", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("the plan can't be used:\n%s", strings.TrimSpace(string(out)))
	}
	c.planned = true
	return c.add(planName, file)
}
