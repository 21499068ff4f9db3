package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/servicebus"
)

// listenFlag is a HOST:PORT on this machine.
type listenFlag string

func (f *listenFlag) String() string { return string(*f) }
func (f *listenFlag) Type() string   { return "HOST:PORT" }

func (f *listenFlag) Set(value string) error {
	*f = listenFlag(value)
	return emulator.CheckListen(value)
}

// extraQueue is a queue that --queue adds.
type extraQueue struct {
	name    string
	options servicebus.QueueOptions
}

// queueFlag collects queues, each as NAME or NAME:lock=30s,max=5,dup=10m.
type queueFlag []extraQueue

func (f *queueFlag) Type() string { return "NAME[:lock=30s,max=5,dup=10m]" }

func (f *queueFlag) String() string {
	var names []string
	for _, q := range *f {
		names = append(names, q.name)
	}
	return strings.Join(names, " ")
}

func (f *queueFlag) Set(value string) error {
	q, err := parseQueue(value)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(*f, func(other extraQueue) bool { return strings.EqualFold(other.name, q.name) }) {
		return fmt.Errorf("queue %s stands here twice", q.name)
	}
	*f = append(*f, q)
	return nil
}

// queueName is what Azure allows.
var queueName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,258}[A-Za-z0-9])?$`)

// The limits of Azure's own settings.
const (
	maxLock = 5 * time.Minute
	maxMax  = 2000
	minDup  = 20 * time.Second
	maxDup  = 7 * 24 * time.Hour
)

func parseQueue(value string) (extraQueue, error) {
	name, settings, given := strings.Cut(value, ":")
	if !queueName.MatchString(name) {
		return extraQueue{}, fmt.Errorf("want a queue's name of letters, digits, dots, hyphens, underscores and slashes, got %q", name)
	}
	q := extraQueue{name: name}
	if !given {
		return q, nil
	}
	for setting := range strings.SplitSeq(settings, ",") {
		key, text, _ := strings.Cut(setting, "=")
		if err := q.set(key, text); err != nil {
			return extraQueue{}, err
		}
	}
	return q, nil
}

func (q *extraQueue) set(key, text string) error {
	switch key {
	case "lock":
		return span(&q.options.LockDuration, key, text, time.Second, maxLock)
	case "dup":
		return span(&q.options.DuplicateDetection, key, text, minDup, maxDup)
	case "max":
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxMax {
			return fmt.Errorf("max: want a number of deliveries from 1 to %d, got %q", maxMax, text)
		}
		q.options.MaxDeliveryCount = n
		return nil
	}
	return fmt.Errorf("%q is unknown: want lock=DURATION, max=NUMBER or dup=DURATION, separated by commas", key)
}

func span(into *time.Duration, key, text string, least, most time.Duration) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return fmt.Errorf("%s: want a duration from %s to %s, got %q", key, short(least), short(most), text)
	}
	*into = d
	return nil
}
