package bench

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// build makes a binary as `make build` makes the deployed one.
func build(b *testing.B, pkg string) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

const (
	deployed = "lifeboat/cmd/lifeboat"
	bare     = "lifeboat/bench/echo/serve"
)

// launch starts a binary as the Functions host would and returns how long it
// took until it answered. The host probes every 25 ms; this asks all the time.
// Nothing that the settings name needs to be there.
func launch(b *testing.B, binary, plan string) (*exec.Cmd, time.Duration) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	const key = "c2VjcmV0"
	cmd := exec.Command(binary, "serve")
	cmd.Env = []string{
		"FUNCTIONS_CUSTOMHANDLER_PORT=" + port, "LIFEBOAT_PLAN=" + plan, "ARM_ENDPOINT=http://127.0.0.1:9",
		"IDENTITY_ENDPOINT=http://127.0.0.1:9", "IDENTITY_HEADER=x",
		"ServiceBusConnection=Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=k;SharedAccessKey=" + key + ";UseDevelopmentEmulator=true",
		"StateStorage=AccountName=a;AccountKey=" + key + ";TableEndpoint=http://127.0.0.1:9/a",
		"BackupStorage=AccountName=a;AccountKey=" + key + ";BlobEndpoint=http://127.0.0.1:9/a",
	}
	cmd.Stderr = os.Stderr
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	for {
		r, err := http.Get("http://" + address + "/")
		if err == nil {
			r.Body.Close()
			return cmd, time.Since(begun)
		}
		if time.Since(begun) > 10*time.Second {
			b.Fatalf("not ready after 10 s: %v", err)
		}
	}
}

func samplePlan(b *testing.B) string {
	b.Helper()
	plan, err := filepath.Abs("../lifeboat.sample.yaml")
	if err != nil {
		b.Fatal(err)
	}
	return plan
}

// BenchmarkReady is the time from the start of the process to its first
// answer, its memory then and its size on disk; of the deployed binary and of
// the bare echo, in turns.
func BenchmarkReady(b *testing.B) {
	plan := samplePlan(b)
	lifeboat, echo := &process{binary: build(b, deployed)}, &process{binary: build(b, bare)}
	for b.Loop() {
		lifeboat.start(b, plan)
		echo.start(b, plan)
	}
	lifeboat.report(b, "")
	echo.report(b, "echo-")
	b.ReportMetric(0, "ns/op") // of both, and of their ends
}

// process is a binary that is started again and again.
type process struct {
	binary string
	took   []time.Duration
	idle   float64 // MiB, the most of all starts
}

func (p *process) start(b *testing.B, plan string) {
	b.Helper()
	cmd, took := launch(b, p.binary, plan)
	p.took = append(p.took, took)
	p.idle = max(p.idle, memory(b, cmd.Process.Pid, "VmRSS:"))
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		b.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

func (p *process) report(b *testing.B, name string) {
	b.Helper()
	info, err := os.Stat(p.binary)
	if err != nil {
		b.Fatal(err)
	}
	report(b, name, p.took)
	b.ReportMetric(p.idle, name+"idle-MiB")
	b.ReportMetric(float64(info.Size())/(1<<20), name+"binary-MiB")
}

// memory is a process's memory in MiB, by its name in /proc.
func memory(b *testing.B, pid int, name string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("no /proc on this system")
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			kib, err := strconv.Atoi(fields[1])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	b.Fatalf("no %s in /proc", name)
	return 0
}
