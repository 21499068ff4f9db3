// Command sources prints the services that a plan protects, one on a line: its
// name, a tab, its resource id. It says every mistake of a plan that can't be
// used. The hooks ask it before anything is deployed.
package main

import (
	"fmt"
	"io"
	"os"

	"lifeboat/internal/plan"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sources PLAN")
		os.Exit(2)
	}
	if err := list(os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func list(w io.Writer, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the plan: %w: copy lifeboat.sample.yaml to %s", err, file)
	}
	p, err := plan.Parse(file, data)
	if err != nil {
		return err
	}
	for _, s := range p.Services {
		if _, err := fmt.Fprintf(w, "%s\t%s\n", s.Name, s.ResourceID()); err != nil {
			return err
		}
	}
	return nil
}
