package infra_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/config"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/preflight"
	"lifeboat/internal/recovery"
)

// appQueues are those that the code sends to.
var appQueues = []string{recovery.StepQueue, recovery.RequestQueue, recovery.ApprovalQueue, recovery.NoticeQueue}

const (
	busFile  = "modules/servicebus.bicep"
	roleFile = "modules/roles.bicep"
)

// checkQueues wants the queues that the code uses, and no others, with settings
// that `lifeboat check` finds nothing to say of.
func checkQueues(t tree, m *mistakes) {
	f := t[busFile]
	var names []string
	for _, s := range f.all("resource") {
		if s.typeOf() != "Microsoft.ServiceBus/namespaces/queues" {
			continue
		}
		name := s.body().at("name").String()
		names = append(names, name)
		q := preflight.Queue{Name: name, Settings: settingsOf(f, s, m)}
		for _, v := range preflight.Queues([]preflight.Queue{q}) {
			if v.Level != preflight.OK {
				m.add(f.Name, s.Line, "queue %s: %s", name, v.Found)
			}
		}
		if q.Settings.Lock > 5*time.Minute {
			m.add(f.Name, s.Line, "queue %s: Service Bus locks for 5 minutes at most", name)
		}
		if s.body().at("properties/deadLetteringOnMessageExpiration").Literal != true {
			m.add(f.Name, s.Line, "queue %s loses what expires: want deadLetteringOnMessageExpiration", name)
		}
		like := servicebus.QueueOptions{
			LockDuration: q.Settings.Lock, MaxDeliveryCount: q.Settings.Deliveries, TTL: q.Settings.TTL,
			DeadLetterOnExpiry: s.body().at("properties/deadLetteringOnMessageExpiration").Literal == true,
		}
		if emulated := emulator.QueueOptions(); like != emulated {
			m.add(f.Name, s.Line, "queue %s is %+v, the development Azure has %+v", name, like, emulated)
		}
		if s.body().at("properties/requiresDuplicateDetection").Literal != nil {
			m.add(f.Name, s.Line, "queue %s: Basic has no duplicate detection, and nothing depends on it", name)
		}
	}
	sameSet(m, f.Name, "queues", names, appQueues)
	owned := t[roleFile].one("variable", "ownedQueues")
	if owned.Parts == nil {
		m.add(roleFile, 1, "there are no ownedQueues")
		return
	}
	sameSet(m, roleFile, "ownedQueues", owned.last().texts(), slices.DeleteFunc(slices.Clone(appQueues), func(q string) bool { return q == recovery.ApprovalQueue }))
	var triggered []string
	for _, b := range folders(m) {
		if b.Type == "serviceBusTrigger" && b.Connection == config.ServiceBus {
			queue, _, _ := strings.Cut(b.QueueName, "/")
			triggered = append(triggered, queue)
		}
	}
	sameSet(m, f.Name, "queues with a trigger", slices.Compact(slices.Sorted(slices.Values(triggered))), appQueues)
}

func settingsOf(f source, s statement, m *mistakes) *preflight.QueueSettings {
	span := func(key string) time.Duration {
		v := s.body().at("properties/" + key)
		if named := f.one("variable", v.Code); named.Parts != nil {
			v = named.last()
		}
		d, err := preflight.ParseDuration(v.String())
		if err != nil {
			m.add(f.Name, s.Line, "%s: %v", key, err)
		}
		return d
	}
	properties := s.body().at("properties")
	deliveries, _ := properties.at("maxDeliveryCount").Literal.(float64)
	sessions, _ := properties.at("requiresSession").Literal.(bool)
	forward := ""
	if to := properties.at("forwardTo"); to.Literal != nil || to.Code != "" {
		forward = to.String()
	}
	ttl := span("defaultMessageTimeToLive")
	if ttl > 14*24*time.Hour {
		m.add(f.Name, s.Line, "Basic keeps a message for 14 days at most")
	}
	return &preflight.QueueSettings{Lock: span("lockDuration"), Deliveries: int(deliveries), TTL: ttl, Sessions: sessions, ForwardTo: forward}
}

// sameSet compares what the templates name with what the code names.
func sameSet(m *mistakes, file, what string, got, want []string) {
	for _, x := range got {
		if !slices.Contains(want, x) {
			m.add(file, 1, "%s: %s is not in the code", what, x)
		}
	}
	for _, x := range want {
		if n := count(got, x); n != 1 {
			m.add(file, 1, "%s: want %s once, it is there %d times", what, x, n)
		}
	}
}

func count(all []string, one string) (n int) {
	for _, x := range all {
		if x == one {
			n++
		}
	}
	return n
}

// binding is a function's trigger.
type binding struct {
	Type, AuthLevel, Route, QueueName, Connection string
}

// folders are the triggers of all functions, by their folders.
func folders(m *mistakes) map[string]binding {
	all, wrong := readFolders()
	*m = append(*m, wrong...)
	return all
}

var readFolders = sync.OnceValues(func() (map[string]binding, mistakes) {
	var m mistakes
	files, err := filepath.Glob("../*/function.json")
	if err != nil || len(files) == 0 {
		m.add("..", 0, "no functions: %v", err)
	}
	all := map[string]binding{}
	for _, file := range files {
		var f struct{ Bindings []binding }
		data, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(data, &f)
		}
		if err != nil || len(f.Bindings) == 0 {
			m.add(file, 0, "no trigger: %v", err)
			continue
		}
		all[filepath.Base(filepath.Dir(file))] = f.Bindings[0]
	}
	return all, m
})
