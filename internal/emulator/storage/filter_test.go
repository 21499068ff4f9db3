package storage

import (
	"strings"
	"testing"
	"time"
)

// fakeRow is a row of properties.
type fakeRow map[string]any

func (r fakeRow) property(name string) (any, bool) {
	v, ok := r[name]
	return v, ok
}

var sampleRow = fakeRow{
	"PartitionKey": "apim-weu", "RowKey": "job|2026", "S": "it's", "I": int32(7), "L": int64(1 << 40), "D": 2.5,
	"B": true, "T": time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), "G": guid("4185404a-5818-48c3-b9be-f217df0dba6f"),
	"X": []byte{1, 171},
}

func TestFilterMatches(t *testing.T) {
	for _, c := range []struct {
		filter string
		want   bool
	}{
		{"", true}, {"  ", true},
		{"S eq 'it''s'", true}, {"'it''s' eq S", true}, {"S eq ''", false},
		{"I gt 6", true}, {"6 lt I", true}, {"6 gt I", false}, {"I ge 7", true}, {"I le 6", false}, {"I ne 7", false},
		{"L eq 1099511627776L", true}, {"L gt 0l", true}, {"L eq 1", false}, {"I eq 7L", false},
		{"D eq 2.5", true}, {"D lt 1e1", true}, {"D gt -1.5E-3", true}, {"D gt 2", false},
		{"B", true}, {"not B", false}, {"B eq true", true}, {"B ne false", true},
		{"T ge datetime'2026-03-01T00:00:00Z'", true}, {"T eq datetime'2026-03-01T01:00:00+01:00'", true}, {"T eq '2026-03-01T00:00:00Z'", false},
		{"G eq guid'4185404A-5818-48C3-B9BE-F217DF0DBA6F'", true}, {"X eq X'01AB'", true}, {"X lt binary'02'", true},
		{"Missing eq 1", false}, {"Missing ne 1", false}, {"not (Missing eq 1)", true},
		{"I eq 7 or I eq 8 and B eq false", true}, {"(I eq 7 or I eq 8) and B eq false", false},
		{"not not (I eq 7)", true}, {"not I eq 8 and B", true}, {"I\teq\n7", true}, {"(((I eq 7)))", true},
	} {
		f, err := parseFilter(c.filter)
		if err != nil {
			t.Errorf("%q: %v", c.filter, err)
			continue
		}
		if got := f.match(sampleRow); got != c.want {
			t.Errorf("%q matches = %v, want %v", c.filter, got, c.want)
		}
	}
}

func TestFilterIsRefused(t *testing.T) {
	for _, filter := range []string{
		"eq", "and", "I eq", "eq 1", "I eq 1 and", "or I eq 1", "I eq 1 I eq 2", "(I eq 1", "I eq 1)", "()", "not",
		"1 eq 2", "I eq S", "1", "'x'", "'open", "I eq 'open", "I is 1", "I == 1", "I eq 0x10", "I eq 1_0", "I eq inf", "I eq --1",
		"I eq 99999999999999999999L", "T eq datetime'yesterday'", "T eq datetime'1500-01-01T00:00:00Z'", "G eq guid'1'", "X eq X'0'", "X eq Y'00'",
		"I eq 1 and and I eq 2", "\x00", "I eq $top", "substringof('a',S)",
		strings.Repeat("(", maxDepth+1) + "I eq 1" + strings.Repeat(")", maxDepth+1),
		strings.Repeat("not ", maxDepth+1) + "B",
		strings.Repeat("I eq 1 or ", maxComparisons) + "I eq 1",
		"S eq '" + strings.Repeat("x", maxFilter) + "'",
	} {
		if f, err := parseFilter(filter); err == nil {
			t.Errorf("%.60q was read as %#v", filter, f)
		}
	}
}

func TestFilterBoundsKeys(t *testing.T) {
	exactly := func(s string) span { return span{low: s, high: s, bounded: true} }
	for filter, want := range map[string]keyRange{
		"":                     {},
		"PartitionKey eq 'a'":  {pk: exactly("a")},
		"'a' eq PartitionKey":  {pk: exactly("a")},
		"PartitionKey gt 'a'":  {pk: span{low: "a"}},
		"not (RowKey eq 'a')":  {},
		"RowKey ne 'a'":        {},
		"PartitionKey eq 1":    {},
		"S eq 'a' or S eq 'b'": {},
		"RowKey le 'z' and B":  {rk: span{high: "z", bounded: true}},
		"PartitionKey eq 'a' and RowKey ge 'job|' and RowKey lt 'job}'": {pk: exactly("a"), rk: span{"job|", "job}", true}},
		"PartitionKey eq 'a' or PartitionKey eq 'c'":                    {pk: span{"a", "c", true}},
		"PartitionKey eq 'a' and RowKey eq '1' or PartitionKey eq 'b'":  {pk: span{"a", "b", true}},
		"PartitionKey eq 'a' and PartitionKey eq 'b'":                   {pk: span{"b", "a", true}},
		"(PartitionKey eq 'a' or B) and RowKey eq '1'":                  {rk: exactly("1")},
	} {
		f, err := parseFilter(filter)
		if err != nil {
			t.Fatalf("%q: %v", filter, err)
		}
		if got := f.keys(); got != want {
			t.Errorf("%q bounds %+v, want %+v", filter, got, want)
		}
	}
}

// FuzzFilter holds that no text makes the parser panic, and that a row which
// matches always lies within the bounds that queries search.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		"", "PartitionKey eq 'apim-weu' and RowKey ge 'job|' and RowKey lt 'job}'", "not (B eq true or I lt -3L)",
		"T gt datetime'2026-03-01T00:00:00Z'", "X eq X'01ab' or G eq guid'4185404a-5818-48c3-b9be-f217df0dba6f'",
		"D le 1.5e-3", "'x' ne S", "((((B))))", "RowKey gt 'a''b'",
	} {
		f.Add(seed, "apim-weu", "job|2026")
	}
	f.Fuzz(func(t *testing.T, text, pk, rk string) {
		parsed, err := parseFilter(text)
		if err != nil {
			return
		}
		row := fakeRow{"PartitionKey": pk, "RowKey": rk, "B": true, "S": pk}
		bounds := parsed.keys()
		if parsed.match(row) && (!bounds.pk.has(pk) || !bounds.rk.has(rk)) {
			t.Errorf("%q matches %q/%q outside its bounds %+v", text, pk, rk, bounds)
		}
	})
}
