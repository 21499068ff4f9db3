package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// licences are the files that may hold a module's terms.
var licences = []string{"LICENSE*", "LICENCE*", "COPYING*", "NOTICE*"}

// notices are the licences of everything that is linked in, word for word, as
// most of them ask for.
func notices(ctx context.Context, root string, b binary) ([]byte, error) {
	goRoot, err := goCommand(ctx, root, nil, "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", said(err))
	}
	var out bytes.Buffer
	if err := quote(&out, "Go "+strings.TrimPrefix(b.info.GoVersion, "go"), strings.TrimSpace(string(goRoot))); err != nil {
		return nil, err
	}
	dirs, err := modulesIn(ctx, root, b)
	if err != nil {
		return nil, err
	}
	for _, m := range b.modules() {
		if err := quote(&out, m.Path+" "+m.Version, dirs[m.Path]); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// modulesIn are the folders of the modules' sources, by path.
func modulesIn(ctx context.Context, root string, b binary) (map[string]string, error) {
	args := []string{"list", "-m", "-f", "{{.Path}}\t{{.Dir}}"}
	for _, m := range b.modules() {
		args = append(args, m.Path)
	}
	out, err := goCommand(ctx, root, nil, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", said(err))
	}
	dirs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		dirs[path] = dir
	}
	return dirs, nil
}

// quote writes the licences in dir under a title. A module without any is not
// packed unseen.
func quote(out *bytes.Buffer, title, dir string) error {
	var files []string
	for _, pattern := range licences {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	if len(files) == 0 {
		return fmt.Errorf("%s has no licence file in %s", title, dir)
	}
	fmt.Fprintf(out, "==== %s ====\n\n", title)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		out.Write(bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))))
		out.WriteString("\n\n")
	}
	return nil
}
