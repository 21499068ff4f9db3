package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

type functionJSON struct {
	Bindings   []bindingJSON
	Retry      *json.RawMessage
	Disabled   bool
	ScriptFile *string
}

type bindingJSON struct {
	Type, Direction, Name string

	Schedule                 string
	RunOnStartup, UseMonitor *bool

	QueueName, Connection, DataType, Cardinality string
	AutoCompleteMessages, IsSessionsEnabled      *bool
	TopicName, SubscriptionName                  string

	AuthLevel, Route string
	Methods          []string
}

// deadLetters is the sub-queue that a queueName may end in, in any case.
const deadLetters = "$DeadLetterQueue"

// readFunction reads one folder's function.json.
func readFunction(file, name string, autoComplete bool, getenv func(string) string) (f Function, retry bool, err error) {
	f = Function{Name: name}
	var j functionJSON
	if err := readStrict(file, &j); err != nil {
		return f, false, err
	}
	mistakes := []error{checkFolder(filepath.Dir(file), name)}
	triggers, outputs := 0, 0
	for _, b := range j.Bindings {
		if !strings.HasSuffix(b.Type, "Trigger") {
			outputs++
			if b.Type != "http" || b.Direction != "out" {
				mistakes = append(mistakes, fmt.Errorf("%s: the stand-in plays triggers and http outputs only, not %s", file, b.Type))
			}
			continue
		}
		triggers++
		mistakes = append(mistakes, f.bind(b, file, autoComplete, getenv))
	}
	if triggers != 1 {
		mistakes = append(mistakes, fmt.Errorf("%s: want one trigger, got %d", file, triggers))
	}
	if f.Trigger == HTTPTrigger && outputs != 1 {
		mistakes = append(mistakes, fmt.Errorf("%s: an httpTrigger wants one http output, such as res: the host forwards nothing otherwise", file))
	}
	return f, j.Retry != nil, errors.Join(mistakes...)
}

func checkFolder(dir, name string) error {
	if !functionName.MatchString(name) || strings.EqualFold(name, "host") {
		return fmt.Errorf("%s: the host refuses %q as a function's name", dir, name)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 1 {
		return fmt.Errorf("%s: holds more than function.json: the host would take another file for a script", dir)
	}
	return nil
}

func (f *Function) bind(b bindingJSON, file string, autoComplete bool, getenv func(string) string) error {
	var mistakes []error
	want := func(ok bool, format string, a ...any) {
		if !ok {
			mistakes = append(mistakes, fmt.Errorf(file+": "+format, a...))
		}
	}
	f.Trigger, f.Binding = Trigger(b.Type), b.Name
	want(b.Direction == "in", `direction: want "in", got %q`, b.Direction)
	want(b.Name != "", "name: want the binding's name")
	switch f.Trigger {
	case TimerTrigger:
		spec, err := resolve(b.Schedule, file+": schedule", getenv)
		mistakes = append(mistakes, err)
		if err == nil {
			f.Schedule, err = ParseSchedule(spec)
			want(err == nil, "schedule: %v", err)
		}
		f.RunOnStartup = b.RunOnStartup != nil && *b.RunOnStartup
		f.UseMonitor = (b.UseMonitor == nil || *b.UseMonitor) && err == nil && !f.Schedule.oftenerThanAMinute()
	case ServiceBusTrigger:
		var err error
		f.Queue, err = resolve(b.QueueName, file+": queueName", getenv)
		mistakes = append(mistakes, err)
		f.Connection, f.Binary, f.AutoComplete = b.Connection, b.DataType == "binary", autoComplete
		if b.AutoCompleteMessages != nil {
			f.AutoComplete = *b.AutoCompleteMessages
		}
		want(err != nil || f.Queue != "", "queueName: want a queue: the stand-in plays no topics")
		_, below, sub := strings.Cut(f.Queue, "/")
		want(!sub || strings.EqualFold(below, deadLetters), "queueName: want a queue, or <queue>/%s, got %q", deadLetters, f.Queue)
		want(b.Connection != "", "connection: want the name of a setting")
		want(b.DataType == "" || b.DataType == "string" || b.DataType == "binary", "dataType: want string or binary, got %q", b.DataType)
		want(b.Cardinality == "" || b.Cardinality == "one", "cardinality: the stand-in plays one only, not %q", b.Cardinality)
		want(b.IsSessionsEnabled == nil || !*b.IsSessionsEnabled, "isSessionsEnabled: the stand-in plays no sessions")
	case EventGridTrigger:
		want(b.Cardinality == "" || b.Cardinality == "one", "cardinality: the stand-in plays one only, not %q", b.Cardinality)
	case HTTPTrigger:
		f.bindHTTP(b, want)
	default:
		want(false, "type: the stand-in does not play %s", b.Type)
	}
	return errors.Join(mistakes...)
}
