package tablestore

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keptRows has rows as versions of this program wrote them. A table outlives
// the program, so a file here is never edited and never removed: what it says
// must be read for as long as there may be such a row.
//
// A new property needs no change of a file: in older rows it is missing, and
// read as zero. It needs one more file, so that it is kept from then on: add
// the row to keptKinds with the new field set, and run this test with -keep,
// which writes the files that are not there.
const keptRows = "testdata/rows"

var keep = flag.Bool("keep", false, "write the kept rows that are not there yet")

// keptKind is one kind of row: what its kept files, by name, must be read as.
type keptKind struct {
	rows  map[string]any
	read  func(data []byte) (any, error)
	write func(value any) row
}

// keptKindOf is a keptKind of rows of type T.
func keptKindOf[T any](rows map[string]T, read func([]byte) (T, error), write func(T) row) keptKind {
	k := keptKind{
		rows:  map[string]any{},
		read:  func(data []byte) (any, error) { return read(data) },
		write: func(value any) row { return write(value.(T)) },
	}
	for name, value := range rows {
		k.rows[name] = value
	}
	return k
}

// Every kept row is read as what it said, and what it said is still written
// under the same names: an older version may have to read it.
func TestKeptRows(t *testing.T) {
	known := map[string]bool{}
	for kind, k := range keptKinds() {
		for name, want := range k.rows {
			t.Run(name, func(t *testing.T) {
				known[name+".json"] = true
				written, err := k.write(want).encode()
				if err != nil {
					t.Fatal(err)
				}
				kept := keptRow(t, name, written)
				got, err := k.read(kept)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("read (-want +got):\n%s", diff)
				}
				for _, lost := range lacking("", decoded(t, kept), decoded(t, written)) {
					t.Errorf("%s is not written as it was", lost)
				}
			})
		}
		var values []reflect.Value
		for _, value := range k.rows {
			values = append(values, reflect.ValueOf(value))
		}
		for _, field := range zeroInAll(kind, values) {
			t.Errorf("%s is in no kept row: add one that has it, as the comment of keptRows says", field)
		}
	}
	files, err := os.ReadDir(keptRows)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[file.Name()] {
			t.Errorf("nobody reads %s", filepath.Join(keptRows, file.Name()))
		}
	}
}

// keptRow reads a kept file, which -keep makes of written if it is not there.
func keptRow(t *testing.T, name string, written []byte) []byte {
	t.Helper()
	file := filepath.Join(keptRows, name+".json")
	kept, err := os.ReadFile(file)
	if err != nil && *keep {
		var text bytes.Buffer
		if err = json.Indent(&text, written, "", "  "); err == nil {
			kept = append(text.Bytes(), '\n')
			err = os.WriteFile(file, kept, 0o644)
		}
	}
	if err != nil {
		t.Fatalf("%v: for a new row run this test with -keep", err)
	}
	return kept
}

func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// lacking are the parts of kept that written does not have, or not so. More
// may be written, also in JSON that lies in a property.
func lacking(at string, kept, written any) (all []string) {
	switch k := kept.(type) {
	case map[string]any:
		w, _ := written.(map[string]any)
		for name, value := range k {
			all = append(all, lacking(at+"/"+name, value, w[name])...)
		}
	case []any:
		w, _ := written.([]any)
		if len(w) != len(k) {
			return []string{at}
		}
		for i, value := range k {
			all = append(all, lacking(at, value, w[i])...)
		}
	case string:
		w, there := written.(string)
		if inner := innerJSON(k); inner != nil {
			return lacking(at, inner, innerJSON(w))
		}
		if !there || w != k {
			return []string{at}
		}
	default:
		if written != kept {
			return []string{at}
		}
	}
	return all
}

// innerJSON is the object or the list that a property holds as text, or nil.
func innerJSON(text string) (v any) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") || json.Unmarshal([]byte(text), &v) != nil {
		return nil
	}
	return v
}

// zeroInAll are the fields that are zero in each of values, which are of one
// type; of what lies in lists and maps, in each element.
func zeroInAll(at string, values []reflect.Value) (all []string) {
	if len(values) == 0 {
		return []string{at}
	}
	var inside []reflect.Value
	switch typ := values[0].Type(); {
	case typ.Kind() == reflect.Struct && typ.PkgPath() != "time":
		for i := range typ.NumField() {
			var fields []reflect.Value
			for _, v := range values {
				fields = append(fields, v.Field(i))
			}
			all = append(all, zeroInAll(at+"."+typ.Field(i).Name, fields)...)
		}
		return all
	case typ.Kind() == reflect.Pointer:
		for _, v := range values {
			if !v.IsNil() {
				inside = append(inside, v.Elem())
			}
		}
		return zeroInAll(at, inside)
	case typ.Kind() == reflect.Slice:
		for _, v := range values {
			for i := range v.Len() {
				inside = append(inside, v.Index(i))
			}
		}
		return zeroInAll(at, inside)
	}
	for _, v := range values {
		if !v.IsZero() {
			return nil
		}
	}
	return []string{at}
}
