package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lifeboat/handlers"
	"lifeboat/internal/config"
	"lifeboat/internal/functions"
	"lifeboat/internal/telemetry"
)

// serve answers the Functions host until the context or a signal ends it.
func serve(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	settings, err := config.Load(getenv)
	if err != nil {
		say(stderr, err)
		return exitError
	}
	// The host takes everything on stderr for an error, so logs go to stdout.
	log := slog.New(functions.LogHandler(slog.NewJSONHandler(stdout, &slog.HandlerOptions{Level: settings.LogLevel})))
	engine, err := assemble(settings, getenv, log)
	if err != nil {
		say(stderr, err)
		return exitError
	}
	tracing, err := telemetry.Setup(ctx, getenv, revision(), log)
	if err != nil {
		// A wish for traces must not stop backups.
		log.ErrorContext(ctx, "no traces: correct the settings", "error", err.Error())
	}
	tracing.Wrap(engine)
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(settings.Port)))
	if err != nil {
		say(stderr, fmt.Errorf("listen for the Functions host: %w", err))
		return exitError
	}
	log.InfoContext(ctx, "ready", "address", listener.Addr().String(), "plan", settings.PlanFile, "services", len(engine.Plan.Services),
		"serviceBus", settings.ServiceBus, "state", settings.State)
	code := answer(ctx, listener, handlers.New(engine, log, tracing.Attach, admitting(settings)), log)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
	defer cancel()
	if err := tracing.Shutdown(last); err != nil {
		log.WarnContext(ctx, "the last traces are lost", "error", err.Error())
	}
	return code
}

// admitting lets those see the status page whom App Service authentication
// names, and on a developer's machine everybody. Where neither is so, nobody.
func admitting(c config.Config) func(*functions.Options) {
	return func(o *functions.Options) {
		switch {
		case c.Development():
			o.Admits = func(*http.Request) bool { return true }
		case c.SignIn:
			o.Admits = functions.SignedIn
		}
	}
}

// lastTraces is how long sending them may put off the end.
const lastTraces = 2 * time.Second

// stopWithin is how long running invocations get when the handler is told to
// stop. The host does not ask: it kills.
const stopWithin = 10 * time.Second

// What a client may take and send. The host is the only one, but it forwards
// what others sent. It keeps idle connections for minutes, and one that is
// closed under its hands would fail an invocation.
const (
	headerLimit = 10 * time.Second
	answerLimit = handlers.Deadline + time.Minute
	idleLimit   = 10 * time.Minute
	maxHeader   = 64 << 10
)

// newServer bounds whatever a client can draw out. How long a body may take is
// package functions' affair.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerLimit, WriteTimeout: answerLimit, IdleTimeout: idleLimit, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// answer serves on l and returns the exit code.
func answer(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	server := newServer(h, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()

	code := exitError
	select {
	case err := <-failed:
		log.ErrorContext(ctx, "serving ended", "error", err.Error())
		return exitError
	case s := <-signals:
		if number, ok := s.(syscall.Signal); ok {
			code = 128 + int(number)
		}
		log.InfoContext(ctx, "stopping", "signal", s.String())
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := server.Shutdown(stop); err != nil && !errors.Is(err, http.ErrServerClosed) {
		log.WarnContext(ctx, "invocations cut off", "error", err.Error())
	}
	return code
}

// say prints every line of err for a person.
func say(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "lifeboat: %s\n", strings.TrimRight(line, "\n"))
	}
}
