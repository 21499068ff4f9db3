package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/infra"
	"lifeboat/internal/apim"
	"lifeboat/internal/config"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/preflight"
	"lifeboat/internal/recovery"
)

// dated answers everything with the date, as every server of Azure does.
type dated struct{}

func (dated) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusBadRequest, Body: http.NoBody, Request: r,
		Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
	}, nil
}

// survey is what check sees of the development Azure, as the app's identity.
func (w *world) survey(_ config.Config, getenv func(string) string) (*sights, error) {
	client, err := apim.New(apim.Options{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: emulator.InProcessARM, Audience: cloud.AzurePublic.Services[cloud.ResourceManager].Audience},
		}},
		Credential: w.azure.Credential(), PlainHTTP: true, Transport: w.azure.ARMTransport(), Secret: getenv,
	})
	w.must(err)
	blobs, err := w.azure.BlobClient(nil)
	w.must(err)
	var looks management = client
	if w.stuck {
		looks = stuck{client}
	}
	return &sights{
		arm: looks, bus: w.bus(), web: dated{}, clocks: []clockAt{{"arm.invalid", "http://arm.invalid/"}}, standIn: true,
		who:   func(context.Context) (caller, error) { return caller{"ann@contoso.example", w.app}, nil },
		blobs: func(string) (*service.Client, error) { return blobs.ServiceClient(), nil },
	}, nil
}

const checkPlan = worldPlan + `webhooks: {ops: {form: slack, urlSetting: OPS_WEBHOOK}}
`

// line is the only check of that name on something, or on one thing.
func (r checkReport) line(t *testing.T, check, on string) checkLine {
	t.Helper()
	var found []checkLine
	for _, l := range r.Checks {
		if l.Check == check && (on == "" || l.On == on) {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d checks of %s on %q, want 1: %+v", len(found), check, on, r.Checks)
	}
	return found[0]
}

func TestCheckThatAllIsWell(t *testing.T) {
	inWorld(t, checkPlan, false, func(w *world) {
		w.app = true
		w.did(exitDone, "backup", "apim-weu", "--wait")
		a := w.did(nagiosOK, "check")
		a.stdout = strings.ReplaceAll(a.stdout, w.env["LIFEBOAT_PLAN"], "lifeboat.yaml")
		golden(t, "check", a)
		r := decoded[checkReport](w, nagiosOK, "check", "apim-weu")
		if r.Result != "OK" || r.Environment != "lab" || len(r.Checks) < 15 {
			t.Errorf("report %+v", r)
		}
	})
}

// Every check is made whatever the others find.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	const backup = "Microsoft.ApiManagement/service/backup/action"
	all := decodedChecks(t, func(*world) {}, checkPlan)
	for _, tt := range []struct {
		name      string
		breaks    func(*world)
		plan      string
		check, on string
		result    preflight.Level
		says      string
	}{
		{"the container is missing", func(*world) {}, strings.Replace(checkPlan, "container: apim,", "container: other,", 1), "container", "stbackups/other", preflight.Fail, "no such container"},
		{"storage is away", func(w *world) {
			w.azure.Tap.Inject(wire.Fault{Service: emulator.ServiceBlob, Kind: wire.Instead, Status: 403})
		}, checkPlan, "container", "stbackups/apim", preflight.Warn, "HTTP 403"},
		{"an action is missing, for the app", func(w *world) {
			w.app = true
			w.azure.ARM.SetActions(slices.DeleteFunc(infra.RoleActions(), func(a string) bool { return a == backup }))
		}, checkPlan, "role actions", "apim-weu", preflight.Fail, "the app's identity lacks " + backup},
		{"an action is missing, for the operator", func(w *world) {
			w.azure.ARM.SetActions(slices.DeleteFunc(infra.RoleActions(), func(a string) bool { return a == backup }))
		}, checkPlan, "role actions", "apim-weu", preflight.Warn, "your account lacks " + backup},
		{"the standby is of another tier", func(w *world) { w.azure.ARM.Mutate("apim-neu", func(s *arm.Service) { s.SKU = "Premium" }) }, checkPlan, "standby", "apim-neu", preflight.Fail, "tier Premium"},
		{"the standby is in the same region", func(w *world) {
			w.azure.ARM.Mutate("apim-neu", func(s *arm.Service) { s.Location = "West Europe" })
		}, checkPlan, "standby", "apim-neu", preflight.Warn, "West Europe"},
		{"a tier without backup", func(w *world) { w.azure.ARM.Mutate("apim-weu", func(s *arm.Service) { s.SKU = "StandardV2" }) }, checkPlan, "service", "apim-weu", preflight.Fail, "StandardV2"},
		{"another operation runs", func(w *world) { w.azure.ARM.Lock("apim-weu", time.Hour) }, checkPlan, "service", "apim-weu", preflight.Warn, "Updating"},
		{"no such service", func(*world) {}, strings.ReplaceAll(checkPlan, "service/apim-neu", "service/apim-xyz"), "service", "apim-neu", preflight.Fail, "there is no apim-xyz"},
		{"its identity has no role", func(w *world) { w.azure.ARM.SetRoleAssignments() }, checkPlan, "storage access", "apim-weu", preflight.Fail, "has no role"},
		{"the table is away", func(w *world) { w.must(w.azure.Storage.DeleteTable(emulator.StateTable)) }, checkPlan, "table", "", preflight.Fail, "TableNotFound"},
		{"and so is the age of the point", func(w *world) { w.must(w.azure.Storage.DeleteTable(emulator.StateTable)) }, checkPlan, "newest point", "apim-weu", preflight.Warn, "without the table"},
		{"the clock is wrong", func(w *world) { w.ahead = -7 * time.Minute }, checkPlan, "clock", "", preflight.Fail, "behind arm.invalid"},
		{"the backup is late", func(w *world) { w.ahead = 27 * time.Hour }, checkPlan, "newest point", "apim-weu", preflight.Warn, "beyond the goal of 26h"},
		{"nobody is told", func(*world) {}, worldPlan, "webhooks", "apim-weu", preflight.Warn, "nobody is told"},
		{"the schedule can't meet the goal", func(*world) {}, strings.Replace(checkPlan, "0 0 1 * * *", "0 0 1 * * 0", 1), "schedule", "apim-weu", preflight.Warn, "late before each such run"},
		{"a key that only the app has", func(*world) {}, strings.Replace(checkPlan, "defaults: {", "defaults: {access: AccessKey, accessKeySetting: THE_KEY, ", 1), "storage access", "apim-weu", preflight.Warn, "which only the app has"},
	} {
		r := decodedChecks(t, tt.breaks, tt.plan)
		if got := r.line(t, tt.check, tt.on); got.Result != string(tt.result) || !strings.Contains(got.Found, tt.says) || got.Remedy == "" {
			t.Errorf("%s: %+v, want %s and %q", tt.name, got, tt.result, tt.says)
		}
		if len(r.Checks) < len(all.Checks)-1 {
			t.Errorf("%s: %d checks, want %d", tt.name, len(r.Checks), len(all.Checks))
		}
	}
}

// decodedChecks is what check finds where there is a backup, once something
// broke. It holds the exit code to what was found.
func decodedChecks(t *testing.T, breaks func(*world), planText string) (r checkReport) {
	t.Helper()
	inWorld(t, planText, true, func(w *world) {
		w.must(w.azure.Storage.CreateContainer("apim"))
		w.must(w.store().Note(w.t.Context(), "apim-weu", job.SummaryMove{Point: &job.Point{Service: "apim-weu", Blob: "b", StartedAt: time.Now(), VerifiedAt: time.Now()}}))
		breaks(w)
		code := w.does(w.t.Context(), "check").code
		r = decoded[checkReport](w, code, "check")
		want := nagiosOK
		for _, l := range r.Checks {
			switch l.Result {
			case "FAIL":
				want = nagiosCritical
			case "WARN":
				want = max(want, nagiosWarning)
			}
		}
		if code != want {
			t.Errorf("exit code %d, want %d for %+v", code, want, r)
		}
	})
	return r
}

func TestCheckLooksAtQueues(t *testing.T) {
	inWorld(t, checkPlan, true, func(w *world) {
		r := decoded[checkReport](w, nagiosCritical, "check")
		if got := r.line(t, "queue", ""); got.Result != "OK" || !strings.Contains(got.On, recovery.StepQueue) || !strings.Contains(got.Found, "sent to and looked into") {
			t.Errorf("queues: %+v", got)
		}
		for _, queue := range []string{emulator.RequestQueue, emulator.ApprovalQueue, emulator.StepQueue, emulator.NoticeQueue} {
			if active, scheduled, dead := w.azure.Broker.Counts(queue); active+scheduled+dead != 0 {
				t.Errorf("queue %s has messages", queue)
			}
		}
	})
}

// A plan that can't be used is a finding; settings that can't are the end.
func TestCheckOfWhatCantBeChecked(t *testing.T) {
	inWorld(t, checkPlan, true, func(w *world) {
		for _, tt := range []struct {
			args []string
			want string
		}{
			{[]string{"check", "apim-xyz"}, "not a service in the plan"},
			{[]string{"check", "a", "b"}, "check: want [SERVICE], got 2 arguments"},
			{[]string{"check", "--nonsense"}, "unknown flag"},
			{[]string{"check", "--lab", "--settings", "x"}, "say one of them"},
			{[]string{"check", "--lab"}, "make run"},
		} {
			a := w.does(w.t.Context(), tt.args...)
			if a.code != nagiosUnknown || a.stdout != "" || !strings.Contains(a.stderr, tt.want) {
				t.Errorf("lifeboat %q: exit code %d, want %d and %q\n%s%s", tt.args, a.code, nagiosUnknown, tt.want, a.stdout, a.stderr)
			}
		}
		w.env = settings(t, "version: 2\n")
		r := decoded[checkReport](w, nagiosCritical, "check")
		if r.line(t, "plan", "").Result != "FAIL" || r.line(t, "table", "").Result != "OK" {
			t.Errorf("without a plan: %+v", r)
		}
	})
}

// stuck is a management API that never answers.
type stuck struct{ management }

func (stuck) Permissions(ctx context.Context, _ job.Service) ([]apim.Permission, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCheckIsBoundedAndSaysThatItGoesOn(t *testing.T) {
	inWorld(t, checkPlan, true, func(w *world) {
		w.stuck = true
		begun := time.Now()
		a := w.does(w.t.Context(), "check")
		if took := time.Since(begun); took < checkWithin || took > 2*checkWithin {
			t.Errorf("it took %s, want %s", took, checkWithin)
		}
		if !strings.Contains(a.stdout, "no answer within 10 s") || !strings.Contains(a.stderr, "check: looked at ") {
			t.Errorf("output:\n%s%s", a.stdout, a.stderr)
		}
	})
}

func TestCheckInterrupted(t *testing.T) {
	inWorld(t, checkPlan, true, func(w *world) {
		w.stuck = true
		ctx, cancel := context.WithCancel(w.t.Context())
		time.AfterFunc(time.Second, cancel)
		begun := time.Now()
		a := w.does(ctx, "check")
		if took := time.Since(begun); a.code != exitInterrupted || took > 2*time.Second || a.stdout != "" {
			t.Errorf("exit code %d after %s, want %d at once\n%s", a.code, took, exitInterrupted, a.stdout)
		}
	})
}
