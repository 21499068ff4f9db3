package emulator

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/apimanagement/armapimanagement/v3"
	"github.com/google/go-cmp/cmp"
)

// backUp starts a backup of apim-weu by the real SDK.
func backUp(t *testing.T, a *Azure) {
	t.Helper()
	client, err := armapimanagement.NewServiceClient(SampleSubscription, a.Credential(), &arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Transport: a.ARMTransport(), InsecureAllowCredentialWithHTTP: true,
			Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: InProcessARM, Audience: cloud.AzurePublic.Services[cloud.ResourceManager].Audience},
			}},
		},
		DisableRPRegistration: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.BeginBackup(t.Context(), SampleGroup, "apim-weu", armapimanagement.ServiceBackupRestoreParameters{
		StorageAccount: to.Ptr("stcontosobackups"), ContainerName: to.Ptr("apim-backups"), BackupName: to.Ptr("one"),
		AccessType: to.Ptr(armapimanagement.AccessTypeSystemAssignedManagedIdentity),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, a *Azure, body string) {
	t.Helper()
	bus, err := a.BusClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := bus.NewSender(StepQueue, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.SendMessage(t.Context(), &azservicebus.Message{Body: []byte(body)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := bus.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestThePartsKnowOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{Services: SampleServices()})
		backUp(t, a)
		time.Sleep(10 * time.Minute)
		blob, err := a.BlobClient(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := blob.DownloadStream(t.Context(), "apim-backups", "one", nil); err != nil {
			t.Errorf("the backup is not there: %v", err)
		}
		table, err := a.TableClient(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.AddEntity(t.Context(), []byte(`{"PartitionKey":"a","RowKey":"b"}`), nil); err != nil {
			t.Errorf("the state table is not there: %v", err)
		}
		send(t, a, "hello")
		d, err := a.Queues().Receive(t.Context(), StepQueue)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(d.Message().Body); got != "hello" {
			t.Errorf("received %q, want hello", got)
		}
		if left := time.Until(d.Message().LockedUntil); left != time.Minute {
			t.Errorf("the message is locked for %v, want a minute", left)
		}
		if err := d.Complete(); err != nil {
			t.Error(err)
		}
		want := Requests{ARMPost: 1, Table: 1, Blob: 1, ServiceBusSend: 1}
		if diff := cmp.Diff(want, a.Requests()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		a.Close()
		time.Sleep(time.Hour) // the client ends some of its goroutines in the background
	})
}

// With a name of its own, an account is not another one.
func TestABackupToAnotherAccountFails(t *testing.T) {
	for account, want := range map[string]string{"": "Succeeded", "stcontosobackups": "Succeeded", "stother": "Failed"} {
		synctest.Test(t, func(t *testing.T) {
			a := New(Options{Services: SampleServices(), Account: account})
			defer a.Close()
			backUp(t, a)
			time.Sleep(10 * time.Minute)
			if done := a.ARM.Operations(); len(done) != 1 || string(done[0].Outcome) != want {
				t.Errorf("a backup to stcontosobackups where the account is %q: %+v, want it %s", account, done, want)
			}
		})
	}
}

func TestSnapshotKeepsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		first := New(Options{Services: SampleServices()})
		if err := first.Restore(dir); err != nil {
			t.Fatalf("restore from nothing: %v", err)
		}
		backUp(t, first)
		send(t, first, "kept")
		if err := first.Snapshot(dir); err != nil {
			t.Fatal(err)
		}
		first.Close()

		second := New(Options{})
		if err := second.Restore(dir); err != nil {
			t.Fatal(err)
		}
		if active, _, _ := second.Broker.Counts(StepQueue); active != 1 {
			t.Errorf("%d messages, want 1", active)
		}
		// The operation of the first goes on in the second.
		time.Sleep(10 * time.Minute)
		if n := len(second.Storage.ListBlobs("apim-backups", "")); n != 1 {
			t.Errorf("%d backups, want 1", n)
		}
		second.Close()
		time.Sleep(time.Hour)
	})
}

func TestSnapshotFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	a := New(Options{Services: SampleServices()})
	defer a.Close()
	stat := func() os.FileInfo {
		t.Helper()
		if err := a.Snapshot(dir); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, snapshotFile))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := stat()
	if first.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", first.Mode().Perm())
	}
	if again := stat(); !os.SameFile(first, again) {
		t.Error("nothing has changed, and the file was written again")
	}
	a.Storage.CreateContainer("new")
	if changed := stat(); os.SameFile(first, changed) {
		t.Error("a change was not written")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestRestoreRefusesWhatItCannotRead(t *testing.T) {
	for name, content := range map[string]string{"no JSON": "oops", "a later version": `{"version":99}`} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, snapshotFile), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			a := New(Options{})
			defer a.Close()
			if err := a.Restore(dir); err == nil || !strings.Contains(err.Error(), snapshotFile) {
				t.Errorf("error %v, want one that names the file", err)
			}
		})
	}
}

func TestServeOnLoopbackOnly(t *testing.T) {
	a := New(Options{})
	defer a.Close()
	for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:8800", "example.com:8800", "[::]:0"} {
		if _, err := a.Serve(listen); !errors.Is(err, ErrNotLoopback) {
			t.Errorf("Serve(%q) = %v, want ErrNotLoopback", listen, err)
		}
	}
	for _, listen := range []string{"127.0.0.1", "127.0.0.1:http", "127.0.0.1:65533", "127.0.0.1:-1"} {
		if _, err := a.Serve(listen); err == nil || errors.Is(err, ErrNotLoopback) {
			t.Errorf("Serve(%q) = %v, want an error about the port", listen, err)
		}
	}
}

func TestServeGivesAddresses(t *testing.T) {
	a := New(Options{Services: SampleServices()})
	at, err := a.Serve("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodGet, at.IdentityEndpoint+"?api-version=2019-08-01&resource=https://management.azure.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-IDENTITY-HEADER", at.IdentityHeader)
	for what, r := range map[string]*http.Request{"200 OK": r, "401 Unauthorized": get(t, at.ARM+"/subscriptions")} {
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.Status != what {
			t.Errorf("GET %s = %s, want %s", r.URL, answer.Status, what)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	a.Close()
	if _, err := http.Get(at.ARM); err == nil {
		t.Error("the sockets are open after Close")
	}
}

func get(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
