package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/google/uuid"

	"lifeboat/handlers"
	"lifeboat/internal/apim"
	"lifeboat/internal/blobstore"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	esb "lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/recovery"
	"lifeboat/internal/servicebus"
	"lifeboat/internal/tablestore"
	"lifeboat/internal/webhook"
)

// inBubble plays a scenario on virtual time, with the handlers in this
// process and the real SDK clients.
func inBubble(t *testing.T, sc scenario, o playOptions) (code int, stdout, stderr string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var out, err strings.Builder
		var closers []func()
		o.app = "../.."
		o.worker = func(s *stage) (host.Worker, error) {
			engine, stop := engineOf(t, s.azure, s.plan)
			closers = append(closers, stop)
			engine.Hooks = webhook.New(webhook.Options{
				Getenv: func(name string) string { return s.secrets()[name] }, Transport: s.receiverAt.client.Transport,
			})
			engine.Log = slog.New(functions.LogHandler(slog.NewJSONHandler(lineWriter(s.timeline.handlerLine), nil)))
			return host.NewInProcess(handlers.New(engine, engine.Log, everybody)), nil
		}
		code = play(t.Context(), sc, o, &out, &err)
		for _, close := range closers {
			close()
		}
		time.Sleep(time.Hour) // the clients end some of their goroutines in the background
		stdout, stderr = out.String(), err.String()
	})
	return code, stdout, stderr
}

// everybody sees the pages, as where the binary runs on a developer's machine.
func everybody(o *functions.Options) { o.Admits = func(*http.Request) bool { return true } }

type lineWriter func(stream, line string)

func (w lineWriter) Write(p []byte) (int, error) {
	w("stdout", strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func engineOf(t *testing.T, a *emulator.Azure, text string) (engine *recovery.Engine, stop func()) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := plan.Parse("lifeboat.yaml", []byte(text))
	must(err)
	bus, err := a.BusClient(nil)
	must(err)
	table, err := a.TableClient(nil)
	must(err)
	blobs, err := a.BlobClient(nil)
	must(err)
	audience := cloud.AzurePublic.Services[cloud.ResourceManager].Audience
	client, err := apim.New(apim.Options{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: emulator.InProcessARM, Audience: audience},
		}},
		Credential: a.Credential(), PlainHTTP: true, Transport: a.ARMTransport(), Gateways: a.GatewayTransport(),
	})
	must(err)
	return &recovery.Engine{
		Plan: p, Store: tablestore.New(table), ARM: client, Queue: servicebus.New(bus), NewID: uuid.NewString, Parallel: 8,
		Blobs: blobstore.New(func(string) (*service.Client, error) { return blobs.ServiceClient(), nil }),
	}, func() { must(bus.Close(context.Background())) }
}

func TestNightly(t *testing.T) {
	code, stdout, stderr := inBubble(t, nightly(), playOptions{json: true})
	if code != exitDone {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("stdout is not one JSON object: %v: %s", err, stdout)
	}
	if !r.OK || len(r.Jobs) != 3 || r.Jobs[2].Code != noAccess.Code || r.Requests.ARMPost < 6 {
		t.Errorf("report = %+v", r)
	}
	for _, j := range r.Jobs {
		if j.Polls == 0 || j.Started.IsZero() || j.Ended == nil || j.Ended.Before(j.Started) {
			t.Errorf("job = %+v", j)
		}
	}
	for _, want := range []string{"Pending    -> Starting", "ServiceLocked", noAccess.Message, "Pruning    -> Succeeded"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the story lacks %q:\n%s", want, stderr)
		}
	}
}

// What is wrong must be found, whatever it is.
func TestNightlyNoticesSabotage(t *testing.T) {
	other := arm.Failure{Code: "RestoreFailed", Message: "something else"}
	remove := func(suffix string) func(*stage) {
		return func(s *stage) {
			for _, b := range s.azure.Storage.ListBlobs(backupContainer, ordinary) {
				if strings.HasSuffix(b.Name, suffix) {
					_ = s.azure.Storage.DeleteBlob(backupContainer, b.Name)
				}
			}
		}
	}
	for name, c := range map[string]sabotage{
		"a backup is gone":         {after: remove(backupSuffix), says: "is missing or empty"},
		"a sidecar is gone":        {after: remove(sidecarSuffix), says: "sidecar " + ordinary},
		"the ordinary one fails":   {before: func(s *stage) { s.azure.ARM.FailNext(ordinary, arm.Fault{Fail: &other}, arm.Fault{Fail: &other}) }, says: ordinary + ` ended as Failed "RestoreFailed"`},
		"a retry hides a failure":  {before: func(s *stage) { s.azure.ARM.FailNext(ordinary, arm.Fault{Fail: &other}) }, says: ordinary + " had 2 POSTs, want 1"},
		"Azure's words differ":     {before: func(s *stage) { s.azure.ARM.FailNext(failing, arm.Fault{Fail: &other}, arm.Fault{Fail: &other}) }, says: failing + ` ended as Failed "RestoreFailed"`},
		"a dead letter":            {after: func(s *stage) { deadLetter(s, emulator.StepQueue) }, says: "has 1 dead letter"},
		"everything is lost":       {after: func(s *stage) { _ = s.azure.Storage.DeleteTable(emulator.StateTable) }, says: ordinary + " has 0 jobs, want 1"},
		"a job does not end":       {before: func(s *stage) { s.azure.Broker.SetHook(func(esb.Op) esb.Verdict { return esb.Swallow }) }, says: "it was not over within 2m"},
		"the role lacks an action": {before: func(s *stage) { s.azure.ARM.SetActions(nil) }, says: ordinary + ` ended as Failed "AuthorizationFailed"`},
	} {
		t.Run(name, func(t *testing.T) {
			c.mustFail(t, nightly())
		})
	}
}

// deadLetter leaves a dead letter that nobody takes any more.
func deadLetter(s *stage, queue string) {
	s.host.Crash()
	_ = s.azure.Broker.Send(queue, esb.Message{Body: []byte("{}")})
	if d, err := s.azure.Broker.Receive(context.Background(), queue); err == nil {
		_ = d.DeadLetter("test", "")
	}
}
