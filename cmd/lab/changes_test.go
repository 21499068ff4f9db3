package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator"
)

func TestChanges(t *testing.T) {
	code, stdout, stderr := inBubble(t, changes(), playOptions{json: true})
	if code != exitDone {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("stdout is not one JSON object: %v: %s", err, stdout)
	}
	if !r.OK || len(r.Jobs) != 7 || r.Storm == nil || len(r.Notices) != 1 {
		t.Fatalf("report = %+v", r)
	}
	if s := *r.Storm; s.Sent != 500 || s.Duplicates != 40 || s.Taken != 450 || s.Ignored["Read"] != 20 || len(s.Waits) != 3 {
		t.Errorf("storm = %+v", s)
	}
	if n := r.Notices[0]; n.Type != "PointWithdrawn" || n.About != cleared || n.Posts != 1 || !n.Arrived {
		t.Errorf("notice = %+v", n)
	}
	for _, want := range []string{
		"backup after changes, starts in 2s unless there are more", "the service was changed meanwhile: another backup follows",
		"notice PointWithdrawn", "a backup was deleted, not by Lifeboat",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the story lacks %q:\n%s", want, stderr)
		}
	}
}

// rewrite changes rows of the state table whose key begins with a prefix.
func rewrite(t *testing.T, s *stage, service, prefix string, change func(row map[string]any) (keep bool)) {
	t.Helper()
	table, err := s.azure.TableClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range s.azure.Storage.Entities(emulator.StateTable) {
		key := field(row, "RowKey")
		if field(row, "PartitionKey") != service || !strings.HasPrefix(key, prefix) {
			continue
		}
		keep := change(row)
		if _, err := table.DeleteEntity(context.Background(), service, key, nil); err != nil {
			t.Error(err)
		}
		if keep {
			if err := s.insert(context.Background(), row); err != nil {
				t.Error(err)
			}
		}
	}
}

// What is wrong must be found, whatever it is.
func TestChangesNoticesSabotage(t *testing.T) {
	remove := func(map[string]any) bool { return false }
	set := func(name string, value any) func(map[string]any) bool {
		return func(row map[string]any) bool { row[name] = value; return true }
	}
	sidecars := func(s *stage) {
		for _, b := range s.azure.Storage.ListBlobs(backupContainer, "") {
			if strings.HasSuffix(b.Name, sidecarSuffix) {
				_ = s.azure.Storage.PutBlob(backupContainer, b.Name, []byte("{}"), nil)
			}
		}
	}
	for name, c := range map[string]sabotage{
		"backups do not wait": {cast: func(sc *scenario) {
			*sc = changes() // more than one wave
			replan("quiet: 2s, atMost: 1m", "quiet: 1s, atMost: 1s")(sc)
		}, says: "jobs, want 2"},
		"a change comes afterwards": {after: func(s *stage) { oneMoreChange(t, s) }, says: calm + " has 3 jobs, want 2"},
		"a change is lost":          {after: func(s *stage) { s.storm.last[calm] = time.Now() }, says: calm + " has no backup that was begun after the last change"},
		"nothing is counted":        {after: func(s *stage) { rewrite(t, s, "_", "count|", remove) }, says: "events ignored by reason: map[], want"},
		"a mark is missing":         {after: func(s *stage) { rewrite(t, s, edited, "point|", set("ConcurrentChanges", false)) }, says: "concurrent changes are false in its row and true in its sidecar, want true"},
		"everything is marked":      {after: func(s *stage) { rewrite(t, s, calm, "point|", set("ConcurrentChanges", true)) }, says: "concurrent changes are true in its row and false in its sidecar, want false"},
		"the sidecars are silent":   {after: sidecars, says: "withdrawn is true in its row and false in its sidecar, want true"},
		"a point stays": {after: func(s *stage) {
			rewrite(t, s, cleared, "point|", set("Withdrawn", time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)))
		}, says: "withdrawn is false in its row"},
		"the newest point is gone":   {after: func(s *stage) { merge(t, s, cleared, `"PointBlob":"another"`) }, says: `the newest backup of apim-neu is "another"`},
		"a service is late":          {after: func(s *stage) { merge(t, s, calm, `"Health":"Late"`) }, says: calm + " is Late, want it well"},
		"nobody is told":             {before: func(s *stage) { s.receiver.refuseNext(1 << 20) }, says: "is Undelivered"},
		"the notice is another's":    {after: func(s *stage) { rewrite(t, s, cleared, "notice|", set("About", calm)) }, says: cleared + " has 0 PointWithdrawn notices, want 1"},
		"the notice is a second one": {after: func(s *stage) { copyNotice(t, s) }, says: cleared + " has 2 PointWithdrawn notices, want 1"},
		"the signature is forged":    {after: forge, says: "1 post came without a good signature"},
		"a secret is written down": {
			after: func(s *stage) { merge(t, s, calm, `"Holds":"`+s.receiver.hookURL("")+`"`) }, says: "a secret stands in row service of " + calm,
		},
		"everything is lost": {after: func(s *stage) { _ = s.azure.Storage.DeleteTable(emulator.StateTable) }, says: edited + " has 0 jobs, want 3"},
	} {
		t.Run(name, func(t *testing.T) { c.mustFail(t, changesOf(100)) })
	}
}

func oneMoreChange(t *testing.T, s *stage) {
	t.Helper()
	grid, err := s.serve(s.host.HTTP())
	if err == nil {
		e := ownEvent("one-more", calm, "APIUpdated", "/apis/orders")
		e.at = time.Now()
		err = s.send(t.Context(), grid, e)
	}
	if err != nil {
		t.Error(err)
	}
	time.Sleep(time.Minute)
}

func copyNotice(t *testing.T, s *stage) {
	t.Helper()
	rewrite(t, s, cleared, "notice|", func(row map[string]any) bool {
		again := map[string]any{}
		for name, value := range row {
			again[name] = value
		}
		again["RowKey"] = field(row, "RowKey") + "-again"
		if err := s.insert(context.Background(), again); err != nil {
			t.Error(err)
		}
		return true
	})
}

// forge posts a notice that is signed by somebody else.
func forge(s *stage) {
	r := httptest.NewRequest(http.MethodPost, s.receiver.hookURL(""), strings.NewReader(`{"specversion":"1.0","id":"x"}`))
	r.Header.Set("webhook-id", "x")
	r.Header.Set("webhook-signature", "v1,AAAA")
	s.receiver.ServeHTTP(httptest.NewRecorder(), r)
}
