package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// hostJSON names every key that the host binds. Sections that the stand-in
// doesn't play are left raw.
type hostJSON struct {
	Version                          string
	FunctionTimeout                  *string
	CustomHandler                    customHandlerJSON
	Extensions                       extensionsJSON
	Retry                            *json.RawMessage
	Logging, ExtensionBundle         json.RawMessage
	HealthMonitor, Concurrency       json.RawMessage
	Singleton, Aggregator            json.RawMessage
	WatchDirectories, WatchFiles     json.RawMessage
	TelemetryMode, ManagedDependency json.RawMessage
	ConfigurationProfile             json.RawMessage
}

type customHandlerJSON struct {
	Description struct {
		DefaultExecutablePath          string
		Arguments                      []string
		DefaultWorkerPath              string
		WorkerArguments                []string
		WorkingDirectory               string
		WorkerDirectory                string
		UseStdErrorStreamForErrorsOnly *bool
	}
	EnableForwardingHTTPRequest bool
	EnableProxyingHTTPRequest   bool
	InitializationTimeout       *string
	Port                        int
	HTTP                        struct {
		DefaultAuthorizationLevel string
		Routes                    []json.RawMessage
	}
}

type extensionsJSON struct {
	ServiceBus struct {
		PrefetchCount                 int
		AutoCompleteMessages          *bool
		MaxAutoLockRenewalDuration    *string
		MaxConcurrentCalls            *int
		MaxConcurrentSessions         *int
		MaxMessageBatchSize           *int
		MinMessageBatchSize           *int
		MaxBatchWaitTime              *string
		SessionIdleTimeout            *string
		EnableCrossEntityTransactions json.RawMessage
		TransportType                 json.RawMessage
		ClientRetryOptions            json.RawMessage
		WebProxy                      json.RawMessage
	}
	HTTP, Queues, Blobs, EventHubs, CosmosDB, DurableTask, Tables, EventGrid json.RawMessage
}

// widespread are keys that samples carry and the host ignores.
var widespread = map[string]string{
	"enableHttpProxyingRequest": "the host ignores it: the name is enableProxyingHttpRequest",
	"type":                      "leave it out",
}

func readHostJSON(file string) (hostJSON, error) {
	var h hostJSON
	if err := readStrict(file, &h); err != nil {
		return h, err
	}
	if h.Version != "2.0" {
		return h, fmt.Errorf(`%s: version: want "2.0", got %q`, file, h.Version)
	}
	return h, nil
}

// readStrict decodes a file and refuses what v doesn't name.
func readStrict(file string, v any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	if err == nil {
		return nil
	}
	for key, hint := range widespread {
		if strings.Contains(err.Error(), `unknown field "`+key+`"`) {
			return fmt.Errorf("%s: unknown key %s: %s", file, key, hint)
		}
	}
	return fmt.Errorf("%s: %w", file, err)
}

// apply takes host.json with the host's defaults.
func (a *App) apply(h hostJSON, getenv func(string) string) error {
	var mistakes []error
	read := func(key string, text *string, otherwise time.Duration) time.Duration {
		if text == nil {
			return otherwise
		}
		d, err := timeSpan(*text)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("host.json: %s: %w", key, err))
		}
		return d
	}
	a.Timeout = 30 * time.Minute // Flex, Premium and Dedicated
	if h.FunctionTimeout != nil && *h.FunctionTimeout == "-1" {
		a.Timeout = 0
	} else {
		a.Timeout = read("functionTimeout", h.FunctionTimeout, a.Timeout)
	}
	bus := h.Extensions.ServiceBus
	a.Messaging = Messaging{MaxConcurrentCalls: 16, AutoComplete: true, MaxAutoLockRenewal: read("extensions.serviceBus.maxAutoLockRenewalDuration", bus.MaxAutoLockRenewalDuration, 5*time.Minute)}
	if bus.MaxConcurrentCalls != nil {
		a.Messaging.MaxConcurrentCalls = *bus.MaxConcurrentCalls
	}
	if bus.AutoCompleteMessages != nil {
		a.Messaging.AutoComplete = *bus.AutoCompleteMessages
	}
	if a.Messaging.MaxConcurrentCalls < 1 {
		mistakes = append(mistakes, fmt.Errorf("host.json: extensions.serviceBus.maxConcurrentCalls: want at least 1, got %d", a.Messaging.MaxConcurrentCalls))
	}
	if bus.PrefetchCount > 0 {
		a.Warnings = append(a.Warnings, "extensions.serviceBus.prefetchCount is above zero: locks start before the work")
	}
	a.Handler = a.customHandler(h.CustomHandler, getenv)
	a.Handler.InitTimeout = read("customHandler.initializationTimeout", h.CustomHandler.InitializationTimeout, 30*time.Second)
	if a.Handler.Executable == "" {
		mistakes = append(mistakes, errors.New("host.json: customHandler.description.defaultExecutablePath is empty: the host does not start"))
	}
	return errors.Join(mistakes...)
}

func (a *App) customHandler(c customHandlerJSON, getenv func(string) string) CustomHandler {
	d := c.Description
	base := func(dir string) string {
		if filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(a.Dir, dir)
	}
	executable := expand(d.DefaultExecutablePath, getenv)
	if local := filepath.Join(base(d.WorkerDirectory), executable); executable != "" && !filepath.IsAbs(executable) {
		if _, err := os.Stat(local); err == nil {
			executable = local
		}
	}
	arguments := d.Arguments
	if d.DefaultWorkerPath != "" {
		arguments = append(arguments, d.DefaultWorkerPath)
	}
	// The host joins the arguments without quotes, so one with a space is two.
	line := expand(strings.Join(append(arguments, d.WorkerArguments...), " "), getenv)
	return CustomHandler{
		Executable: executable, Arguments: strings.Fields(line), WorkingDirectory: base(d.WorkingDirectory),
		Forwarding: c.EnableForwardingHTTPRequest || c.EnableProxyingHTTPRequest, Port: c.Port,
	}
}

// timeSpan reads .NET's [d.]hh:mm:ss[.fffffff], which must be positive.
func timeSpan(text string) (time.Duration, error) {
	wrong := fmt.Errorf("want a positive time span such as 00:05:00, got %q", text)
	days, clock := "0", text
	if i := strings.Index(text, "."); i >= 0 && i < strings.Index(text, ":") {
		days, clock = text[:i], text[i+1:]
	}
	part := strings.Split(clock, ":")
	day, err := strconv.Atoi(days)
	if err != nil || len(part) != 3 {
		return 0, wrong
	}
	hour, err1 := strconv.Atoi(part[0])
	minute, err2 := strconv.Atoi(part[1])
	second, err3 := strconv.ParseFloat(part[2], 64)
	if errors.Join(err1, err2, err3) != nil || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second >= 60 {
		return 0, wrong
	}
	d := time.Duration(day)*24*time.Hour + time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second*float64(time.Second))
	if d <= 0 {
		return 0, wrong
	}
	return d, nil
}
