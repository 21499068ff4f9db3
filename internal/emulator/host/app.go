// Package host stands in for the Azure Functions host, for tests and laptops.
// It reads an app's host.json and function folders as strictly as a linter,
// fires the timers, receives from the queues, posts the host's envelopes to
// the custom handler and settles messages by its answers, forwards HTTP requests, with the host's
// sharp edges: an empty 2xx hangs, a function timeout kills the whole process,
// a handler that exits with 0 is never started again.
//
// The contract is written down from the sources of the real host and of its
// extensions, not from this project's own decoder.
package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// App is what the host reads from an app's directory.
type App struct {
	Dir       string
	Functions []Function // by name
	Timeout   time.Duration
	Handler   CustomHandler
	Messaging Messaging
	Warnings  []string // what the host accepts and an operator regrets
}

// CustomHandler is host.json's customHandler.
type CustomHandler struct {
	Executable       string // absolute, or a name to look for in PATH
	Arguments        []string
	WorkingDirectory string
	Forwarding       bool // HTTP functions get the request itself
	InitTimeout      time.Duration
	Port             int // zero is any
}

// Messaging is host.json's extensions.serviceBus, as far as it is played.
type Messaging struct {
	MaxConcurrentCalls int // per queue
	MaxAutoLockRenewal time.Duration
	AutoComplete       bool
}

// Trigger is a function's kind as function.json writes it.
type Trigger string

const (
	TimerTrigger      Trigger = "timerTrigger"
	ServiceBusTrigger Trigger = "serviceBusTrigger"
	EventGridTrigger  Trigger = "eventGridTrigger"
	HTTPTrigger       Trigger = "httpTrigger"
)

// Function is one folder with a function.json.
type Function struct {
	Name    string
	Trigger Trigger
	Binding string // the trigger's name in Data

	Schedule     Schedule // timerTrigger
	RunOnStartup bool
	UseMonitor   bool

	Queue        string // serviceBusTrigger
	Connection   string
	Binary       bool // dataType binary
	AutoComplete bool

	Route     string   // httpTrigger; below /api/
	Methods   []string // nil is any
	AuthLevel AuthLevel
}

var functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,127}$`)

// Load reads an app. getenv resolves %SETTING%. The error joins every mistake
// found, those that the real host ignores in silence included.
func Load(dir string, getenv func(string) string) (App, error) {
	app := App{Dir: dir}
	h, err := readHostJSON(filepath.Join(dir, "host.json"))
	mistakes := []error{err}
	mistakes = append(mistakes, app.apply(h, getenv))
	entries, err := os.ReadDir(dir)
	mistakes = append(mistakes, err)
	retried := false
	for _, e := range entries {
		file := filepath.Join(dir, e.Name(), "function.json")
		if _, err := os.Stat(file); !e.IsDir() || err != nil {
			continue
		}
		f, retry, err := readFunction(file, e.Name(), app.Messaging.AutoComplete, getenv)
		mistakes = append(mistakes, err)
		app.Functions = append(app.Functions, f)
		retried = retried || retry && f.Trigger == ServiceBusTrigger
	}
	mistakes = append(mistakes, app.lint(h, retried))
	return app, errors.Join(mistakes...)
}

// lint holds what no single file shows.
func (a *App) lint(h hostJSON, retriedMessages bool) error {
	var mistakes []error
	messages := slices.ContainsFunc(a.Functions, func(f Function) bool { return f.Trigger == ServiceBusTrigger })
	if len(h.CustomHandler.HTTP.Routes) > 0 && len(a.Functions) > 0 {
		mistakes = append(mistakes, errors.New("host.json: customHandler.http.routes can't be mixed with function.json: the host throws"))
	}
	if h.Retry != nil && messages {
		mistakes = append(mistakes, errors.New("host.json: retry applies to Service Bus functions, too: attempts multiply and the lock runs out"))
	}
	if retriedMessages {
		mistakes = append(mistakes, errors.New("function.json: retry is not supported with a serviceBusTrigger: Service Bus redelivers by itself"))
	}
	if messages && !a.Messaging.AutoComplete {
		a.Warnings = append(a.Warnings, "extensions.serviceBus.autoCompleteMessages is false: a custom handler has no way to settle a message")
	}
	if messages && (a.Timeout == 0 || a.Timeout > a.Messaging.MaxAutoLockRenewal) {
		a.Warnings = append(a.Warnings, fmt.Sprintf("functionTimeout is longer than maxAutoLockRenewalDuration (%v): a slow message is delivered twice", a.Messaging.MaxAutoLockRenewal))
	}
	return errors.Join(append(mistakes, a.lintHTTP(h))...)
}

// setting is %NAME% in a value of function.json or host.json.
var setting = regexp.MustCompile(`%([^%]+)%`)

// resolve replaces a value that is one %SETTING%; the host resolves no parts.
func resolve(value, where string, getenv func(string) string) (string, error) {
	m := setting.FindStringSubmatch(value)
	if m == nil || m[0] != value {
		return value, nil
	}
	resolved := getenv(m[1])
	if resolved == "" {
		return "", fmt.Errorf("%s: the setting %s is not set", where, m[1])
	}
	return resolved, nil
}

// expand replaces every %NAME%; an unset one is deleted.
func expand(value string, getenv func(string) string) string {
	return setting.ReplaceAllStringFunc(value, func(s string) string { return getenv(strings.Trim(s, "%")) })
}
