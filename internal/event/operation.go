package event

import (
	"slices"
	"strings"
)

const success = "Success"

// The names of Resource Manager's events are made of these.
var (
	verbs = []string{"ResourceWrite", "ResourceDelete", "ResourceAction"}
	ends  = []string{success, "Failure", "Cancel"}
)

// outcome is how an operation ended, by the name of its event.
func outcome(name string) (end string, ok bool) {
	for _, verb := range verbs {
		rest, ok := cutPrefix(name, verb)
		if !ok {
			continue
		}
		for _, end := range ends {
			if strings.EqualFold(rest, end) {
				return end, true
			}
		}
	}
	return "", false
}

// Actions that change nothing are known by how they are called: the last part
// of the operation's name before /action.
var (
	readPrefixes = []string{"list", "get", "check", "validate"}
	reads        = []string{"token", "generateSsoUrl", "connectivityCheck", "performConnectivityCheck", "export"}
)

// idle is why a finished operation on a service leaves nothing to be backed
// up, or "".
func idle(operation string) IgnoredReason {
	switch {
	case strings.EqualFold(operation, apiManagement+"/service/backup/action"):
		return Backup
	case strings.EqualFold(operation, apiManagement+"/service/restore/action"):
		return Restore
	case strings.EqualFold(operation, apiManagement+"/service/delete"):
		return ServiceDeleted
	}
	called, ok := cutSuffix(operation, "/action")
	called = called[strings.LastIndexByte(called, '/')+1:]
	if ok && (slices.ContainsFunc(readPrefixes, func(p string) bool { return hasPrefix(called, p) }) ||
		slices.ContainsFunc(reads, func(r string) bool { return strings.EqualFold(called, r) })) {
		return Read
	}
	return ""
}
