package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"lifeboat/internal/terminal"
)

// shadeOf is the colour of a word that says how something is.
func shadeOf(word string) terminal.Shade {
	switch strings.Trim(word, " ") {
	case "ok", "OK", "ready", "Succeeded", "Passed", "keep":
		return terminal.Green
	case "down", "FAIL", "Failed", "Refused", "not ready", "NOT READY":
		return terminal.Red
	case "late", "WARN", "new", "Canceled", "AwaitingApproval", "NeedsApproval", "PassedWithWarning", "Waits", "prune", "removing":
		return terminal.Yellow
	}
	return terminal.Plain
}

// table prints cells in columns. Colours are put in afterwards: an escape
// sequence would count as text.
type table struct {
	rows   [][]string
	shades map[int]bool // the columns whose words have a colour
}

func newTable(heads ...string) *table { return &table{rows: [][]string{heads}, shades: map[int]bool{}} }

func (t *table) add(cells ...string) {
	for i, c := range cells {
		cells[i] = oneLine(c)
	}
	t.rows = append(t.rows, cells)
}

func (t *table) write(w io.Writer, p terminal.Palette) {
	for i, line := range strings.Split(strings.TrimSuffix(t.facts(), "\n"), "\n") {
		line = strings.TrimRight(line, " ")
		switch {
		case i == 0:
			line = p.Paint(terminal.Faint, line)
		case p.On:
			line = t.shaded(line, t.rows[i], p)
		}
		fmt.Fprintln(w, line)
	}
}

// facts are the rows in columns, without colours: of a name and a value, say.
func (t *table) facts() string {
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range t.rows {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	_ = columns.Flush() // into memory
	return text.String()
}

// shaded paints the cells of a line from the left to the right.
func (t *table) shaded(line string, cells []string, p terminal.Palette) string {
	var out strings.Builder
	for i, cell := range cells {
		at := strings.Index(line, cell)
		if at < 0 {
			break
		}
		out.WriteString(line[:at])
		if t.shades[i] {
			cell = p.Paint(shadeOf(cell), cell)
		}
		out.WriteString(cell)
		line = line[at+len(cells[i]):]
	}
	return out.String() + line
}

// cut is the beginning of s, with an ellipsis where it was cut.
func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// squeezed is the beginning and the end of s.
func squeezed(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most/2-1]) + "…" + string(runes[len(runes)-most/2:])
}

// printJSON writes v as every command's --json does.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// oneLine is text without anything that could disturb a terminal.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// some is at most three of names, in words.
func some(names []string, last string) string {
	const most = 3
	switch n := len(names); {
	case n == 0:
		return "none"
	case n == 1:
		return names[0]
	case n <= most:
		return strings.Join(names[:n-1], ", ") + " " + last + " " + names[n-1]
	default:
		return fmt.Sprintf("%s %s %d more", strings.Join(names[:most], ", "), last, n-most)
	}
}

// count is n of something, such as 1 job or 2 jobs.
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// span is a duration for people, in one unit.
func span(d time.Duration) string {
	switch d = d.Abs(); {
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < 90*time.Minute:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	case d < 72*time.Hour:
		return fmt.Sprintf("%d h", int(d.Round(time.Hour).Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// ago is how long before or after now t is.
func ago(t, now time.Time) string {
	if t.After(now) {
		return "in " + span(t.Sub(now))
	}
	return span(now.Sub(t)) + " ago"
}

// clock is t for people, in UTC; "-" for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// when is clock with how long ago that is.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%s (%s)", clock(t), ago(t, now))
}

// whenUTC is when, where no head says UTC.
func whenUTC(t, now time.Time) string { return fmt.Sprintf("%s UTC (%s)", clock(t), ago(t, now)) }

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// at is t in JSON; a time that is not there is null or left out.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// seconds is d in JSON.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// print writes to stdout what a command found.
func (p *program) print(format string, args ...any) { fmt.Fprintf(p.stdout, format, args...) }

// note writes to stderr what is beside the result.
func (p *program) note(format string, args ...any) { fmt.Fprintf(p.stderr, format, args...) }
