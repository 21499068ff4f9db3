package recoverytest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var noticeCases = []StoreCase{
	{"a notice that is not there is not found", unknownNotice},
	{"a notice is added once", addOnce},
	{"every field of a notice comes back", everyNoticeField},
	{"a notice with odd words comes back", oddNotice},
	{"a long notice keeps its names and some of each text", longNotice},
	{"every field of a delivery comes back, and nothing else is changed", everyDeliveryField},
	{"a delivery from an old read is a conflict and changes nothing", oldDelivery},
	{"notices that are not delivered are found, of all services and none", undelivered},
	{"notices are not shared with their callers", noticesApart},
}

// noticeOf is a notice with a value in every fact.
func noticeOf(service string, n int) job.Notice {
	var facts job.NoticeFacts
	seed := 1000 * n
	fill(reflect.ValueOf(&facts).Elem(), "Facts", &seed)
	return job.ServiceNotice(service, "apim-weu", job.NoticeLate, begin.Add(time.Duration(n)*time.Minute), facts)
}

func storedNotice(t *testing.T, s recovery.Store, of job.Notice) job.StoredNotice {
	t.Helper()
	found, err := s.Notice(t.Context(), of.Service, of.ID)
	check(t, err)
	if found.ETag == "" {
		t.Errorf("notice %s was read without a tag", of.ID)
	}
	return found
}

// add adds n and reads it.
func add(t *testing.T, s recovery.Store, n job.Notice) job.StoredNotice {
	t.Helper()
	check(t, s.AddNotice(t.Context(), n))
	return storedNotice(t, s, n)
}

// pendingNotices are those that Notices finds, without their tags.
func pendingNotices(t *testing.T, s recovery.Store) (all []job.Notice) {
	t.Helper()
	for _, n := range collect(t, s.Notices(t.Context())) {
		all = append(all, n.Notice)
	}
	return all
}

func unknownNotice(t *testing.T, s recovery.Store) {
	want(t, "notices", collect(t, s.Notices(t.Context())), nil)
	n := noticeOf("apim-weu", 1)
	for _, id := range []string{n.ID, "no/such\\notice'#?\n"} {
		_, err := s.Notice(t.Context(), "apim-weu", id)
		wantIs(t, err, job.ErrNotFound)
		add(t, s, noticeOf("apim-neu", len(id)))
	}
	_, err := s.Notice(t.Context(), "apim-neu", n.ID)
	wantIs(t, err, job.ErrNotFound)
}

func addOnce(t *testing.T, s recovery.Store) {
	n := noticeOf("apim-weu", 1)
	first := add(t, s, n)
	want(t, "notice", first.Notice, n)
	want(t, "delivery", first.Delivery, job.NewDelivery(n))
	delivered := first.After([]string{"ops"}, "", deliveryRules, begin)
	check(t, s.SaveNotice(t.Context(), first, delivered))
	again := n
	again.Facts.Message = "another"
	wantIs(t, s.AddNotice(t.Context(), again), job.ErrExists)
	got := storedNotice(t, s, n)
	want(t, "notice", got.Notice, n)
	want(t, "delivery", got.Delivery, delivered)
	_, err := s.Summary(t.Context(), "apim-weu")
	wantIs(t, err, job.ErrNotFound)
}

func everyNoticeField(t *testing.T, s recovery.Store) {
	var n job.Notice
	seed := 1
	fill(reflect.ValueOf(&n).Elem(), "Notice", &seed)
	n.Service = "apim-weu"
	want(t, "notice", add(t, s, n).Notice, n)
	want(t, "bare notice", add(t, s, job.Notice{ID: "bare", Service: job.NoService}).Notice, job.Notice{ID: "bare", Service: job.NoService})
	for i, value := range reflect.ValueOf(n.Facts).Fields() {
		one := job.Notice{ID: i.Name, Service: "apim-weu", At: begin}
		reflect.ValueOf(&one.Facts).Elem().FieldByIndex(i.Index).Set(value)
		want(t, "notice with "+i.Name, add(t, s, one).Notice, one)
	}
}

func oddNotice(t *testing.T, s recovery.Store) {
	odd := "it's \"quoted\", <tagged> & 100%\r\n\tdone: datetime'x' — zażółć 🛟"
	n := job.Notice{ID: "a:1:b", Service: "apim-weu", About: odd, Type: "Odd'", At: begin}
	n.Facts = job.NoticeFacts{Message: odd, Excerpt: "{\"a\":1}", Warnings: []string{"", "[\"", odd}, Gates: []job.Gate{{}, {Name: "{", Outcome: odd, Sentence: odd}}}
	stored := add(t, s, n)
	want(t, "notice", stored.Notice, n)
	d := stored.After([]string{odd, ""}, odd, deliveryRules, begin)
	check(t, s.SaveNotice(t.Context(), stored, d))
	want(t, "delivery", storedNotice(t, s, n).Delivery, d)
}

// A store may shorten what is for people, but what names something must stay
// as it is.
func longNotice(t *testing.T, s recovery.Store) {
	long := strings.Repeat("\"<ż>\x01", 20_000)
	n := noticeOf("apim-weu", 1)
	n.Facts.Message, n.Facts.Excerpt, n.Facts.Warnings, n.Facts.Gates = long, long, nil, nil
	for i := range 40 {
		n.Facts.Warnings = append(n.Facts.Warnings, fmt.Sprint(i, long))
		n.Facts.Gates = append(n.Facts.Gates, job.Gate{Name: fmt.Sprint("gate ", i), Outcome: "Refused", Sentence: fmt.Sprint(i, long)})
	}
	stored := add(t, s, n)
	check(t, s.SaveNotice(t.Context(), stored, stored.After(nil, long, deliveryRules, begin)))
	kept := storedNotice(t, s, n)
	want(t, "facts after a delivery", kept.Facts, stored.Facts)
	if !strings.HasPrefix(kept.LastError, "\"<ż>") || !strings.HasPrefix(kept.Facts.Message, "\"<ż>") || !strings.HasPrefix(kept.Facts.Excerpt, "\"<ż>") || len(kept.Facts.Warnings) != 40 || len(kept.Facts.Gates) != 40 {
		t.Fatalf("kept %q, %q, %q, %d warnings, %d gates", kept.LastError, kept.Facts.Message, kept.Facts.Excerpt, len(kept.Facts.Warnings), len(kept.Facts.Gates))
	}
	for i, g := range kept.Facts.Gates {
		if start := fmt.Sprint(i, "\""); g.Name != n.Facts.Gates[i].Name || !strings.HasPrefix(g.Sentence, start) || !strings.HasPrefix(kept.Facts.Warnings[i], start) {
			t.Errorf("gate %d is %+v, warning %q", i, g, kept.Facts.Warnings[i])
		}
	}
	rest := kept.Notice
	rest.Facts.Message, rest.Facts.Excerpt, rest.Facts.Warnings, rest.Facts.Gates = long, long, n.Facts.Warnings, n.Facts.Gates
	want(t, "the rest of the notice", rest, n)
}

func everyDeliveryField(t *testing.T, s recovery.Store) {
	filled := func(seed int) (d job.Delivery) {
		fill(reflect.ValueOf(&d).Elem(), "Delivery", &seed)
		return d
	}
	n := noticeOf("apim-weu", 1)
	stored := add(t, s, n)
	for _, d := range []job.Delivery{filled(1), {}, filled(1000)} {
		check(t, s.SaveNotice(t.Context(), stored, d))
		stored = storedNotice(t, s, n)
		want(t, "delivery", stored.Delivery, d)
		want(t, "notice", stored.Notice, n)
	}
}

func oldDelivery(t *testing.T, s recovery.Store) {
	n := noticeOf("apim-weu", 1)
	old := add(t, s, n)
	first := old.After([]string{"ops"}, "chat: HTTP 503", deliveryRules, begin)
	check(t, s.SaveNotice(t.Context(), old, first))
	second := old.After([]string{"chat"}, "", deliveryRules, begin)
	wantIs(t, s.SaveNotice(t.Context(), old, second), job.ErrConflict)
	unread := old
	unread.ETag = ""
	wantIs(t, s.SaveNotice(t.Context(), unread, second), job.ErrConflict)
	gone := old
	gone.ID = "another"
	wantIs(t, s.SaveNotice(t.Context(), gone, second), job.ErrConflict)
	_, err := s.Notice(t.Context(), "apim-weu", "another")
	wantIs(t, err, job.ErrNotFound)
	want(t, "delivery", storedNotice(t, s, n).Delivery, first)
}

func undelivered(t *testing.T, s recovery.Store) {
	var all []job.StoredNotice
	for _, service := range []string{job.NoService, "apim-a", "apim-b"} {
		for i, state := range []job.DeliveryState{job.Delivered, job.Undelivered, job.DeliveryPending, job.Delivered, ""} {
			n := add(t, s, noticeOf(service, i))
			if state != "" {
				check(t, s.SaveNotice(t.Context(), n, job.Delivery{State: state, Attempts: i, NotBefore: begin}))
				n = storedNotice(t, s, n.Notice)
			}
			if state != job.Delivered {
				all = append(all, n)
			}
		}
	}
	found := collect(t, s.Notices(t.Context()))
	for _, list := range [][]job.StoredNotice{found, all} {
		slices.SortFunc(list, func(a, b job.StoredNotice) int { return strings.Compare(a.ID, b.ID) })
	}
	want(t, "notices", found, all)
}

func noticesApart(t *testing.T, s recovery.Store) {
	spoil := func(n job.Notice) {
		n.Facts.Warnings[0], n.Facts.Gates[0].Sentence = "spoilt", "spoilt"
	}
	n := noticeOf("apim-weu", 1)
	check(t, s.AddNotice(t.Context(), n))
	spoil(n)
	stored := storedNotice(t, s, n)
	want(t, "notice after its maker changed his", stored.Notice, noticeOf("apim-weu", 1))
	spoil(stored.Notice)
	d := job.Delivery{State: job.DeliveryPending, Done: []string{"ops"}}
	check(t, s.SaveNotice(t.Context(), stored, d))
	d.Done[0] = "spoilt"
	for _, n := range collect(t, s.Notices(t.Context())) {
		want(t, "done", n.Done, []string{"ops"})
		n.Done[0] = "spoilt"
		spoil(n.Notice)
	}
	kept := storedNotice(t, s, n)
	want(t, "notice after all that", kept.Notice, noticeOf("apim-weu", 1))
	want(t, "done after all that", kept.Done, []string{"ops"})
}

var deliveryRules = job.DeliveryRules{RetryFirst: 30 * time.Second, RetryMax: time.Hour, GiveUp: 24 * time.Hour}
