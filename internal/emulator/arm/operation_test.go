package arm_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"
	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/arm"
)

const request = `{"storageAccount":"st1","containerName":"backups","backupName":"b1","accessKey":"k"}`

// TestRecordedExchange follows the recorded session: an empty 202 with two
// slashes, empty 202s with one, and a 200 with the service.
func TestRecordedExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		first := b.send("POST", base+"/backup"+version, request)
		if got := []any{first.StatusCode, first.ContentLength, first.Header.Get("Retry-After"), first.Header.Get("x-ms-ratelimit-remaining-subscription-writes")}; !cmp.Equal(got, []any{202, int64(0), "60", "199"}) {
			t.Errorf("POST = %v", got)
		}
		location := first.Header.Get("Location")
		match := regexp.MustCompile(`^` + endpoint + base + `//operationresults/([^/?]+)\?api-version=2024-05-01$`).FindStringSubmatch(location)
		if match == nil {
			t.Fatalf("Location = %s", location)
		}
		id, err := base64.StdEncoding.DecodeString(match[1])
		if err != nil || !regexp.MustCompile(`^apim-weu_Backup_[0-9a-f]{8}$`).Match(id) {
			t.Errorf("operation id = %q, %v", id, err)
		}

		time.Sleep(time.Minute)
		poll := b.send("GET", location, "")
		if got, want := poll.Header.Get("Location"), strings.Replace(location, "//operationresults", "/operationresults", 1); poll.StatusCode != 202 || got != want {
			t.Errorf("poll = %d, Location %s, want 202, %s", poll.StatusCode, got, want)
		}
		if poll.ContentLength != 0 || poll.Header.Get("Retry-After") != "60" {
			t.Errorf("poll's length %d, Retry-After %q", poll.ContentLength, poll.Header.Get("Retry-After"))
		}

		time.Sleep(6*time.Minute + 6*time.Second)
		last := b.send("GET", poll.Header.Get("Location"), "")
		if body := text(t, last); last.StatusCode != 200 || last.Header.Get("Location") != "" || last.Header.Get("Retry-After") != "" ||
			!strings.Contains(body, `"provisioningState":"Succeeded","targetProvisioningState":""`) {
			t.Errorf("last = %d %v %s", last.StatusCode, last.Header, body)
		}
	})
}

func TestServiceIsLockedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.send("POST", base+"/backup"+version, request)
		if got := b.sim.State("apim-weu"); got != "Updating" {
			t.Errorf("state = %s, want Updating", got)
		}
		for _, action := range []string{"/backup", "/restore"} {
			r := b.send("POST", base+action+version, request)
			want := `{"error":{"code":"ServiceLocked","message":"The API Service apim-weu is transitioning at this time. Please try the request again later.","details":null,"innerError":null}}`
			if body := text(t, r); r.StatusCode != 409 || body != want {
				t.Errorf("POST %s = %d %s, want 409 %s", action, r.StatusCode, body, want)
			}
		}
		if got := b.sim.Stats().Conflicts; got != 2 {
			t.Errorf("conflicts = %d, want 2", got)
		}
		time.Sleep(8 * time.Minute)
		if r := b.send("POST", base+"/backup"+version, request); r.StatusCode != 202 {
			t.Errorf("POST afterwards = %d, want 202", r.StatusCode)
		}
		b.sim.Lock("apim-neu", time.Hour)
		if r := b.send("POST", strings.Replace(base, "weu", "neu", 1)+"/backup"+version, request); r.StatusCode != 409 {
			t.Errorf("POST to a locked service = %d, want 409", r.StatusCode)
		}
		time.Sleep(time.Hour)
		if got := b.sim.State("apim-neu"); got != "Succeeded" {
			t.Errorf("state after the lock = %s", got)
		}
	})
}

func TestBackupIsThereWithoutPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.send("POST", base+"/backup"+version, request)
		time.Sleep(7 * time.Minute)
		if got := b.blobs.size("b1"); got != -1 {
			t.Errorf("blob has %d bytes before the end", got)
		}
		time.Sleep(7 * time.Second)
		synctest.Wait()
		if got := b.blobs.size("b1"); got < 40<<10 {
			t.Errorf("blob has %d bytes, want a plausible backup", got)
		}
	})
}

func TestBackupAndRestoreWithTheSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		ctx := t.Context()
		client := services(t, pipes(t, b.sim))
		start := time.Now()
		backup, err := client.BeginBackup(ctx, "rg", "apim-weu", target("b1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		b.sim.SetContent("apim-weu", content(5)) // during the backup: not in it
		res, err := backup.PollUntilDone(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := *res.Properties.ProvisioningState; got != "Succeeded" {
			t.Errorf("state = %s", got)
		}
		if got := time.Since(start); got != 8*time.Minute { // 7:06 at a poll a minute
			t.Errorf("backup took %v, want 8m", got)
		}

		restore, err := client.BeginRestore(ctx, "rg", "apim-neu", target("b1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := restore.PollUntilDone(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(content(3), b.sim.Content("apim-neu")); diff != "" {
			t.Errorf("restored content (-want +got):\n%s", diff)
		}
		neu, _ := b.sim.Service("apim-neu")
		if len(neu.Hostnames) != 0 || len(neu.Identity.UserAssigned) != 1 {
			t.Errorf("restore changed hosts or identity: %+v", neu)
		}
		if err := arm.Overlap(b.sim.Operations()); err != nil {
			t.Error(err)
		}
	})
}

func TestResumeToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		client := services(t, direct{b.sim})
		poller, err := client.BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		for polls := 0; !poller.Done(); polls++ {
			if polls > 10 {
				t.Fatal("the backup never ends")
			}
			token, err := poller.ResumeToken()
			if err != nil {
				t.Fatal(err)
			}
			if double := strings.Contains(token, "apim-weu//operationresults"); double != (polls == 0) {
				t.Errorf("token %d = %s", polls, token)
			}
			time.Sleep(time.Minute)
			poller, err = client.BeginBackup(t.Context(), "", "", armapimanagement.ServiceBackupRestoreParameters{}, &armapimanagement.ServiceClientBeginBackupOptions{ResumeToken: token})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := poller.Poll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if res, err := poller.Result(t.Context()); err != nil || *res.Name != "apim-weu" {
			t.Errorf("Result() = %v, %v", res.Name, err)
		}
	})
}

func TestRestoreRefused(t *testing.T) {
	day := 24 * time.Hour
	tests := []struct {
		name, blob, sku, want string
		fault                 arm.BlobFault
		age                   time.Duration
	}{
		{"another tier", "b1", "Premium", "Cannot restore: current SKU is 'Premium', backup SKU is 'Standard'", "", 0},
		{"too old", "b1", "Standard", "Cannot restore: backup expired", "", 30*day + time.Minute},
		{"no such blob", "b2", "Standard", "Cannot restore: backup 'b2' cannot be read", "", 0},
		{"an empty blob", "b1", "Standard", "Cannot restore: backup is corrupt", arm.BlobEmpty, 0},
		{"a truncated blob", "b1", "Standard", "Cannot restore: backup is corrupt", arm.BlobTruncated, 0},
		{"a blob never written", "b1", "Standard", "Cannot restore: backup 'b1' cannot be read", arm.BlobMissing, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				client := services(t, direct{b.sim})
				b.sim.FailNext("apim-weu", arm.Fault{Blob: tt.fault})
				if _, err := run(client.BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.age)
				b.sim.Mutate("apim-neu", func(v *arm.Service) { v.SKU = tt.sku })
				before := b.sim.Content("apim-neu")
				_, err := run(client.BeginRestore(t.Context(), "rg", "apim-neu", target(tt.blob), nil))
				var failed *azcore.ResponseError
				if !errors.As(err, &failed) || failed.StatusCode != 400 || failed.ErrorCode != "RestoreFailed" || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("restore = %v, want 400 RestoreFailed: %s", err, tt.want)
				}
				if diff := cmp.Diff(before, b.sim.Content("apim-neu")); diff != "" {
					t.Errorf("a refused restore changed the content:\n%s", diff)
				}
				ops := b.sim.Operations()
				if got := ops[len(ops)-1]; got.Outcome != arm.Failed || got.Kind != arm.Restore {
					t.Errorf("operation = %+v, want a failed restore", got)
				}
			})
		})
	}
}

// run polls an operation by hand, as a message a minute would.
func run[T any](poller *runtime.Poller[T], err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	for !poller.Done() {
		time.Sleep(time.Minute)
		if _, err := poller.Poll(context.Background()); err != nil {
			return none, err
		}
	}
	return poller.Result(context.Background())
}

func TestBackupIsValidForThirtyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		client := services(t, direct{b.sim})
		start := time.Now()
		if _, err := run(client.BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(start.Add(30 * 24 * time.Hour)))
		if _, err := run(client.BeginRestore(t.Context(), "rg", "apim-neu", target("b1"), nil)); err != nil {
			t.Error(err)
		}
	})
}

// The poller calls a terminal failure a successful poll.
func TestTerminalFailureComesFromResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.sim.FailNext("apim-weu", arm.Fault{Fail: &arm.Failure{Code: "BackupFailed", Message: "no luck"}, Duration: time.Minute})
		poller, err := services(t, direct{b.sim}).BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if _, err := poller.Poll(t.Context()); err != nil || !poller.Done() {
			t.Errorf("Poll() = %v, done %v, want nil and done", err, poller.Done())
		}
		var failed *azcore.ResponseError
		if _, err := poller.Result(t.Context()); !errors.As(err, &failed) || failed.ErrorCode != "BackupFailed" {
			t.Errorf("Result() = %v", err)
		}
		if got := b.blobs.size("b1"); got != -1 {
			t.Errorf("a failed backup left %d bytes", got)
		}
	})
}

// Whatever refuses a poll looks like the operation's failure to the poller,
// while the operation goes on.
func TestRefusedPollsLookTerminal(t *testing.T) {
	for name, refuse := range map[string]func(*arm.Simulator){
		"a revoked role":     func(s *arm.Simulator) { s.SetActions(nil) },
		"a lost record":      func(s *arm.Simulator) { s.LoseOperations("apim-weu") },
		"a removed resource": func(s *arm.Simulator) { s.Mutate("apim-weu", func(v *arm.Service) { v.ResourceGroup = "other" }) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				poller, err := services(t, direct{b.sim}).BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil)
				if err != nil {
					t.Fatal(err)
				}
				refuse(b.sim)
				if _, err := poller.Poll(t.Context()); err != nil || !poller.Done() {
					t.Errorf("Poll() = %v, done %v", err, poller.Done())
				}
				if _, err := poller.Result(t.Context()); err == nil {
					t.Error("Result() succeeds")
				}
				if got := b.sim.Operations()[0].Outcome; got != arm.Running {
					t.Errorf("outcome = %s, want Running", got)
				}
				time.Sleep(8 * time.Minute)
				if got := b.sim.Operations()[0].Outcome; got != arm.Succeeded || b.blobs.size("b1") < 1 {
					t.Errorf("outcome = %s, blob %d, want Succeeded with a blob", got, b.blobs.size("b1"))
				}
			})
		})
	}
}

func TestRecordsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(o *arm.Options) { o.RecordTTL = time.Hour })
		location := b.send("POST", base+"/backup"+version, request).Header.Get("Location")
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{30 * time.Minute, 200}, {37 * time.Minute, 200}, {6 * time.Second, 404}} {
			time.Sleep(step.wait)
			if got := b.send("GET", location, "").StatusCode; got != step.want {
				t.Errorf("poll after another %v = %d, want %d", step.wait, got, step.want)
			}
		}
	})
}

// The final body's provisioningState counts before the status.
func TestFinalState(t *testing.T) {
	t.Run("Updating keeps it going", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.sim.FailNext("apim-weu", arm.Fault{FinalState: "Updating", FinalStateFor: 20 * time.Minute})
			start := time.Now()
			if _, err := run(services(t, direct{b.sim}).BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil)); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != 28*time.Minute {
				t.Errorf("done after %v, want 28m", got)
			}
		})
	})
	t.Run("Failed makes an error of a good backup", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.sim.FailNext("apim-weu", arm.Fault{FinalState: "Failed"})
			_, err := run(services(t, direct{b.sim}).BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil))
			var failed *azcore.ResponseError
			if !errors.As(err, &failed) || failed.StatusCode != 200 || failed.ErrorCode != "" {
				t.Errorf("err = %v, want a ResponseError with status 200 and no code", err)
			}
			if b.blobs.size("b1") < 1 {
				t.Error("no blob")
			}
		})
	})
}

func TestLostHandles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		client := services(t, direct{b.sim})
		b.sim.FailNext("apim-weu", arm.Fault{NoLocation: true})
		if _, err := client.BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil); err == nil || !strings.Contains(err.Error(), "missing polling URL") {
			t.Errorf("BeginBackup = %v, want missing polling URL", err)
		}
		if got := b.sim.State("apim-weu"); got != "Updating" {
			t.Errorf("state = %s, want Updating: the operation runs", got)
		}
		b.sim.FailNext("apim-neu", arm.Fault{Endpoint: "https://elsewhere.test"})
		poller, err := client.BeginBackup(t.Context(), "rg", "apim-neu", target("b1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if token, _ := poller.ResumeToken(); !strings.Contains(token, `"pollURL":"https://elsewhere.test/`) {
			t.Errorf("token = %s, want the foreign host", token)
		}
	})
}

// dropped answers 504 to the first POST although ARM has accepted it.
type dropped struct {
	direct
	posts int
}

func (d *dropped) Do(r *http.Request) (*http.Response, error) {
	res, err := d.direct.Do(r)
	if r.Method == "POST" {
		if d.posts++; d.posts == 1 {
			return &http.Response{StatusCode: 504, Header: http.Header{}, Body: io.NopCloser(&bytes.Buffer{}), Request: r}, nil
		}
	}
	return res, err
}

func TestRetriedPostMeetsItsOwnLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		var failed *azcore.ResponseError
		_, err := services(t, &dropped{direct: direct{b.sim}}).BeginBackup(t.Context(), "rg", "apim-weu", target("b1"), nil)
		if !errors.As(err, &failed) || failed.ErrorCode != "ServiceLocked" {
			t.Errorf("with the default retries: %v, want ServiceLocked", err)
		}
		once := policy.WithRetryOptions(t.Context(), policy.RetryOptions{MaxRetries: -1})
		_, err = services(t, &dropped{direct: direct{b.sim}}).BeginBackup(once, "rg", "apim-neu", target("b1"), nil)
		if !errors.As(err, &failed) || failed.StatusCode != 504 {
			t.Errorf("without retries: %v, want 504", err)
		}
		if got := len(b.sim.Operations()); got != 2 {
			t.Errorf("%d operations, want one per service", got)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.sim.Mutate("apim-weu", func(v *arm.Service) { v.RetryAfter = 90 * time.Second })
		b.sim.FailNext("apim-weu", arm.Fault{RetryAfterDate: true})
		location := b.send("POST", base+"/backup"+version, request).Header.Get("Location")
		got, err := http.ParseTime(b.send("GET", location, "").Header.Get("Retry-After"))
		if err != nil || !got.Equal(time.Now().Add(90*time.Second)) {
			t.Errorf("Retry-After = %v, %v", got, err)
		}
		time.Sleep(time.Hour)
		if got := b.send("POST", base+"/backup"+version, request).Header.Get("Retry-After"); got != "90" {
			t.Errorf("Retry-After = %q, want 90", got)
		}
	})
}

func TestSnapshotCarriesARunningOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := setup(t)
		location := old.send("POST", base+"/backup"+version, request).Header.Get("Location")
		var file bytes.Buffer
		if err := old.sim.Snapshot(&file); err != nil {
			t.Fatal(err)
		}
		b := setup(t)
		b.sim.Mutate("apim-weu", func(v *arm.Service) { v.Content = arm.Content{} })
		if err := b.sim.Restore(&file); err != nil {
			t.Fatal(err)
		}
		if got := b.send("GET", location, "").StatusCode; got != 202 {
			t.Errorf("poll = %d, want 202", got)
		}
		time.Sleep(8 * time.Minute)
		if got := b.send("GET", location, "").StatusCode; got != 200 {
			t.Errorf("poll = %d, want 200", got)
		}
		if diff := cmp.Diff(content(3), b.sim.Content("apim-weu")); diff != "" || b.blobs.size("b1") < 1 {
			t.Errorf("blob has %d bytes, content (-want +got):\n%s", b.blobs.size("b1"), diff)
		}
	})
}

func TestOverlap(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }
	op := func(service string, from, to time.Time) arm.Operation {
		return arm.Operation{Service: service, Started: from, Ended: to}
	}
	for _, tt := range []struct {
		name    string
		ops     []arm.Operation
		overlap bool
	}{
		{"one after the other", []arm.Operation{op("a", at(0), at(5)), op("a", at(5), at(6))}, false},
		{"two services", []arm.Operation{op("a", at(0), at(5)), op("b", at(1), at(2))}, false},
		{"one inside the other", []arm.Operation{op("a", at(0), at(5)), op("a", at(1), at(2))}, true},
		{"one that still runs", []arm.Operation{op("a", at(0), time.Time{}), op("a", at(9), at(10))}, true},
	} {
		if err := arm.Overlap(tt.ops); (err != nil) != tt.overlap {
			t.Errorf("%s: Overlap = %v", tt.name, err)
		}
	}
}
