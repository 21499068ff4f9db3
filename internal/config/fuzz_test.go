package config

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// hidden are the settings whose values may be secrets, or hold one when they
// were put into the wrong place.
var hidden = []string{ServiceBus, ServiceBusNamespace, State, StateTableURI, Backups, ARMEndpoint}

// FuzzLoad: any value in any setting is taken or named as a mistake, no error
// repeats what may be a secret, and no key ever leads beyond this machine.
func FuzzLoad(f *testing.F) {
	for i := range hidden {
		f.Add(i, secret)
		f.Add(i, busText)
		f.Add(i, tables)
		f.Add(i, blobs)
		f.Add(i, "https://user:"+secret+"@127.0.0.1:1/?sig="+secret)
		f.Add(i, "AccountName=a;AccountKey="+secret+";TableEndpoint=http://127.0.0.1:1/a;BlobEndpoint=http://localhost.example.com/a")
	}
	for i := range Settings() {
		f.Add(i, "line\nbreak\x00")
	}
	f.Fuzz(func(t *testing.T, which int, value string) {
		all := append([]string{Port}, Settings()...)
		name := all[uint(which)%uint(len(all))]
		settings := azure(name, value)
		switch name { // one of two ways to say where something is
		case ServiceBus:
			delete(settings, ServiceBusNamespace)
		case State:
			delete(settings, StateTableURI)
		}
		c, err := load(settings)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if setting, _, ok := strings.Cut(line, ": "); !ok || settings[setting] == "" && setting != ServiceBusNamespace && setting != StateTableURI && setting != Port {
					t.Errorf("%q names no setting that is wrong", line)
				}
			}
		}
		for _, one := range hidden {
			if err == nil && (one == StateTableURI || one == ServiceBusNamespace) && !strings.ContainsAny(value, "?#@") {
				continue // a name, which is no secret
			}
			if one == name && len(value) > 40 && strings.Contains(fmt.Sprintf("%v %+v %#v %v", err, c, c, c.ServiceBus), value) {
				t.Errorf("%s is repeated: %v", name, err)
			}
		}
		for _, e := range []Endpoint{c.ServiceBus, c.State, c.Backups} {
			onLoopback(t, e.ConnectionString)
		}
	})
}

// onLoopback checks every endpoint in a connection string.
func onLoopback(t *testing.T, connection string) {
	t.Helper()
	for part := range strings.SplitSeq(connection, ";") {
		key, address, _ := strings.Cut(part, "=")
		if !strings.Contains(strings.ToLower(key), "endpoint") {
			continue // no client goes there
		}
		if u, err := url.Parse(address); err == nil && u.Host != "" && !loopback(u.Hostname()) {
			t.Errorf("%q leads to %s", connection, u.Host)
		}
	}
}
