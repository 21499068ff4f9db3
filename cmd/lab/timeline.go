package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/emulator/host"
	"lifeboat/internal/terminal"
)

// timeline shows what happens, a line for each move of a job, from the lines
// that the handler logs. Whatever it does not understand it shows as it is.
type timeline struct {
	out    io.Writer
	log    io.Writer // the handler's own lines
	colors terminal.Palette
	width  int              // of the longest service's name
	sizes  func(string) int // of a job's backup
	ends   func(string) (code, words string)

	mu      sync.Mutex
	muted   bool
	created map[string]time.Time // jobs
	service map[string]string    // of jobs
	decided map[string]bool      // invocations that judged the gates of a restore
	waits   map[string]bool      // those in which a gate said not yet
	told    map[string]bool      // what is told once
	polls   map[string]int       // of jobs
	// milestone is what to say after the first job's start.
	milestone func() string
}

func newTimeline(out, log io.Writer, colors terminal.Palette, services []string) *timeline {
	t := &timeline{out: out, log: log, colors: colors, width: len("handler"), created: map[string]time.Time{}, service: map[string]string{}, decided: map[string]bool{}, waits: map[string]bool{}, told: map[string]bool{}, polls: map[string]int{}, sizes: func(string) int { return 0 }, ends: func(string) (string, string) { return "", "" }}
	for _, s := range services {
		t.width = max(t.width, len(s))
	}
	return t
}

// handlerLine takes one line of the handler's output.
func (t *timeline) handlerLine(stream, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.log, line)
	e, ok := readEntry(line)
	if !ok {
		t.row(time.Now(), "handler", stream, terminal.Red, line)
		return
	}
	t.learn(e)
	if e.To == "Starting" && t.milestone != nil {
		defer t.row(time.Now(), "lab", "note", terminal.Faint, t.milestone())
		t.milestone = nil
	}
	if e.tellsNothing() || t.again(e) {
		return
	}
	what, s := e.what()
	t.row(e.Time, cmp.Or(e.Service, e.Target, t.service[e.Job], "handler"), what, s, e.note(t))
	if e.Message == jobMoved {
		t.polls[e.Job] = e.Polls
	}
}

// learn keeps what later lines leave out.
func (t *timeline) learn(e entry) {
	if e.Message == jobCreated || e.Message == restoreOrdered {
		t.created[e.Job] = e.Time
	}
	if e.Service != "" && e.Job != "" {
		t.service[e.Job] = e.Service
	}
	if e.Message == jobMoved && e.restores() && e.From == "Pending" {
		t.decided[e.Invocation] = true
	}
	if e.Message == gateJudged && e.Outcome == "Waits" {
		t.waits[e.Invocation] = true
	}
}

// act begins a part of the story.
func (t *timeline) act(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.row(time.Now(), "lab", "act", terminal.Yellow, fmt.Sprintf(format, args...))
}

// again reports whether a line repeats one that need not be told twice: a
// message that fails at each delivery, and a move that stays overdue.
func (t *timeline) again(e entry) bool {
	switch e.Message {
	case invocationFailed:
		return !t.once(e.Message + e.rest())
	case overdue:
		return !t.once(e.Message + e.Job + e.Since)
	}
	return false
}

// once is true the first time; t.mu is held.
func (t *timeline) once(what string) bool {
	before := t.told[what]
	t.told[what] = true
	return !before
}

// noticed shows a notice that has arrived at the lab's receiver.
func (t *timeline) noticed(e cloudEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.row(time.Now(), cmp.Or(e.Data.Service, "lab"), "notice "+e.Data.Type, terminal.Yellow, e.Data.Subject)
}

// row prints one line; t.mu is held.
func (t *timeline) row(at time.Time, who, what string, s terminal.Shade, note string) {
	if t.muted {
		return
	}
	padding := strings.Repeat(" ", max(0, moveWidth-len(what)))
	fmt.Fprintf(t.out, "%s  %-*s  %s%s  %s\n", t.colors.Paint(terminal.Faint, at.Local().Format(time.TimeOnly)), t.width, who, t.colors.Paint(s, what), padding, note)
}

// moveWidth is that of "InProgress -> InProgress", the longest.
const moveWidth = 24

// say prints lines of the lab's own.
func (t *timeline) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, format, args...)
}

// first says something once, after the next job's start.
func (t *timeline) first(milestone func() string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.milestone = milestone
}

// mute ends the rows: what follows is the noise of stopping.
func (t *timeline) mute() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.muted = true
}

// backupSize, ending, polled, waited and lasted are the timeline as a teller; t.mu is held.
func (t *timeline) backupSize(job string) int { return t.sizes(job) }

func (t *timeline) ending(job string) (code, words string) { return t.ends(job) }

func (t *timeline) polled(job string) int { return t.polls[job] }

func (t *timeline) waited(invocation string) bool { return t.waits[invocation] }

func (t *timeline) lasted(job string, now time.Time) string {
	if created, ok := t.created[job]; ok {
		return "after " + short(now.Sub(created).Round(100*time.Millisecond))
	}
	return ""
}

// invoked takes the end of an invocation: of one that failed the handler may
// have said nothing. Only the first failure of a message is told.
func (t *timeline) invoked(in host.Invocation) {
	if in.Outcome == host.Succeeded {
		return
	}
	note := fmt.Sprintf("%s did not succeed: %s", in.Function, in.Reason)
	if in.MessageID != "" {
		note += fmt.Sprintf("; message %s %s", in.MessageID, settlements[in.Settlement])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if in.MessageID == "" || t.once(in.MessageID) {
		t.row(time.Now(), "host", "warning", terminal.Yellow, note)
	}
}

var settlements = map[host.Settlement]string{
	host.Completed: "is done with", host.Abandoned: "is delivered again", host.LockLost: "is delivered again when its lock ends",
	"": "is delivered again when its lock ends",
}

// hostLog shows what the Functions host warns of, as rows.
func (t *timeline) hostLog() *slog.Logger { return slog.New(&hostHandler{timeline: t}) }

type hostHandler struct {
	timeline *timeline
	attrs    []slog.Attr
}

func (h *hostHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

func (h *hostHandler) Handle(_ context.Context, r slog.Record) error {
	text := strings.Builder{}
	text.WriteString(r.Message)
	add := func(a slog.Attr) bool {
		if a.Value.Any() != nil {
			fmt.Fprintf(&text, "; %s: %v", a.Key, a.Value)
		}
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	what, s := "warning", terminal.Yellow
	if r.Level >= slog.LevelError {
		what, s = "error", terminal.Red
	}
	h.timeline.mu.Lock()
	defer h.timeline.mu.Unlock()
	h.timeline.row(r.Time, "host", what, s, text.String())
	return nil
}

func (h *hostHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &hostHandler{timeline: h.timeline, attrs: append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup ignores the group: the host has none.
func (h *hostHandler) WithGroup(string) slog.Handler { return h }
