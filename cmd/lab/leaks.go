package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"lifeboat/internal/emulator"
)

// delivered reports whether no notice is on its way.
func (s *stage) delivered() bool {
	for _, n := range noticeRows(s.azure) {
		if n.state == "Pending" {
			return false
		}
	}
	return true
}

// leaks are the places where a secret is written down: the receiver's, or that
// of a strange message.
func (s *stage) leaks() []string {
	var places []string
	secrets := []string{s.receiver.token, s.receiver.signingKey(), strangeSecret}
	look := func(place, text string) {
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(text, secret) }) {
			places = append(places, place)
		}
	}
	if log, err := os.ReadFile(s.logFile()); err == nil {
		look("the handler's log", string(log))
	}
	for _, r := range s.azure.Storage.Entities(emulator.StateTable) {
		look(fmt.Sprintf("row %s of %s", r["RowKey"], r["PartitionKey"]), fmt.Sprint(r))
	}
	for _, b := range s.azure.Storage.ListBlobs(backupContainer, "") {
		if body, _, err := s.azure.Storage.GetBlob(backupContainer, b.Name); err == nil {
			look("blob "+b.Name, string(body))
		}
	}
	return places
}
