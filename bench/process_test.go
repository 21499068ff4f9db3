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

// build makes the deployed binary as `make build` does.
func build(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "lifeboat")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "lifeboat/cmd/lifeboat")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// launch starts the binary as the Functions host would and returns how long
// it took until it answered. The host probes every 25 ms; this asks all the
// time. Nothing that the settings name needs to be there.
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
// answer, and its memory then and its size on disk.
func BenchmarkReady(b *testing.B) {
	binary, plan := build(b), samplePlan(b)
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	var all []time.Duration
	var idle float64
	for b.Loop() {
		cmd, took := launch(b, binary, plan)
		all = append(all, took)
		idle = max(idle, memory(b, cmd.Process.Pid, "VmRSS:"))
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			b.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
	}
	report(b, all)
	b.ReportMetric(idle, "idle-MiB")
	b.ReportMetric(float64(info.Size())/(1<<20), "binary-MiB")
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
