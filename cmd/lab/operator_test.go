package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat/internal/config"
	"lifeboat/internal/emulator"
	"lifeboat/internal/plan"
)

// `lifeboat --lab` needs no other settings than the lab's file, which is
// nobody else's to read.
func TestTheLabLeavesAnOperatorsSettings(t *testing.T) {
	services := emulator.SampleServices()
	s := &stage{staging: staging{dir: t.TempDir(), services: services, plan: runPlan(services)}, receiver: newReceiver(nil), receiverAt: &site{url: "http://127.0.0.1:1"}}
	s.at = emulator.Addresses{
		ServiceBus: "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=x;UseDevelopmentEmulator=true",
		Storage:    "AccountName=a;AccountKey=eA==;BlobEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a", ARM: "http://127.0.0.1:1",
	}
	if err := s.writeOperatorFile(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(s.dir, "env.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	getenv, err := config.File(s.operatorFile())
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.LoadOperator(getenv, true)
	if err != nil || c.ServiceBus.ConnectionString != s.at.ServiceBus || !strings.HasSuffix(c.PlanFile, planName) || !filepath.IsAbs(c.PlanFile) {
		t.Errorf("config = %+v, %v", c, err)
	}
	for _, name := range []string{"PATH", "HOME"} {
		if getenv(name) != "" {
			t.Errorf("the caller's %s is in the file", name)
		}
	}
}

// A person can try a failover on `lab run`.
func TestTheLabHasAStandby(t *testing.T) {
	p, err := plan.Parse(planName, []byte(runPlan(emulator.SampleServices())))
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Services[0]; len(s.Standbys) != 1 || s.Failover.Mode != plan.FailoverApprove || len(p.Services) != 2 {
		t.Errorf("plan = %+v", p.Services)
	}
}

// A second lab in a folder would lead the first one's commands astray.
func TestOneLabInAFolder(t *testing.T) {
	first := httptest.NewServer(http.NotFoundHandler())
	defer first.Close()
	s := &stage{staging: staging{dir: t.TempDir(), services: emulator.SampleServices()}, receiver: newReceiver(nil), receiverAt: &site{url: "http://127.0.0.1:1"}}
	s.at.ARM = first.URL
	if err := alone(t.Context(), s.dir); err != nil {
		t.Errorf("in a new folder: %v", err)
	}
	if err := errors.Join(s.writeEnvironment(), s.writeOperatorFile()); err != nil {
		t.Fatal(err)
	}
	if err := alone(t.Context(), s.dir); err == nil || !strings.Contains(err.Error(), "a lab runs in "+s.dir+" already") {
		t.Errorf("beside another: %v", err)
	}
	first.Close()
	if err := alone(t.Context(), s.dir); err != nil {
		t.Errorf("after one that was killed: %v", err)
	}
	if err := s.leave(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
