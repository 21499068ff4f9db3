package blobstore_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/internal/blobstore"
	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

const endpoint = "http://storage.invalid"

// bundle is a store and the stand-in below it.
type bundle struct {
	*blobstore.Store
	server *storage.Server
	tap    *wire.Tap
	opened []string // accounts
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return connect(t, storage.Options{}, func(h http.Handler) policy.Transporter { return wire.Transport{Handler: h} })
}

// connect makes a store whose requests are carried by carrier, with no retry
// so that a fault is seen as it comes.
func connect(t *testing.T, opts storage.Options, carrier func(http.Handler) policy.Transporter) *bundle {
	t.Helper()
	server, err := storage.New(opts)
	check(t, err)
	b := &bundle{server: server, tap: new(wire.Tap)}
	options := &service.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: carrier(b.tap.Wrap("blob", server.Blob())),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}}
	b.Store = blobstore.New(func(account string) (*service.Client, error) {
		b.opened = append(b.opened, account)
		if account != server.Account() {
			return nil, errors.New("no such account")
		}
		return service.NewClientFromConnectionString(server.ConnectionString(endpoint, endpoint), options)
	})
	return b
}

// put puts a blob of some size into a container, which is made if it must be.
func (b *bundle) put(t *testing.T) func(s job.Service, blob string, size int) {
	return func(s job.Service, blob string, size int) {
		t.Helper()
		var azure *storage.Error
		if err := b.server.CreateContainer(s.Container); err != nil && (!errors.As(err, &azure) || azure.Status != http.StatusConflict) {
			t.Fatal(err)
		}
		check(t, b.server.PutBlob(s.Container, blob, make([]byte, size), nil))
	}
}

// containers are what the suite may do without the port.
func (b *bundle) containers(t *testing.T) recoverytest.Containers {
	return recoverytest.Containers{
		Put: b.put(t), Protect: b.lease(t),
		Spoil: func(s job.Service, blob string) {
			t.Helper()
			check(t, b.server.PutBlob(s.Container, blob+".lifeboat.json", []byte(`{"schema":1`), nil))
		},
		Drop: func(s job.Service) {
			t.Helper()
			_, err := b.direct(t).NewContainerClient(s.Container).Delete(t.Context(), nil)
			check(t, err)
		},
	}
}

// direct is a client whose requests no tap sees.
func (b *bundle) direct(t *testing.T) *service.Client {
	t.Helper()
	client, err := service.NewClientFromConnectionString(b.server.ConnectionString(endpoint, endpoint), &service.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: wire.Transport{Handler: b.server.Blob()}},
	})
	check(t, err)
	return client
}

// lease leases a blob, until breakUp is called.
func (b *bundle) lease(t *testing.T) func(s job.Service, blob string) (breakUp func()) {
	return func(s job.Service, blob string) func() {
		t.Helper()
		held, err := lease.NewBlobClient(b.direct(t).NewContainerClient(s.Container).NewBlobClient(blob), nil)
		check(t, err)
		_, err = held.AcquireLease(t.Context(), -1, nil)
		check(t, err)
		return func() {
			t.Helper()
			_, err := held.BreakLease(t.Context(), nil)
			check(t, err)
		}
	}
}

// overPipe serves h by net/http over net.Pipe until the test ends.
func overPipe(t *testing.T) func(h http.Handler) policy.Transporter {
	return func(h http.Handler) policy.Transporter {
		pipe := wire.NewPipe()
		server := &http.Server{Handler: h}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = server.Serve(pipe)
		}()
		carrier := &http.Transport{DialContext: pipe.DialContext}
		t.Cleanup(func() {
			carrier.CloseIdleConnections()
			_ = server.Shutdown(context.Background())
			<-done
		})
		return &http.Client{Transport: carrier}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unnamed checks that err is an error that wraps no sentinel, shows no secret
// and says each of words.
func unnamed(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, sentinel := range []error{job.ErrNotFound, job.ErrExists, job.ErrConflict, job.ErrNewerSchema} {
		if errors.Is(err, sentinel) {
			t.Errorf("error %q wraps %q", err, sentinel)
		}
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
	for text := err; text != nil; text = errors.Unwrap(text) {
		for _, secret := range []string{"sig=", "secret", "SharedKey", "Authorization:", "\n"} {
			if strings.Contains(text.Error(), secret) {
				t.Errorf("error %q shows %q", text, secret)
			}
		}
	}
}
