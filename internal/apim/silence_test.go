package apim_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat/internal/apim"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// mortal is a connection whose other end can vanish: what is sent is lost, and
// nothing comes any more.
type mortal struct {
	net.Conn
	dead   *atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (m *mortal) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	if m.dead.Load() {
		<-m.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (m *mortal) Write(b []byte) (int, error) {
	if m.dead.Load() {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

func (m *mortal) Close() error {
	m.once.Do(func() { close(m.closed) })
	return m.Conn.Close()
}

// A connection to ARM that died without a word costs one look a few seconds,
// and the next one nothing.
func TestADeadConnectionIsGivenUp(t *testing.T) {
	for name, h2 := range map[string]bool{"HTTP/2": true, "HTTP/1": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, protocol := newWorld(t), ""
				network, pipe := w.network(), wire.NewPipe()
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					protocol = r.Proto
					network.ServeHTTP(rw, r)
				}))
				server.Listener, server.EnableHTTP2 = pipe, h2
				server.StartTLS()
				defer server.Close()
				trust := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

				var dead *atomic.Bool
				carrier := apim.NewCarrier()
				carrier.TLSClientConfig = &tls.Config{RootCAs: trust, ServerName: "example.com", MinVersion: tls.VersionTLS12}
				carrier.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := pipe.DialContext(ctx, network, address)
					dead = &atomic.Bool{}
					return &mortal{Conn: conn, dead: dead, closed: make(chan struct{})}, err
				}
				defer carrier.CloseIdleConnections()
				w.client = w.connect(&http.Client{Transport: carrier})

				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
				defer cancel()
				if _, err := w.client.Observe(ctx, weu()); err != nil {
					t.Fatal(err)
				}
				if (protocol == "HTTP/2.0") != h2 {
					t.Fatalf("the connection speaks %s", protocol)
				}
				dead.Store(true)
				begun, most := time.Now(), 61*time.Second
				if h2 {
					most = 16 * time.Second
				}
				_, err := w.client.Observe(ctx, weu())
				if took := time.Since(begun); !errors.Is(err, job.ErrUnavailable) || took > most {
					t.Errorf("the look on a dead connection took %s, %v", took, err)
				}
				begun = time.Now()
				if _, err := w.client.Observe(ctx, weu()); err != nil || time.Since(begun) > time.Second {
					t.Errorf("the look after it took %s, %v", time.Since(begun), err)
				}
			})
		})
	}
}

// mute is an ARM that takes a request and does not answer.
type mute struct{ requests int }

func (m *mute) Do(r *http.Request) (*http.Response, error) {
	m.requests++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// dribble is an ARM whose answer begins and does not end.
type dribble struct{}

func (dribble) Do(r *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	context.AfterFunc(r.Context(), func() { w.CloseWithError(r.Context().Err()) })
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r}, nil
}

// A look that has no answer ends by itself. A request that starts something
// has the time that its caller gives it.
func TestNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.start()
		for name, client := range map[string]*apim.Client{"no answer": w.connect(&mute{}), "half an answer": w.connect(dribble{})} {
			for call, look := range map[string]func() error{
				"observe": func() error { _, err := client.Observe(t.Context(), weu()); return err },
				"poll":    func() error { _, err := client.Poll(t.Context(), weu(), token); return err },
				"count": func() error {
					_, err := client.Count(t.Context(), weu(), job.Resources{APIs: true, Products: true})
					return err
				},
			} {
				begun := time.Now()
				err := look()
				if took := time.Since(begun); !errors.Is(err, job.ErrUnavailable) || took > time.Minute {
					t.Errorf("%s, %s: %v after %s", call, name, err, took)
				}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		silent, begun := &mute{}, time.Now()
		_, err := w.connect(silent).StartBackup(ctx, weu(), blob)
		if took := time.Since(begun); !errors.Is(err, job.ErrUnanswered) || took != 2*time.Minute || silent.requests != 1 {
			t.Errorf("%d requests for a backup, %v after %s", silent.requests, err, took)
		}
	})
}
