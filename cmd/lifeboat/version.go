package main

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// What `make package` links in. Other builds leave them empty, and ask the Go
// toolchain.
var (
	linkedVersion  string
	linkedRevision string
	linkedModified string // true or false
)

// build is what is known about this program.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say what this program is",
		Run: func(*cobra.Command, []string) {
			b := thisBuild()
			if p.flags.json {
				p.code = p.end(printJSON(p.stdout, b))
				return
			}
			p.print("lifeboat %s, commit %s (%s %s)\n", b.Version, revision(), b.Go, b.Platform)
		},
	}
}

func thisBuild() build {
	b := build{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.stamp(info)
	}
	if linkedRevision != "" {
		b.Revision, b.Modified = linkedRevision, linkedModified == "true"
	}
	b.Version = cmp.Or(linkedVersion, b.Version, "unreleased")
	b.Revision = cmp.Or(b.Revision, "unknown")
	return b
}

// stamp takes what the Go toolchain wrote into the program; nothing where it
// was told not to, or the folder was no repository of its own.
func (b *build) stamp(info *debug.BuildInfo) {
	if info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
}

// revision is the commit that this build was made from.
func revision() string {
	b := thisBuild()
	if b.Modified {
		return b.Revision + " with changes"
	}
	return b.Revision
}
