package main

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the Go toolchain knows about this program.
type build struct {
	Revision string `json:"revision"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say what this program is",
		Args:  cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			b := thisBuild()
			if p.flags.json {
				p.code = p.end(printJSON(p.stdout, b))
				return
			}
			p.print("lifeboat %s (%s %s)\n", revision(), b.Go, b.Platform)
		},
	}
}

func thisBuild() build {
	b := build{Revision: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Revision = cmp.Or(s.Value, b.Revision)
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	return b
}

// revision is the commit that this build was made from.
func revision() string {
	b := thisBuild()
	if b.Modified {
		return b.Revision + " with changes"
	}
	return b.Revision
}
