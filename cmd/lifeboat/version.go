package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// version prints what the Go toolchain knows about this build.
func version(w io.Writer) {
	fmt.Fprintf(w, "lifeboat %s (%s %s/%s)\n", revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// revision is the commit that this build was made from.
func revision() string {
	revision, modified := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = cmp.Or(s.Value, revision)
			case s.Key == "vcs.modified" && s.Value == "true":
				modified = " with changes"
			}
		}
	}
	return revision + modified
}
