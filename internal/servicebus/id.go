package servicebus

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf16"
)

// maxID is how many characters the broker takes as a message's id: "maximum
// size of a message ID" in service-bus-quotas (2025-05-12). Azure's .NET client
// has the same number and counts UTF-16 units; the Go client checks nothing.
const maxID = 128

// fitting is id if the broker takes it. A longer one keeps its beginning, for
// people, and ends in a hash of the whole, so that two ids never become one.
func fitting(id string) string {
	if units(id) <= maxID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	end := "~" + hex.EncodeToString(sum[:16])
	length := 0
	for at, r := range id {
		if length += utf16.RuneLen(r); length > maxID-len(end) {
			return id[:at] + end
		}
	}
	return id // never: it is longer than that
}

func units(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
