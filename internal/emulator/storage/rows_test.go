package storage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A table walked in pages gives what sorting everything and filtering it gives.
func TestPagesEqualSortedRows(t *testing.T) {
	key := rapid.StringMatching(`[ab|]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(Options{ScanLimit: rapid.IntRange(0, 3).Draw(t, "scan limit")})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateTable("rows"); err != nil {
			t.Fatal(err)
		}
		model := make(map[[2]string]bool)
		for range rapid.IntRange(0, 30).Draw(t, "writes") {
			pk, rk := key.Draw(t, "pk"), key.Draw(t, "rk")
			c := change{action: replace, table: "rows", pk: pk, rk: rk}
			if model[[2]string{pk, rk}] && rapid.Bool().Draw(t, "delete") {
				c = change{action: remove, table: "rows", pk: pk, rk: rk, ifMatch: "*"}
				delete(model, [2]string{pk, rk})
			} else {
				model[[2]string{pk, rk}] = true
			}
			if _, err := s.change(c); err != nil {
				t.Fatal(err)
			}
		}
		op := rapid.SampledFrom([]string{"eq", "ne", "gt", "ge", "lt", "le"})
		text := fmt.Sprintf("PartitionKey %s '%s' %s %s(RowKey %s '%s')", op.Draw(t, "op"), key.Draw(t, "pk"),
			rapid.SampledFrom([]string{"and", "or"}).Draw(t, "word"), rapid.SampledFrom([]string{"", "not "}).Draw(t, "not"),
			op.Draw(t, "op"), key.Draw(t, "rk"))
		f, err := parseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		got := allPages(t, s, f, rapid.IntRange(1, 4).Draw(t, "top"))
		if want := expected(model, f); !slices.Equal(got, want) {
			t.Fatalf("%s gives %q, want %q", text, got, want)
		}
	})
}

func allPages(t *rapid.T, s *Server, f filter, top int) (keys [][2]string) {
	pk, rk := "", ""
	for {
		page, next, err := s.page("rows", f, pk, rk, top)
		if err != nil || len(page) > top {
			t.Fatalf("a page of %d rows, want %d; error %v", len(page), top, err)
		}
		for _, e := range page {
			keys = append(keys, [2]string{e.pk, e.rk})
		}
		if next == nil {
			return keys
		}
		pk, rk = next.pk, next.rk
	}
}

func expected(model map[[2]string]bool, f filter) (keys [][2]string) {
	for key := range model {
		if f.match(&entity{pk: key[0], rk: key[1]}) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return keys
}

// A transaction does all of its changes or none, and says which one failed.
func TestTransactionIsAtomic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(Options{Now: func() time.Time { return time.Unix(0, 0) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateTable("rows"); err != nil {
			t.Fatal(err)
		}
		rows := s.tables["rows"]
		for i := range rapid.IntRange(0, 5).Draw(t, "rows") {
			rows.put(&entity{pk: "p", rk: fmt.Sprint(i), stamp: s.stamp()})
		}
		before := fmt.Sprint(s.Entities("rows"))
		var batch []batched
		for i := range rapid.IntRange(1, 6).Draw(t, "changes") {
			c := change{table: "rows", pk: "p", rk: fmt.Sprint(i)}
			c.action = rapid.SampledFrom([]action{insert, replace, merge, remove}).Draw(t, "action")
			if c.action != insert {
				c.ifMatch = rapid.SampledFrom([]string{"*", `W/"stale"`}).Draw(t, "condition")
			}
			batch = append(batch, batched{change: c})
		}
		_, at, err := s.applyAll(batch)
		after := fmt.Sprint(s.Entities("rows"))
		switch {
		case err != nil && before != after:
			t.Fatalf("change %d failed with %v and left\n%s\nof\n%s", at, err, after, before)
		case err == nil && before == after:
			t.Fatalf("%v changed nothing", batch)
		}
	})
}
