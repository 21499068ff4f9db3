package apim_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"lifeboat/internal/apim"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// overPipe returns a client that speaks real HTTP over pipes, the pipe, and
// what ends both.
func (w *world) overPipe() (*apim.Client, *wire.Pipe, func()) {
	pipe := wire.NewPipe()
	server := &http.Server{Handler: w.network()}
	done := make(chan error, 1)
	go func() { done <- server.Serve(pipe) }()
	carrier := &http.Transport{DialContext: pipe.DialContext, DialTLSContext: pipe.DialContext}
	return w.connect(&http.Client{Transport: carrier}), pipe, func() {
		carrier.CloseIdleConnections()
		_ = server.Shutdown(context.Background())
		<-done
	}
}

// One client serves all invocations of a process.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	token := w.start()
	var wg sync.WaitGroup
	for i := range 8 {
		s := weu()
		s.APIVersion = []string{"", "2024-05-01"}[i%2]
		wg.Go(func() {
			if _, err := w.client.Poll(t.Context(), s, token); err != nil {
				t.Error(err)
			}
			if _, err := w.client.Count(t.Context(), s, job.Resources{APIs: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
