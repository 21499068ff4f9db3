package storage

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var errDuplicate = &Error{400, "DuplicatePropertiesSpecified", "A property is specified more than one time."}

// fields is an entity as a client sent it: keys may be missing.
type fields struct {
	pk, rk *string
	props  map[string]any
}

// readEntity decodes a JSON entity with its type annotations. Null properties
// and what only the service may set are dropped, as Azure does.
func readEntity(body []byte) (fields, error) {
	values, err := members(body)
	if err != nil {
		return fields{}, err
	}
	f := fields{props: make(map[string]any)}
	for name, v := range values {
		if strings.ContainsAny(name, "@") || strings.HasPrefix(name, "odata.") || name == "Timestamp" || v == nil {
			continue
		}
		kind, _ := values[name+"@odata.type"].(string)
		value, err := typed(kind, v)
		if err != nil {
			return fields{}, err
		}
		if err := f.put(name, value); err != nil {
			return fields{}, err
		}
	}
	return f, nil
}

func (f *fields) put(name string, value any) error {
	switch name {
	case "PartitionKey", "RowKey":
		s, ok := value.(string)
		if !ok {
			return invalid("The %s has to be a string.", name)
		}
		if name == "RowKey" {
			f.rk = &s
		} else {
			f.pk = &s
		}
	default:
		f.props[name] = value
	}
	return nil
}

// members reads a flat JSON object; encoding/json alone would let the last of
// two equal names win.
func members(body []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errInvalidInput
	}
	values := make(map[string]any)
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errInvalidInput
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, errInvalidInput
		}
		if _, twice := values[name]; twice {
			return nil, errDuplicate
		}
		values[name] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, errInvalidInput
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errInvalidInput
	}
	return values, nil
}

// typed turns a JSON value into the EDM value that its annotation names, or
// that its form implies.
func typed(kind string, v any) (any, error) {
	switch v := v.(type) {
	case string:
		return typedString(kind, v)
	case json.Number:
		return typedNumber(kind, v)
	case bool:
		if kind == "" || kind == "Edm.Boolean" {
			return v, nil
		}
	}
	return nil, errInvalidInput
}

func typedString(kind, s string) (any, error) {
	var v any
	var err error
	switch kind {
	case "", "Edm.String":
		return s, nil
	case "Edm.Int64":
		v, err = strconv.ParseInt(s, 10, 64)
	case "Edm.Int32":
		var n int64
		n, err = strconv.ParseInt(s, 10, 32)
		v = int32(n)
	case "Edm.Double":
		v, err = parseDouble(s)
	case "Edm.DateTime":
		return parseTime(s)
	case "Edm.Guid":
		return parseGUID(s)
	case "Edm.Binary":
		v, err = base64.StdEncoding.DecodeString(s)
	default:
		return nil, invalid("The type %s is not one of a property.", kind)
	}
	if err != nil {
		return nil, invalid("%q is not a value of the type %s.", s, kind)
	}
	return v, nil
}

// typedNumber follows OData: a number without decimal point is an Int32 if it
// fits one and a Double if not.
func typedNumber(kind string, n json.Number) (any, error) {
	if kind != "" {
		return typedString(kind, n.String())
	}
	if i, err := strconv.ParseInt(n.String(), 10, 32); err == nil {
		return int32(i), nil
	}
	return typedString("Edm.Double", n.String())
}

func parseDouble(s string) (float64, error) {
	switch s {
	case "NaN":
		return math.NaN(), nil
	case "Infinity", "INF":
		return math.Inf(1), nil
	case "-Infinity", "-INF":
		return math.Inf(-1), nil
	}
	return strconv.ParseFloat(s, 64)
}

var firstTime = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)

func parseTime(s string) (any, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if t.Before(firstTime) || t.Year() > 9999 {
			return nil, &Error{400, "OutOfRangeInput", "One of the request inputs is out of range."}
		}
		return t.UTC().Truncate(tick), nil
	}
	return nil, invalid("%q is not a date and time.", s)
}

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

func parseGUID(s string) (any, error) {
	if !guidForm.MatchString(s) {
		return nil, invalid("%q is not a GUID.", s)
	}
	return guid(strings.ToLower(s)), nil
}
