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
	fmt.Fprintf(w, "lifeboat %s%s (%s %s/%s)\n", revision, modified, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
