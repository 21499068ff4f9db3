// Table reads what `go test -bench` prints, passes it on, and writes it down:
// as tables for people, first of all the goals, and as JSON. Only figures of
// one run stand in one table, so that their ratios mean something.
//
//	go test -run '^$' -bench . ./bench | go run ./bench/table -md RESULTS.md -json results.json
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

func main() {
	markdown := flag.String("md", "", "write tables in Markdown to this file")
	data := flag.String("json", "", "write JSON to this file")
	command := flag.String("command", "", "the command that makes the figures, to be named beside them")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *markdown, *data, *command); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

// run is done only if all the benchmarks were: half a run makes no tables.
func run(in io.Reader, out io.Writer, markdown, data, command string) error {
	begun := time.Now()
	r, err := read(io.TeeReader(in, out))
	if err != nil {
		return err
	}
	r.Command, r.Machine.Cores, r.Machine.Go = command, runtime.NumCPU(), runtime.Version()
	r.At, r.Took = begun.UTC().Truncate(time.Second), time.Since(begun).Round(time.Second).String()
	r.Goals = judge(r.Results)
	text := render(r)
	if _, err := io.WriteString(out, "\n"+text); err != nil {
		return err
	}
	if err := write(markdown, []byte(text)); err != nil {
		return err
	}
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return write(data, append(encoded, '\n'))
}

func write(file string, data []byte) error {
	if file == "" {
		return nil
	}
	return os.WriteFile(file, data, 0o644)
}
