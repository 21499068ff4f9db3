package functions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// invocation is what the host posts: the trigger's value and what the host
// knows about it.
type invocation struct {
	Data     firstMember                `json:"Data"`
	Metadata map[string]json.RawMessage `json:"Metadata"`
}

func decode(body []byte) (invocation, error) {
	var in invocation
	if err := json.Unmarshal(body, &in); err != nil {
		return in, fmt.Errorf("decode invocation: %w", err)
	}
	if in.Data.value == nil {
		return in, errors.New("decode invocation: no trigger in Data")
	}
	return in, nil
}

// metadata decodes one value of Metadata; one that the host left out, which
// it does with nulls, leaves v as it is.
func (in invocation) metadata(name string, v any) error {
	raw, ok := in.Metadata[name]
	if !ok {
		return nil
	}
	if err := unwrap(raw, v); err != nil {
		return fmt.Errorf("decode Metadata.%s: %w", name, err)
	}
	return nil
}

// unwrap undoes the host's encoding: an object stays an object, a time is a
// string, and everything else is a string that holds JSON text, such as "4" or
// "\"text\"".
func unwrap(raw json.RawMessage, v any) error {
	var text string
	if json.Unmarshal(raw, &text) == nil && json.Unmarshal([]byte(text), v) == nil {
		return nil
	}
	return json.Unmarshal(raw, v)
}

// firstMember keeps the first member of an object: the host writes the trigger
// before the input bindings, under a name that function.json chooses.
type firstMember struct {
	name  string
	value json.RawMessage
}

func (f *firstMember) UnmarshalJSON(object []byte) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("want an object")
	}
	if !d.More() {
		return nil
	}
	name, err := d.Token()
	if err != nil {
		return err
	}
	f.name, _ = name.(string)
	return d.Decode(&f.value)
}

// hostTime is a time in any of the forms that the host writes: RFC 3339,
// without a zone (which means UTC), or .NET's smallest DateTime, which
// means never and becomes the zero time.
type hostTime struct{ time.Time }

func (t *hostTime) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text == "" { // null
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04:05", strings.TrimSpace(text))
	}
	if err != nil {
		return fmt.Errorf("want a time, got %q", text)
	}
	if at = at.UTC(); at.Year() <= 1 {
		at = time.Time{}
	}
	t.Time = at
	return nil
}
