// Command packaging writes the deployable zip: the static binary, host.json,
// the function folders and the plan, with an SBOM and checksums beside it. The
// same sources, plan and Go version give the same bytes, wherever and whenever.
//
// It is a module of its own, so that what it needs is not in the app's list of
// dependencies.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// options say what is packed, and where it goes.
type options struct {
	root  string // Lifeboat's own folder
	out   string
	plan  string // the plan's file; "" for lifeboat.yaml in root, if it is there
	archs []string
	// build is what the binary says it is; asked of git where it is zero.
	build identity
}

func main() {
	var o options
	var archs string
	flag.StringVar(&o.root, "root", "..", "Lifeboat's own folder")
	flag.StringVar(&o.out, "out", "../dist", "the folder to write into")
	flag.StringVar(&o.plan, "plan", "", "the plan to pack (lifeboat.yaml in the root if it is there)")
	flag.StringVar(&archs, "arch", "amd64,arm64", "processors, separated by commas")
	flag.StringVar(&o.build.version, "version", "", "what git would say, such as 1.2.0; with -revision, where there is no git")
	flag.StringVar(&o.build.revision, "revision", "", "the commit, with -version")
	flag.Parse()
	o.archs = strings.Split(archs, ",")
	if err := run(context.Background(), o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

// run packs for each processor and lists what it wrote on stdout.
func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	var err error
	if o.build == (identity{}) {
		if o.build, err = identify(ctx, o.root); err != nil {
			return err
		}
	}
	if err := o.build.check(); err != nil {
		return err
	}
	c, err := collect(ctx, o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	var written []string
	for _, arch := range o.archs {
		names, err := pack(ctx, o, arch, c)
		if err != nil {
			return fmt.Errorf("package for linux/%s: %w", arch, err)
		}
		written = append(written, names...)
	}
	if err := checksums(o.out, written, stdout); err != nil {
		return err
	}
	if !c.planned {
		fmt.Fprintln(stderr, withoutPlan)
	}
	if o.build.modified {
		fmt.Fprintf(stderr, "packaging: this folder has changes that are in no commit: the package says so, in its name too\n")
	}
	return nil
}

const withoutPlan = `packaging: THERE IS NO PLAN IN THIS PACKAGE, only lifeboat.sample.yaml: the app would not start in Azure.
packaging: copy lifeboat.sample.yaml to lifeboat.yaml, change it, and pack again; or name a plan: make package PLAN=FILE`
