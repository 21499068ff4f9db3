package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// titles say what a benchmark's table shows; one without a title goes by its
// name.
var titles = map[string]string{
	"Invocation": "One invocation over loopback, beside a bare net/http JSON echo",
	"Ready":      "From the start of the process to its first answer, beside the same echo",
	"PollStep":   "The handler's own work for one poll, over ports in memory",
	"InFlight":   "Operations in flight: what the process holds, and the CPU of one poll",
	"Night":      "All services due at once, in one subscription, under ARM's token buckets; virtual time. Requests for each job, and of each run of the timers and of its clean-up, which looks at ten services at most",
	"Backup":     "What one backup makes billable: counted, and by published models",
	"Polling":    "Ways to poll: polls per operation, and how late an end is noticed; simulated",
	"Watch":      "One run of the watchdog",
	"Status":     "The command `lifeboat status` for 1,000 services, as a process",

	"FleetProcess": "The deployed binary backs up 1,000 services at once over loopback",
}

// render writes a run as Markdown that can be read as it is.
func render(r report) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# Figures\n\nMade by `%s` in %s on %s, %s/%s, %d cores (%s), %s. Only figures of this one run are compared.\n",
		r.Command, r.Took, r.At.Format("2006-01-02"), r.Machine.OS, r.Machine.Arch, r.Machine.Cores, r.Machine.CPU, r.Machine.Go)
	text.WriteString("\n## Goals\n\n")
	rows := [][]string{{"goal", "want", "got", "state"}}
	for _, v := range r.Goals {
		rows = append(rows, []string{v.Goal, v.Want, number(v.Got), v.State})
	}
	table(&text, rows)
	for _, name := range benchmarks(r.Results) {
		title := titles[name]
		if title == "" {
			title = name
		}
		fmt.Fprintf(&text, "\n## %s\n\n", title)
		table(&text, grid(name, r.Results))
	}
	return text.String()
}

func benchmarks(results []result) (names []string) {
	for _, r := range results {
		if !slices.Contains(names, r.Benchmark) {
			names = append(names, r.Benchmark)
		}
	}
	return names
}

// grid has a row for each case of a benchmark and a column for each unit.
func grid(name string, results []result) [][]string {
	var units []string
	for _, r := range results {
		for _, u := range r.units {
			if r.Benchmark == name && !slices.Contains(units, u) {
				units = append(units, u)
			}
		}
	}
	rows := [][]string{append([]string{"case"}, units...)}
	for _, r := range results {
		if r.Benchmark != name {
			continue
		}
		row := []string{r.Case}
		for _, u := range units {
			cell := ""
			if value, ok := r.Figures[u]; ok {
				cell = number(value)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// number has three digits that count.
func number(value float64) string {
	if value == math.Trunc(value) || math.Abs(value) >= 100 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}

func table(text *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(text, "| %s%s ", cell, strings.Repeat(" ", widths[i]-len([]rune(cell))))
		}
		text.WriteString("|\n")
		if n == 0 {
			for _, w := range widths {
				fmt.Fprintf(text, "| %s ", strings.Repeat("-", w))
			}
			text.WriteString("|\n")
		}
	}
}
