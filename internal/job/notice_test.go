package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every move of every job, by what it announces. Moves that are not here
// announce nothing.
func TestNoticesOfMoves(t *testing.T) {
	order := func(warm bool) *RestoreOrder {
		return &RestoreOrder{Source: "apim-weu", Warm: warm, By: "ann", Incident: "inc1", Point: Point{Blob: "p1"}, Approval: Approval{Expires: midnight.Add(time.Hour)}}
	}
	backup := func(s State) Job { return Job{ID: "b", Kind: Backup, Service: "apim-weu", State: s, Revision: 1} }
	restore := func(s State) Job {
		return Job{ID: "r", Kind: Restore, Service: "apim-neu", State: s, Revision: 1, Restore: order(false)}
	}
	with := func(j Job, change func(*Job)) Job {
		if j.Restore != nil {
			o := *j.Restore
			j.Restore = &o
		}
		change(&j)
		return j
	}
	first := func(j *Job) { j.Attempt.Number = 1 }
	overwrite := func(j *Job) { j.Attempt.Number, j.Attempt.Phase = 2, Overwrite }
	coded := func(code string) func(*Job) { return func(j *Job) { j.Code = code } }
	warm := func(j *Job) { j.Restore = order(true) }
	for name, c := range map[string]struct {
		from, to Job
		want     []NoticeType
	}{
		"a backup starts":               {backup(Pending), with(backup(Starting), first), []NoticeType{NoticeBackupStarted}},
		"a backup starts again":         {backup(Pending), with(backup(Starting), func(j *Job) { j.Attempt.Number = 2 }), nil},
		"a backup goes on":              {backup(Starting), with(backup(InProgress), first), nil},
		"a backup's look tells nothing": {with(backup(Starting), first), with(backup(Starting), first), nil},
		"a backup succeeds":             {backup(Pruning), backup(Succeeded), []NoticeType{NoticeBackupSucceeded}},
		"a backup fails":                {backup(InProgress), backup(Failed), []NoticeType{NoticeBackupFailed}},
		"a backup is canceled":          {backup(Pending), backup(Canceled), nil},
		"a restore asks":                {restore(Pending), restore(AwaitingApproval), []NoticeType{NoticeAwaitingApproval}},
		"its safety backup starts":      {restore(Pending), with(restore(Starting), func(j *Job) { j.Attempt.Number, j.Attempt.Phase = 1, SafetyBackup }), nil},
		"a restore starts":              {restore(Verifying), with(restore(Starting), overwrite), []NoticeType{NoticeRestoreStarted}},
		"a restore succeeds":            {with(restore(Verifying), overwrite), restore(Succeeded), []NoticeType{NoticeRestoreCompleted}},
		"a restore fails":               {with(restore(InProgress), overwrite), with(restore(Failed), coded(CodeOutcomeUnknown)), []NoticeType{NoticeRestoreFailed}},
		"a gate refuses":                {restore(Pending), with(restore(Failed), coded(CodeGateRefused)), []NoticeType{NoticeRestoreBlocked}},
		"nobody approves":               {restore(AwaitingApproval), with(restore(Canceled), coded(CodeApprovalExpired)), []NoticeType{NoticeApprovalExpired}},
		"a restore is called off":       {restore(AwaitingApproval), with(restore(Canceled), coded(CodeRejected)), []NoticeType{NoticeRestoreCanceled}},
		"a refresh starts":              {with(restore(Pending), warm), with(with(restore(Starting), overwrite), warm), nil},
		"a refresh succeeds":            {with(restore(Verifying), warm), with(restore(Succeeded), warm), nil},
		"a refresh is refused":          {with(restore(Pending), warm), with(with(restore(Failed), warm), coded(CodeGateRefused)), nil},
		"a refresh fails":               {with(restore(InProgress), warm), with(restore(Failed), warm), []NoticeType{NoticeRestoreFailed}},
	} {
		t.Run(name, func(t *testing.T) {
			c.to.Revision = c.from.Revision + 1
			var got []NoticeType
			for _, n := range NoticesBetween(c.from, c.to) {
				got = append(got, n.Type)
				if n.Service != c.to.Service || n.About != "apim-weu" {
					t.Errorf("in partition %s about %s", n.Service, n.About)
				}
				if want := c.to.ID + ":2:" + string(n.Type); n.ID != want {
					t.Errorf("id %s, want %s", n.ID, want)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQuietNoticesNeedAHeartbeat(t *testing.T) {
	to := Job{ID: "b", Kind: Backup, State: Succeeded, Revision: 2}
	m := Move{From: Stored{Job: Job{ID: "b", Kind: Backup, State: Pruning}}, To: to}
	if got := m.Notices(); len(got) != 0 {
		t.Errorf("without a heartbeat: %v", got)
	}
	m.Heartbeat = true
	if got := m.Notices(); len(got) != 1 {
		t.Errorf("with a heartbeat: %v", got)
	}
}

var deliveryRules = DeliveryRules{RetryFirst: 30 * time.Second, RetryMax: time.Hour, GiveUp: 24 * time.Hour}

func TestADeliveryIsTriedForADay(t *testing.T) {
	n := StoredNotice{Notice: Notice{ID: "n", At: midnight}}
	n.Delivery = NewDelivery(n.Notice)
	now := midnight
	var last time.Duration
	for n.State == DeliveryPending {
		n.Delivery = n.After([]string{"ops"}, "chat: no", deliveryRules, now)
		wait := n.NotBefore.Sub(now)
		if n.State == DeliveryPending && (wait < deliveryRules.RetryFirst || wait > deliveryRules.RetryMax*5/4 || wait*2 < last) {
			t.Fatalf("attempt %d waits %s after %s", n.Attempts, wait, last)
		}
		now, last = n.NotBefore, wait
	}
	if n.State != Undelivered || now.Sub(midnight) < deliveryRules.GiveUp || now.Sub(midnight) > deliveryRules.GiveUp+2*deliveryRules.RetryMax {
		t.Errorf("%s after %s", n.State, now.Sub(midnight))
	}
	if n.Attempts < 20 || n.Attempts > 60 {
		t.Errorf("%d attempts", n.Attempts)
	}
	if diff := cmp.Diff([]string{"ops"}, n.Done); diff != "" {
		t.Error(diff)
	}
}

func TestADeliveryThatEverybodyHasIsDone(t *testing.T) {
	n := StoredNotice{Notice: Notice{ID: "n", At: midnight}, Delivery: Delivery{State: DeliveryPending, Done: []string{"ops"}}}
	got := n.After([]string{"chat"}, "", deliveryRules, midnight)
	if got.State != Delivered || len(got.Done) != 2 || len(n.Done) != 1 {
		t.Errorf("%+v from %+v", got, n.Delivery)
	}
}

func TestHealth(t *testing.T) {
	c := Cadence{Interval: 24 * time.Hour, Grace: 2 * time.Hour, RestorableFor: 30 * 24 * time.Hour}
	has := Summary{PointBlob: "p", PointStarted: midnight, LastState: Succeeded}
	for name, x := range map[string]struct {
		s    Summary
		now  time.Duration
		c    Cadence
		want Health
	}{
		"nobody has seen it":                    {Summary{}, 99 * time.Hour, c, ""},
		"never backed up, new":                  {Summary{ProtectedSince: midnight}, 26 * time.Hour, c, ""},
		"never backed up, too long":             {Summary{ProtectedSince: midnight}, 26*time.Hour + 1, c, Late},
		"never backed up, far too long":         {Summary{ProtectedSince: midnight}, 50*time.Hour + 1, c, Down},
		"a point in time":                       {has, 26 * time.Hour, c, ""},
		"a point, late":                         {has, 26*time.Hour + 1, c, Late},
		"a point, down":                         {has, 50*time.Hour + 1, c, Down},
		"a point that lapses before it is late": {has, 20 * time.Hour, Cadence{Interval: 24 * time.Hour, RestorableFor: 20 * time.Hour}, Down},
		"its only point is withdrawn":           {Summary{ProtectedSince: midnight, Bereft: true}, time.Hour, c, Down},
	} {
		t.Run(name, func(t *testing.T) {
			if got := x.s.HealthAt(x.c, midnight.Add(x.now)); got != x.want {
				t.Errorf("%q, want %q", got, x.want)
			}
		})
	}
}

func TestAChangeDuringABackup(t *testing.T) {
	p := Point{StartedAt: midnight, VerifiedAt: midnight.Add(10 * time.Minute)}
	for at, want := range map[time.Duration]bool{
		-Skew - 1: false, -Skew: true, 0: true, 5 * time.Minute: true, 10*time.Minute + Skew: true, 10*time.Minute + Skew + 1: false,
	} {
		if p.During(midnight.Add(at)) != want {
			t.Errorf("%s after the start: %t", at, !want)
		}
	}
}

func TestPuttingOff(t *testing.T) {
	rules := Rules{Deadline: time.Hour, Attempts: 1}
	j := NewChangeBackup("apim-weu", "event", midnight, midnight.Add(10*time.Minute), rules, midnight)
	to := midnight.Add(20 * time.Minute)
	got, err := Apply(j, PutOff{To: to}, rules, midnight)
	if err != nil || !got.NotBefore.Equal(to) || !got.Deadline.Equal(to.Add(time.Hour)) {
		t.Errorf("%+v, %v", got, err)
	}
	j.OnChange = false
	if _, err := Apply(j, PutOff{To: to}, rules, midnight); err == nil {
		t.Error("a scheduled backup was put off")
	}
}

func TestHasteningWaitsForTheNextAttempt(t *testing.T) {
	rules := sampleRules
	j := NewChangeBackup("apim-weu", "event", midnight, midnight.Add(10*time.Minute), rules, midnight)
	now := midnight.Add(time.Minute)
	got, err := Apply(j, Hastened{To: now}, rules, now)
	if err != nil || !got.NotBefore.Equal(now) {
		t.Errorf("before the first attempt: %+v, %v", got, err)
	}
	for _, e := range []Event{Start{Owner: "invocation"}, Throttled{Reason: "429", RetryAfter: 20 * time.Minute}} {
		if j, err = Apply(j, e, rules, now); err != nil {
			t.Fatal(err)
		}
	}
	got, err = Apply(j, Hastened{To: now}, rules, now)
	if err != nil || got.NotBefore.Before(now.Add(20*time.Minute)) || got.OnChange {
		t.Errorf("sooner than Azure said: %s, %v", got.NotBefore, err)
	}
}
