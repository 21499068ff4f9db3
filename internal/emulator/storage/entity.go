package storage

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// entity is a row. It is never changed once stored: a write stores another.
type entity struct {
	pk, rk string
	stamp  time.Time
	props  map[string]any // string, bool, int32, int64, float64, time.Time, []byte or guid
}

type guid string

func (e *entity) etag() string {
	return `W/"datetime'` + strings.ReplaceAll(formatTime(e.stamp), ":", "%3A") + `'"`
}

// property finds a property by name, the system's three included.
func (e *entity) property(name string) (any, bool) {
	switch name {
	case "PartitionKey":
		return e.pk, true
	case "RowKey":
		return e.rk, true
	case "Timestamp":
		return e.stamp, true
	}
	v, ok := e.props[name]
	return v, ok
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999Z") }

// level is how much OData metadata an answer carries.
type level string

const (
	noMetadata      level = "nometadata"
	minimalMetadata level = "minimalmetadata"
	fullMetadata    level = "fullmetadata"
)

// entityWriter writes entities of one table at one level.
type entityWriter struct {
	level   level
	root    string // such as http://127.0.0.1:10002/devstoreaccount1
	account string
	table   string
	names   []string // $select; nil for everything
}

// write appends e as a JSON object. A single entity, unlike one in a list,
// says where its metadata is.
func (ew *entityWriter) write(b *bytes.Buffer, e *entity, single bool) {
	o := object{b: b}
	b.WriteByte('{')
	if single && ew.level != noMetadata {
		o.member("odata.metadata", ew.root+"/$metadata#"+ew.table+"/@Element")
	}
	if ew.level == fullMetadata {
		link := entityLink(ew.table, e.pk, e.rk)
		o.member("odata.type", ew.account+"."+ew.table)
		o.member("odata.id", ew.root+"/"+link)
		o.member("odata.editLink", link)
	}
	if ew.level != noMetadata {
		o.member("odata.etag", e.etag())
	}
	for _, name := range ew.selected(e) {
		if v, ok := e.property(name); ok {
			ew.property(&o, name, v)
		}
	}
	b.WriteByte('}')
}

func (ew *entityWriter) selected(e *entity) []string {
	if ew.names != nil {
		return ew.names
	}
	return append([]string{"PartitionKey", "RowKey", "Timestamp"}, sortedKeys(e.props)...)
}

func (ew *entityWriter) property(o *object, name string, v any) {
	kind, text := wireForm(v)
	implied := name == "Timestamp" && ew.level == minimalMetadata
	if kind != "" && ew.level != noMetadata && !implied {
		o.member(name+"@odata.type", kind)
	}
	o.raw(name, text)
}

// wireForm returns a value's JSON and, where the JSON does not imply it, its type.
func wireForm(v any) (kind string, text []byte) {
	switch v := v.(type) {
	case int64:
		return "Edm.Int64", quote(strconv.FormatInt(v, 10))
	case time.Time:
		return "Edm.DateTime", quote(formatTime(v))
	case guid:
		return "Edm.Guid", quote(string(v))
	case []byte:
		return "Edm.Binary", quote(base64.StdEncoding.EncodeToString(v))
	case float64:
		return doubleForm(v)
	case int32:
		return "", strconv.AppendInt(nil, int64(v), 10)
	case bool:
		return "", strconv.AppendBool(nil, v)
	default:
		return "", quote(v.(string))
	}
}

// doubleForm keeps a decimal point, for without one the number would be an Int32.
func doubleForm(v float64) (kind string, text []byte) {
	switch {
	case math.IsNaN(v):
		return "Edm.Double", quote("NaN")
	case math.IsInf(v, 1):
		return "Edm.Double", quote("Infinity")
	case math.IsInf(v, -1):
		return "Edm.Double", quote("-Infinity")
	}
	text = strconv.AppendFloat(nil, v, 'g', -1, 64)
	if !bytes.ContainsAny(text, ".e") {
		text = append(text, ".0"...)
	}
	return "", text
}

// object writes the members of a JSON object.
type object struct {
	b    *bytes.Buffer
	more bool
}

func (o *object) member(name, value string) { o.raw(name, quote(value)) }

func (o *object) raw(name string, value []byte) {
	if o.more {
		o.b.WriteByte(',')
	}
	o.more = true
	o.b.Write(quote(name))
	o.b.WriteByte(':')
	o.b.Write(value)
}

func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
