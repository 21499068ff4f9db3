package host_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lifeboat/internal/emulator/host"
)

// helper is set where the test binary plays the custom handler.
const helper = "HOST_TEST_HANDLER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(helper); mode != "" {
		handle(mode)
	}
	os.Exit(m.Run())
}

// handle answers what its path says.
func handle(mode string) {
	fmt.Println("starting", mode, strings.Join(os.Args[1:], " "))
	fmt.Fprintln(os.Stderr, "last words")
	if mode == "broken" {
		os.Exit(3)
	}
	port := os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT")
	if mode == "deaf" {
		select {}
	}
	err := http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/Exit0":
			os.Exit(0)
		case "/Exit1":
			os.Exit(1)
		case "/Exit200":
			os.Exit(200)
		case "/Hang":
			select {}
		}
		w.Header().Set("Content-Type", "application/json")
		line, _ := json.Marshal(fmt.Sprint(os.Getpid(), " ", os.Getenv("SETTING"), " ", port == os.Getenv("FUNCTIONS_HTTPWORKER_PORT"), " ", os.Getenv("FUNCTIONS_APP_ROOT_PATH")))
		_, _ = io.WriteString(w, `{"Logs":[`+string(line)+`]}`)
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

type processBundle struct {
	*host.Host
	worker *host.Process
	app    host.App

	mu    sync.Mutex
	lines []string
}

func (b *processBundle) output() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "\n")
}

// process starts the helper as the app's handler.
func process(t *testing.T, mode string) (*processBundle, error) {
	t.Helper()
	timeout := "00:00:10"
	if mode == "deaf" {
		timeout = "00:00:00.3"
	}
	all := map[string]string{"host.json": fmt.Sprintf(`{"version":"2.0","functionTimeout":"00:00:00.4","customHandler":{"enableForwardingHttpRequest":true,"initializationTimeout":%q,"description":{"defaultExecutablePath":%q,"arguments":["serve","%%SETTING%%"]}}}`,
		timeout, os.Args[0])}
	for _, name := range []string{"Ok", "Exit0", "Exit1", "Exit200", "Hang"} {
		all[name+"/function.json"] = eventFile
	}
	all["Call/function.json"] = hookFile("")
	dir := files(t, all)
	app, err := host.Load(dir, func(name string) string { return map[string]string{"SETTING": "value"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	b := &processBundle{app: app}
	b.worker = host.NewProcess(app, host.ProcessOptions{
		Env: append(os.Environ(), helper+"="+mode, "SETTING=value", "GORACE=atexit_sleep_ms=0"), Log: slog.New(slog.DiscardHandler),
		Output: func(stream, line string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lines = append(b.lines, stream+": "+line)
		},
	})
	b.Host = host.New(app, host.Options{Worker: b.worker, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { b.Stop(t.Context()) })
	return b, b.Start(t.Context())
}

func started(t *testing.T) *processBundle {
	t.Helper()
	b, err := process(t, "good")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *processBundle) fire(t *testing.T, name string) host.Invocation {
	t.Helper()
	in, err := b.Fire(name, `{"id":"1"}`)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// recovers invokes until the handler's end is noticed and it is back.
func (b *processBundle) recovers(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for in := b.fire(t, "Ok"); in.Outcome != host.Succeeded; in = b.fire(t, "Ok") {
		if time.Now().After(deadline) {
			t.Fatalf("never recovers: %+v", in)
		}
	}
}

func TestProcessEnvironment(t *testing.T) {
	b := started(t)
	pid := b.worker.Pid()
	in := b.fire(t, "Ok")
	if want := fmt.Sprintf("%d value true %s", pid, b.app.Dir); in.Outcome != host.Succeeded || in.Logs[0] != want {
		t.Errorf("invocation = %+v, want the log %q", in, want)
	}
	if err := b.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if got := b.output(); !strings.Contains(got, "stdout: starting good serve value") || !strings.Contains(got, "stderr: last words") {
		t.Errorf("output = %s", got)
	}
	if alive(pid) {
		t.Errorf("process %d outlives its host", pid)
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestExit0IsTheEnd(t *testing.T) {
	b := started(t)
	if in := b.fire(t, "Exit0"); in.Outcome != host.Failed {
		t.Errorf("Exit0 = %+v", in)
	}
	for range 20 {
		if in := b.fire(t, "Ok"); in.Outcome != host.Failed {
			t.Errorf("afterwards = %+v, want a failure", in)
		}
	}
	select {
	case <-b.Done():
		t.Error("the host has stopped")
	default:
	}
}

func TestExit200IsARestart(t *testing.T) {
	b := started(t)
	for range 4 {
		b.fire(t, "Exit200")
		b.recovers(t)
	}
}

func TestThirdErrorStopsTheHost(t *testing.T) {
	b := started(t)
	for range 2 {
		b.fire(t, "Exit1")
		b.recovers(t)
	}
	b.fire(t, "Exit1")
	<-b.Done()
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "restart count") || !strings.Contains(err.Error(), "last words") {
		t.Errorf("Err() = %v", err)
	}
}

// A kill by timeout counts for nothing, however often it happens.
func TestFunctionTimeoutKillsTheProcess(t *testing.T) {
	b := started(t)
	for range 4 {
		pid := b.worker.Pid()
		if in := b.fire(t, "Hang"); in.Outcome != host.TimedOut || in.Duration < 400*time.Millisecond {
			t.Errorf("Hang = %+v, want TimedOut after 400ms", in)
		}
		if after := b.fire(t, "Ok"); after.Outcome != host.Succeeded || alive(pid) || b.worker.Pid() == pid {
			t.Errorf("afterwards = %+v, process %d alive %v", after, pid, alive(pid))
		}
	}
}

func TestBrokenHandlersNeverStart(t *testing.T) {
	for mode, want := range map[string]string{"broken": "exit code 3", "deaf": "no answer within 300ms"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			_, err := process(t, mode)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "last words") {
				t.Errorf("Start = %v, want %s", err, want)
			}
		})
	}
}

func TestMissingExecutable(t *testing.T) {
	app := load(t, map[string]string{"F/function.json": eventFile})
	app.Handler.Executable = "/does/not/exist"
	h := host.New(app, host.Options{Worker: host.NewProcess(app, host.ProcessOptions{Log: slog.New(slog.DiscardHandler)}), Log: slog.New(slog.DiscardHandler)})
	if err := h.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("Start = %v", err)
	}
}
