package recoverytest

import (
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
)

var announcedCases = []StoreCase{
	{"a notice comes with the move that causes it or not at all", noticeWithMove},
	{"quiet notices come only where somebody wants them", quietNotices},
	{"a save whose notice is there is a conflict and changes nothing", noticeThere},
}

func noticeWithMove(t *testing.T, s recovery.Store) {
	old := create(t, s, pending("apim-weu"))
	started := move(t, s, old, job.Start{Owner: "o"})
	want(t, "notices", collect(t, s.Notices(t.Context())), nil)
	for _, late := range []job.Move{
		{From: old, To: after(t, old, job.Start{Owner: "late"}).To, Heartbeat: true},
		{From: old, To: after(t, started, job.Refused{Code: "No", Message: "It's late."}).To},
	} {
		wantIs(t, s.Save(t.Context(), late), job.ErrConflict)
	}
	next := after(t, create(t, s, second(old.Job)), job.Start{Owner: "o"})
	next.Heartbeat = true
	wantIs(t, s.Save(t.Context(), next), job.ErrLeased)
	want(t, "notices", collect(t, s.Notices(t.Context())), nil)

	m := after(t, started, job.Refused{Code: "No", Message: "It's refused."})
	check(t, s.Save(t.Context(), m))
	want(t, "notices of the move", len(m.Notices()), 1)
	want(t, "notices", pendingNotices(t, s), m.Notices())
	got := storedNotice(t, s, m.Notices()[0])
	want(t, "notice", got.Notice, job.Notice{
		ID: old.ID + ":3:BackupFailed", Type: job.NoticeBackupFailed, Service: "apim-weu", About: "apim-weu", At: m.To.UpdatedAt,
		Facts: job.NoticeFacts{Job: old.ID, Code: "No", Message: "It's refused.", Took: m.To.EndedAt.Sub(old.CreatedAt)},
	})
	want(t, "delivery", got.Delivery, job.NewDelivery(got.Notice))
}

func quietNotices(t *testing.T, s recovery.Store) {
	for service, heartbeat := range map[string]bool{"apim-a": false, "apim-b": true} {
		var types []job.NoticeType
		from := create(t, s, pending(service))
		for _, e := range []job.Event{job.Start{Owner: "o"}, job.Accepted{ResumeToken: "token"}, job.OperationSucceeded{}, job.Verified{}, job.Pruned{}} {
			m := after(t, from, e)
			m.Heartbeat = heartbeat
			check(t, s.Save(t.Context(), m))
			from = read(t, s, m.To)
			for _, n := range m.Notices() {
				want(t, "notice", storedNotice(t, s, n).Notice, n)
				types = append(types, n.Type)
			}
		}
		if wanted := []job.NoticeType{job.NoticeBackupStarted, job.NoticeBackupSucceeded}; heartbeat {
			want(t, "quiet notices", types, wanted)
		}
	}
	for _, n := range pendingNotices(t, s) {
		want(t, "service of a quiet notice", n.Service, "apim-b")
	}
	want(t, "notices", len(pendingNotices(t, s)), 2)
}

func noticeThere(t *testing.T, s recovery.Store) {
	started := move(t, s, create(t, s, pending("apim-weu")), job.Start{Owner: "o"})
	m := after(t, started, job.Refused{Code: "No"})
	there := m.Notices()[0]
	there.Facts = job.NoticeFacts{Message: "was there before"}
	stored := add(t, s, there)
	before := storedSummary(t, s, "apim-weu")
	wantIs(t, s.Save(t.Context(), m), job.ErrConflict)
	want(t, "job", read(t, s, started.Job), started)
	want(t, "notice", storedNotice(t, s, there), stored)
	want(t, "summary", storedSummary(t, s, "apim-weu"), before)
	held, err := s.Lease(t.Context(), "apim-weu")
	check(t, err)
	want(t, "holder of the lease", held.Job, started.ID)
}
