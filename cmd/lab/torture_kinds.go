package main

import (
	"net/http"
	"path"
	"strings"

	"lifeboat/internal/emulator"
	esb "lifeboat/internal/emulator/servicebus"
)

// requestKind names what a request of the handler asks for, coarsely enough to
// be met again: "arm POST backup", "table write", "webhook POST".
func requestKind(service string, r *http.Request) string {
	switch service {
	case emulator.ServiceARM:
		return armKind(r)
	case emulator.ServiceTable:
		return "table " + tableKind(r)
	case emulator.ServiceBlob:
		if r.URL.Query().Get("comp") == "list" {
			return "blob list"
		}
		return "blob " + r.Method + blobPart(r.URL.Path)
	case receiverService:
		if strings.HasPrefix(r.URL.Path, pingPath) {
			return "heartbeat"
		}
		return "webhook"
	}
	return service + " " + r.Method
}

// armKind tells the operations, their polls, the lists that are counted and
// the services apart.
func armKind(r *http.Request) string {
	_, below, _ := strings.Cut(strings.ToLower(r.URL.Path)+"/", "/microsoft.apimanagement/service/")
	if strings.Contains(r.URL.Path, "/operationresults/") {
		return "arm poll"
	}
	parts := strings.Split(strings.Trim(below, "/"), "/")
	switch {
	case parts[0] == "":
		return "arm GET roles"
	case len(parts) < 2:
		return "arm GET service"
	}
	return "arm " + r.Method + " " + parts[1]
}

// tableKind goes by what is done, not by how: one row is read or written, many
// are, or a list is.
func tableKind(r *http.Request) string {
	switch {
	case strings.HasSuffix(r.URL.Path, "/$batch"):
		return "transaction"
	case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "(PartitionKey="):
		return "read"
	case r.Method == http.MethodGet:
		return "query"
	case r.Method == http.MethodPost:
		return "insert"
	case r.Method == http.MethodDelete:
		return "delete"
	}
	return "change"
}

// blobPart tells sidecars and the authority blob from backups.
func blobPart(name string) string {
	switch {
	case strings.HasSuffix(name, backupSuffix):
		return " backup"
	case strings.HasSuffix(name, sidecarSuffix):
		return " sidecar"
	case path.Ext(name) != "":
		return " other"
	}
	return ""
}

// busKind is a Service Bus operation that the handler asks for; "" for what
// is not worth a strike of its own.
func busKind(op esb.Op) string {
	if op.Kind == esb.OpSend || op.Kind == esb.OpSchedule {
		return string(op.Kind) + " to " + op.Queue
	}
	return ""
}
