package fleet

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lifeboat/internal/job"
	"lifeboat/internal/plan"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// theOther is the service that every test has beside the one it is about.
const theOther = "apim-neu"

func ago(d time.Duration) time.Time { return now.Add(-d) }

// thePlan protects apim-weu, with two standbys, and theOther, which shares one
// of them.
func thePlan() *plan.Plan {
	service := func(name string, standbys ...plan.Standby) plan.Service {
		s := plan.Default()
		s.Name, s.Standbys = name, standbys
		return s
	}
	standby := func(name string, mode plan.StandbyMode) plan.Standby {
		return plan.Standby{Service: job.Service{Name: name}, Mode: mode}
	}
	return &plan.Plan{Environment: "prod", Services: []plan.Service{
		service("apim-weu", standby("weu-warm", plan.StandbyWarm), standby("spare", plan.StandbyCold)),
		service(theOther, standby("spare", plan.StandbyCold)),
	}}
}

// backedUp is a service whose newest point began age ago.
func backedUp(age time.Duration) job.Summary {
	return job.Summary{
		Service: "apim-weu", ProtectedSince: ago(1000 * time.Hour),
		PointBlob: "b", PointStarted: ago(age), PointVerified: ago(age - 10*time.Minute),
	}
}

func TestAService(t *testing.T) {
	plain := Service{Name: "apim-weu", Interval: 24 * time.Hour, Grace: 2 * time.Hour}
	const limit = 30 * 24 * time.Hour
	for _, c := range []struct {
		name string
		row  job.Summary
		want func(s *Service)
	}{
		{"without a row was never seen", job.Summary{Service: "some-other"}, func(*Service) {}},
		{"just seen has time for its first backup", job.Summary{Service: "apim-weu", ProtectedSince: ago(time.Hour)}, func(s *Service) {
			s.ProtectedSince = ago(time.Hour)
		}},
		{"that never had a backup gets late too", job.Summary{Service: "apim-weu", ProtectedSince: ago(27 * time.Hour)}, func(s *Service) {
			s.ProtectedSince, s.Health = ago(27*time.Hour), job.Late
		}},
		{"with a fresh point", backedUp(18 * time.Hour), func(s *Service) {
			s.ProtectedSince = ago(1000 * time.Hour)
			s.LastPointStarted, s.LastSuccess = ago(18*time.Hour), ago(17*time.Hour+50*time.Minute)
			s.Restorable, s.RPO, s.RestorableUntil = true, 18*time.Hour, ago(18*time.Hour).Add(limit)
		}},
		{"a moment before its point lapses", backedUp(limit - 1), func(s *Service) {
			s.ProtectedSince, s.Health = ago(1000*time.Hour), job.Down
			s.LastPointStarted, s.LastSuccess = ago(limit-1), ago(limit-1-10*time.Minute)
			s.Restorable, s.RPO, s.RestorableUntil = true, limit-1, now.Add(1)
		}},
		{"whose point has lapsed still says when it did", backedUp(limit), func(s *Service) {
			s.ProtectedSince, s.Health = ago(1000*time.Hour), job.Down
			s.LastPointStarted, s.LastSuccess, s.RestorableUntil = ago(limit), ago(limit-10*time.Minute), now
		}},
		{"whose point began in the future, by another clock", backedUp(-time.Second), func(s *Service) {
			s.ProtectedSince = ago(1000 * time.Hour)
			s.LastPointStarted, s.LastSuccess = now.Add(time.Second), now.Add(10*time.Minute+time.Second)
			s.Restorable, s.RestorableUntil = true, now.Add(limit+time.Second)
		}},
		{"whose only point was withdrawn", job.Summary{
			Service: "apim-weu", ProtectedSince: ago(9 * time.Hour), LastJob: "j", LastState: job.Succeeded, LastEnded: ago(time.Hour),
			Bereft: true, PointStarted: ago(2 * time.Hour), PointVerified: ago(time.Hour),
		}, func(s *Service) {
			s.ProtectedSince, s.Health = ago(9*time.Hour), job.Down
			s.LastJob, s.LastStatus, s.LastEnded = "j", job.Succeeded, ago(time.Hour)
		}},
		{"with all that a row can say besides", job.Summary{
			Service: "apim-weu", LastJob: "j", LastState: job.Failed, LastCode: "Conflict", LastEnded: ago(time.Hour),
			Waiting: "w", Health: job.Late, Incident: "i", MaintenanceUntil: now.Add(1),
		}, func(s *Service) {
			s.LastJob, s.LastStatus, s.LastCode, s.LastEnded = "j", job.Failed, "Conflict", ago(time.Hour)
			s.Waiting, s.Announced, s.Incident, s.MaintenanceUntil = "w", job.Late, "i", now.Add(1)
		}},
		{"whose maintenance is over", job.Summary{Service: "apim-weu", MaintenanceUntil: now}, func(*Service) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := []Service{plain, plain}
			c.want(&want[0])
			want[1].Name = theOther
			got := View(thePlan(), Rows{Summaries: []job.Summary{c.row}}, now).Services
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Services (-want +got)\n%s", diff)
			}
		})
	}
}

func TestStandbys(t *testing.T) {
	rows := Rows{Summaries: []job.Summary{
		{Service: "weu-warm", Readiness: job.Ready, ReadyAt: ago(time.Minute)},
		{Service: "spare", Readiness: job.NotReady, ReadyReason: "it serves", ReadyAt: ago(time.Hour), ServingFor: theOther, ServingSince: ago(2 * time.Hour)},
	}}
	spare := Standby{
		Name: "spare", Source: "apim-weu", Mode: plan.StandbyCold, Readiness: job.NotReady, Reason: "it serves", CheckedAt: ago(time.Hour),
		ServingFor: theOther, ServingSince: ago(2 * time.Hour),
	}
	want := []Standby{{Name: "weu-warm", Source: "apim-weu", Mode: plan.StandbyWarm, Readiness: job.Ready, CheckedAt: ago(time.Minute)}, spare, spare}
	want[2].Source = theOther
	got := View(thePlan(), rows, now).Standbys
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Standbys (-want +got)\n%s", diff)
	}
	var serving []bool
	for _, s := range got {
		serving = append(serving, s.Serving())
	}
	if want := []bool{false, false, true}; !slices.Equal(serving, want) {
		t.Errorf("Serving = %v, want %v: a shared standby serves for one source", serving, want)
	}
	nobodyLooked := View(thePlan(), Rows{}, now).Standbys
	if len(nobodyLooked) != 3 || nobodyLooked[0] != (Standby{Name: "weu-warm", Source: "apim-weu", Mode: plan.StandbyWarm}) {
		t.Errorf("without rows: %+v", nobodyLooked)
	}
}

func TestLoadIsCountedForTheServiceThatItIsAbout(t *testing.T) {
	made := func(service string, age, due time.Duration) job.Job {
		return job.Job{Kind: job.Backup, Service: service, CreatedAt: ago(age), NotBefore: ago(due)}
	}
	restore := made("spare", 3*time.Hour, -15*time.Minute)
	restore.Kind, restore.Restore = job.Restore, &job.RestoreOrder{Source: theOther}
	got := View(thePlan(), Rows{Jobs: []job.Job{
		made("apim-weu", time.Hour, 2*time.Minute),
		made("apim-weu", time.Minute, 3*time.Minute),
		restore,
		made("left-the-plan", 9*time.Hour, time.Hour),
	}}, now)
	if want := (Load{4, 9 * time.Hour, time.Hour}); got.Load != want {
		t.Errorf("of the fleet: %+v, want %+v", got.Load, want)
	}
	if want := (Load{2, time.Hour, 3 * time.Minute}); got.Services[0].Load != want {
		t.Errorf("of apim-weu: %+v, want %+v", got.Services[0].Load, want)
	}
	if want := (Load{1, 3 * time.Hour, 0}); got.Services[1].Load != want {
		t.Errorf("of a restore that waits for an approval: %+v, want %+v", got.Services[1].Load, want)
	}
}

func TestTheFleetAsAWhole(t *testing.T) {
	notice := func(s job.DeliveryState) job.StoredNotice {
		return job.StoredNotice{Delivery: job.Delivery{State: s}}
	}
	got := View(thePlan(), Rows{
		Notices: []job.StoredNotice{notice(job.DeliveryPending), notice(job.Undelivered), notice(job.DeliveryPending), notice(job.Delivered)},
		Counters: []job.Counter{
			{Name: "failovers_blocked", Label: "b", Value: 1}, {Name: "dead_letters", Label: "q", Value: 2},
			{Name: "failovers_blocked", Label: "a", Value: 3}, {Name: "failovers_blocked", Label: "b", Value: 4},
		},
	}, now.In(time.FixedZone("", 3600)))
	want := Fleet{
		At: now, Environment: "prod", NoticesPending: 2, NoticesUndelivered: 1,
		Counters: []job.Counter{{Name: "dead_letters", Label: "q", Value: 2}, {Name: "failovers_blocked", Label: "a", Value: 3}, {Name: "failovers_blocked", Label: "b", Value: 5}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Fleet{}, "Services", "Standbys")); diff != "" {
		t.Errorf("View (-want +got)\n%s", diff)
	}
	if got.At.Location() != time.UTC {
		t.Errorf("At is in %v, want UTC", got.At.Location())
	}
}
