package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// functionApp is a folder like a deployed one, with both binaries just built.
func functionApp(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the binaries")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin")+string(filepath.Separator), "./cmd/lifeboat", "./cmd/lab")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := filepath.Glob("../../*/function.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("function folders: %v, %v", files, err)
	}
	for _, file := range append(files, "../../host.json") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(dir, strings.TrimPrefix(file, "../../"))
		if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The binaries themselves, over sockets.
func TestSmoke(t *testing.T) {
	t.Parallel()
	dir := functionApp(t)
	t.Run("nightly", func(t *testing.T) {
		t.Parallel()
		playBinary(t, dir)
	})
	t.Run("run", func(t *testing.T) {
		t.Parallel()
		runBinary(t, dir)
	})
}

func playBinary(t *testing.T, dir string) {
	lab := exec.Command(filepath.Join(dir, "bin", "lab"), "play", "nightly", "--json")
	var stdout, stderr bytes.Buffer
	lab.Dir, lab.Stdout, lab.Stderr = dir, &stdout, &stderr
	if err := lab.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	var r report
	d := json.NewDecoder(&stdout)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || !r.OK || r.Scenario != "nightly" || len(r.Jobs) != 3 {
		t.Errorf("report = %+v, %v", r, err)
	}
	if d.More() {
		t.Error("there is more than one object on stdout")
	}
}

// runBinary waits for the first job's start and then does what Ctrl-C does.
func runBinary(t *testing.T, dir string) {
	lab := exec.Command(filepath.Join(dir, "bin", "lab"), "run")
	lab.Dir, lab.Stderr = dir, os.Stderr
	stdout, err := lab.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.AfterFunc(30*time.Second, func() { _ = lab.Process.Kill() })
	defer deadline.Stop()
	started := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.Contains(lines.Text(), "first job started") {
			started = true
			if err := lab.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	if err := lab.Wait(); err != nil || !started {
		t.Errorf("lab run ended by %v, first job started: %v", err, started)
	}
}

func TestRunNeedsTheBinary(t *testing.T) {
	dir := t.TempDir()
	content, err := os.ReadFile("../../host.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "host.json"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := run(t.Context(), []string{"run", "--app", dir}, &out, &out); code != exitError || !strings.Contains(out.String(), "run make build first") {
		t.Errorf("lab run = %d, %s", code, out.String())
	}
}

// azureLab is a running `lab azure` in this process.
type azureLab struct {
	settings map[string]string
	stop     func() int
}

func startAzure(t *testing.T, args ...string) azureLab {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"azure"}, args...), in, os.Stderr)
		in.Close()
	}()
	lab := azureLab{settings: map[string]string{}, stop: func() int { cancel(); return <-code }}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "READY" {
		name, value, _ := strings.Cut(lines.Text(), "=")
		lab.settings[name] = value
	}
	if len(lab.settings) != 5 {
		t.Fatalf("lab azure printed %v", lab.settings)
	}
	return lab
}

func (l azureLab) table(t *testing.T) *aztables.Client {
	t.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(l.settings["STORAGE_CONNECTION"], nil)
	if err != nil {
		t.Fatal(err)
	}
	return service.NewClient("kept")
}

func (l azureLab) bus(t *testing.T) *azservicebus.Client {
	t.Helper()
	client, err := azservicebus.NewClientFromConnectionString(l.settings["SERVICEBUS_CONNECTION"], nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	return client
}

func TestAzureKeepsItsStateAcrossRestarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first := startAzure(t, "--persist", dir, "--queue", "orders:lock=30s")
	_, err := first.table(t).CreateTable(t.Context(), nil)
	must(err)
	_, err = first.table(t).AddEntity(t.Context(), []byte(`{"PartitionKey":"a","RowKey":"b"}`), nil)
	must(err)
	sender, err := first.bus(t).NewSender("orders", nil)
	must(err)
	must(sender.SendMessage(t.Context(), &azservicebus.Message{Body: []byte("kept")}, nil))
	if code := first.stop(); code != exitDone {
		t.Fatalf("exit code %d", code)
	}

	second := startAzure(t, "--persist", dir)
	_, err = second.table(t).GetEntity(t.Context(), "a", "b", nil)
	must(err)
	receiver, err := second.bus(t).NewReceiverForQueue("orders", nil)
	must(err)
	messages, err := receiver.ReceiveMessages(t.Context(), 1, nil)
	must(err)
	if string(messages[0].Body) != "kept" {
		t.Errorf("received %q", messages[0].Body)
	}
	if code := second.stop(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

func TestAzureSaysWhatItCannotRestore(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "azure.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := run(t.Context(), []string{"azure", "--persist", dir}, &out, &out); code != exitError || !strings.Contains(out.String(), "azure.json") {
		t.Errorf("lab azure = %d, %s", code, out.String())
	}
}
