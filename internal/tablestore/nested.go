package tablestore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// What has parts of its own is kept as JSON in one property. A table takes
// 32 Ki characters there and would refuse the whole row.
const (
	maxNested   = 30 << 10
	maxSettings = 12 << 10
	// maxWord bounds one text in it at first; it is halved down to minWord
	// until all is short enough.
	maxWord = 1 << 10
	minWord = 16
)

// compact is v as JSON, with as few escapes as JSON allows.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// Only a time that no calendar knows can fail: see kept.
	_ = e.Encode(v)
	return string(bytes.TrimSpace(b.Bytes()))
}

// fitting is encode's result for the longest words that fit into limit bytes;
// false if none do.
func fitting(limit int, encode func(word int) string) (string, bool) {
	for word := maxWord; word >= minWord; word /= 2 {
		if text := encode(word); len(text) <= limit {
			return text, true
		}
	}
	return "", false
}

// nested reads a property that compact wrote. What a newer version added is
// left out.
func nested[T any](f *fields, name string) (value T, ok bool) {
	text := f.text(name)
	if text == "" || f.err != nil {
		return value, false
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		f.err = fmt.Errorf("property %s is not readable", name)
		return value, false
	}
	return value, true
}

// latest is the last time that JSON can hold.
var latest = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// kept is t as a table would keep it, within what JSON can hold.
func kept(t time.Time) time.Time {
	switch t = t.UTC(); {
	case !t.After(earliest):
		return time.Time{}
	case t.After(latest):
		return latest
	}
	return t
}

// encodeSettings is settings as JSON. Should their names alone be too many,
// there are none.
func encodeSettings(settings map[string]string) string {
	if len(settings) == 0 {
		return ""
	}
	text, _ := fitting(maxSettings, func(word int) string { return compact(shortenedAll(settings, word)) })
	return text
}

func shortenedAll(settings map[string]string, word int) map[string]string {
	if len(settings) == 0 {
		return nil
	}
	all := make(map[string]string, len(settings))
	for name, value := range settings {
		all[name] = shortened(value, word)
	}
	return all
}

func (f *fields) settings(name string) map[string]string {
	all, _ := nested[map[string]string](f, name)
	if len(all) == 0 {
		return nil
	}
	return all
}
