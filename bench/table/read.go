package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// report is one run.
type report struct {
	At      time.Time `json:"at"`
	Took    string    `json:"took"`
	Command string    `json:"command"`
	Machine machine   `json:"machine"`
	Goals   []verdict `json:"goals"`
	Results []result  `json:"results"`
}

type machine struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
}

// result is one line: a benchmark, the case of it, and its figures by unit.
type result struct {
	Benchmark string             `json:"benchmark"`
	Case      string             `json:"case,omitempty"`
	Figures   map[string]float64 `json:"figures"`

	units []string // in the order of the line
}

// line is a benchmark's, with the count of processors that Go appends.
var line = regexp.MustCompile(`^Benchmark(\w+)(?:/(\S+?))?(?:-\d+)?\s+\d+\s+(.+)$`)

// read collects the results of one run. A benchmark that failed fails it all.
func read(in io.Reader) (report, error) {
	var r report
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		text := scanner.Text()
		switch key, value, _ := strings.Cut(text, ": "); key {
		case "goos":
			r.Machine.OS = value
		case "goarch":
			r.Machine.Arch = value
		case "cpu":
			r.Machine.CPU = value
		}
		if strings.HasPrefix(strings.TrimSpace(text), "--- FAIL") || strings.HasPrefix(text, "FAIL") {
			return r, fmt.Errorf("a benchmark failed: %s", text)
		}
		found := line.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		one := result{Benchmark: found[1], Case: found[2], Figures: map[string]float64{}}
		if err := one.read(strings.Fields(found[3])); err != nil {
			return r, fmt.Errorf("%q: %w", text, err)
		}
		r.Results = append(r.Results, one)
	}
	if err := scanner.Err(); err != nil {
		return r, err
	}
	if len(r.Results) == 0 {
		return r, errors.New("no results: pipe the output of go test -bench into this")
	}
	return r, nil
}

func (r *result) read(fields []string) error {
	if len(fields)%2 != 0 {
		return errors.New("a figure without a unit")
	}
	for i := 0; i < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return err
		}
		r.Figures[fields[i+1]] = value
		r.units = append(r.units, fields[i+1])
	}
	return nil
}
