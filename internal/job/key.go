package job

import "strings"

// FitsKey reports whether a row's key may have s as a part. Azure refuses
// slashes, #, ? and control characters ("Understanding the Table service data
// model"); the apostrophe, which it takes, aztables v1.4.1 writes doubled in
// the address of a single row and as it is in a transaction's, so that the two
// would be different rows.
func FitsKey(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return strings.ContainsRune(`/\#?'`, r) || r < 0x20 || 0x7f <= r && r <= 0x9f
	})
}
