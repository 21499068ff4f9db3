package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/terminal"
)

// staging says what a stage is made of.
type staging struct {
	app      string // the function app: host.json and the folders
	dir      string // for the plan and the handler's log
	listen   string
	services []arm.Service
	plan     string // its text
	out      io.Writer
	colors   terminal.Palette
	// keyless: HTTP functions ask for no key, as under Core Tools.
	keyless bool
	// worker runs the handler; the real binary if nil.
	worker func(s *stage) (host.Worker, error)
	// hands type an operator's commands; the real binary if nil.
	hands func(ctx context.Context, s *stage, args []string) (string, error)
	// binary runs instead of the app's own; the app's own if empty.
	binary string
	// invoked hears of each invocation after its end; may be nil.
	invoked func(host.Invocation)
}

// stage is the development Azure with a Functions host that runs Lifeboat.
type stage struct {
	staging
	azure    *emulator.Azure
	at       emulator.Addresses
	timeline *timeline
	loaded   host.App
	host     *host.Host
	running  host.Worker // of the host
	log      *os.File

	receiver   *receiver
	receiverAt *site

	pages      map[string]string // of lookAround
	looking    sync.Mutex
	peeked     int             // pages read while the story went on
	shown      []string        // secrets that stood on them
	kept       func() []string // what the handler sent; may be nil
	storageKey string          // of services that are reached by key

	invocations invocations
	noting      sync.Mutex
	asked       notes
	sent        sent
	storm       storm
	silence     silenceNotes
	lost        lostNotes
}

// The files in a stage's folder.
const (
	planName = "lifeboat.yaml"
	logName  = "handler.log"
)

// raise starts everything. Nothing has been fired yet.
func raise(ctx context.Context, o staging) (*stage, error) {
	app, err := loadApp(o.app)
	if err != nil {
		return nil, err
	}
	if o.binary != "" {
		app.Handler.Executable = o.binary
	}
	if o.worker == nil {
		if err := needBinary(app); err != nil {
			return nil, err
		}
	}
	s := &stage{staging: o, loaded: app, storageKey: rand.Text()}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	err = s.open()
	if err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		s.strike()
		return nil, err
	}
	return s, nil
}

// open opens the sockets. With a worker of the staging's own nobody needs
// Azure's.
func (s *stage) open() (err error) {
	s.receiver = newReceiver(s.timeline.noticed)
	if s.receiverAt, err = s.serve(s.azure.Tap.Wrap(receiverService, s.receiver)); err == nil && s.worker == nil {
		s.at, err = s.azure.Serve(s.listen)
	}
	return err
}

// start starts the Functions host with the handler; after a crash, anew.
func (s *stage) start(ctx context.Context) error {
	worker, err := s.makeWorker()
	if err != nil {
		return err
	}
	s.running = worker
	key := functionKey
	if s.keyless {
		key = ""
	}
	h := host.New(s.loaded, host.Options{
		Worker: worker, Queues: s.azure.Queues(), Log: s.timeline.hostLog(), FunctionKey: key,
		OnInvocation: func(in host.Invocation) {
			s.timeline.invoked(in)
			s.invocations.add(in)
			if s.invoked != nil {
				s.invoked(in)
			}
		},
	})
	if err := h.Start(ctx); err != nil {
		return err
	}
	s.host = h
	return nil
}

// needBinary says what to do where the app's handler has not been built. The
// host makes a path that leads to a file absolute and leaves the rest to PATH.
func needBinary(app host.App) error {
	if exe := app.Handler.Executable; !filepath.IsAbs(exe) && strings.ContainsRune(exe, filepath.Separator) {
		return fmt.Errorf("%s is not there: run make build first", filepath.Join(app.Dir, exe))
	}
	return nil
}

// loadApp reads the function app and says what to do where there is none.
func loadApp(dir string) (host.App, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return host.App{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, "host.json")); err != nil {
		return host.App{}, fmt.Errorf("there is no host.json in %s: run this in Lifeboat's own folder, or name it by --app", dir)
	}
	app, err := host.Load(dir, func(string) string { return "" })
	if err != nil {
		return app, err
	}
	// What an operator should know of host.json is not news at every start.
	app.Warnings = nil
	return app, nil
}

// prepare makes the Azure and the files.
func (s *stage) prepare() error {
	err := os.MkdirAll(s.dir, 0o700)
	if err == nil {
		err = os.WriteFile(s.planFile(), []byte(s.plan), 0o600)
	}
	if err == nil {
		s.log, err = os.OpenFile(s.logFile(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	}
	if err != nil {
		return fmt.Errorf("prepare the lab's folder: %w", err)
	}
	s.timeline = newTimeline(s.out, s.log, s.colors, s.names())
	s.azure = emulator.New(emulator.Options{Services: s.services, Account: labAccount, Log: s.timeline.hostLog()})
	s.timeline.sizes, s.timeline.ends = s.backupSize, s.ending
	return nil
}

func (s *stage) planFile() string { return filepath.Join(s.dir, planName) }
func (s *stage) logFile() string  { return filepath.Join(s.dir, logName) }

func (s *stage) names() []string {
	var names []string
	for _, v := range s.services {
		names = append(names, v.Name)
	}
	return names
}

// makeWorker returns the real binary, unless the staging has another worker.
func (s *stage) makeWorker() (host.Worker, error) {
	if s.worker != nil {
		return s.worker(s)
	}
	settings, err := s.settings()
	if err != nil {
		return nil, err
	}
	return host.NewProcess(s.loaded, host.ProcessOptions{Env: settings, Output: s.timeline.handlerLine, Log: s.timeline.hostLog()}), nil
}

// backupSize is that of a job's newest backup, 0 if it has none.
func (s *stage) backupSize(job string) int {
	n := 0
	for _, b := range s.azure.Storage.ListBlobs(backupContainer, job+"-") {
		if strings.HasSuffix(b.Name, backupSuffix) {
			n = b.Size
		}
	}
	return n
}

// fire runs a function by hand.
func (s *stage) fire(function string) error {
	in, err := s.host.Fire(function, "")
	if err == nil && in.Outcome != host.Succeeded {
		err = fmt.Errorf("%s: %s", function, in.Reason)
	}
	return err
}

// lookEvery is how often the state table is looked at.
const lookEvery = 100 * time.Millisecond

// errStopped: the handler has failed for good.
var errStopped = errors.New("the handler does not stay up")

// settled waits until every job in the table has ended and there is one of
// each service. Its errors are until's.
func (s *stage) settled(ctx context.Context) error {
	return s.until(ctx, func() bool {
		jobs := jobRows(s.azure)
		runs := func(j jobRow) bool { return j.ended.IsZero() }
		return len(jobs) >= len(s.services) && !slices.ContainsFunc(jobs, runs)
	})
}

// until waits for something to come true. Its errors are the context's and
// errStopped.
func (s *stage) until(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.host.Done():
			return fmt.Errorf("%w: %w", errStopped, s.host.Err())
		}
	}
	return nil
}

// strikeWithin is how long invocations get to end.
const strikeWithin = 3 * time.Second

// strike takes everything down. What the Azure holds can still be read.
func (s *stage) strike() {
	if s.host != nil {
		stop, cancel := context.WithTimeout(context.Background(), strikeWithin)
		defer cancel()
		_ = s.host.Stop(stop) // why it stopped by itself has been told
	}
	if s.receiverAt != nil {
		s.receiverAt.close()
	}
	s.azure.Close()
	_ = s.log.Close()
}
