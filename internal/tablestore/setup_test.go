package tablestore_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/tablestore"
)

const (
	endpoint = "http://storage.invalid"
	table    = "lifeboat"
)

// bundle is a store and the stand-in below it.
type bundle struct {
	*tablestore.Store
	server *storage.Server
	client *aztables.Client
	tap    *wire.Tap
}

func setup(t *testing.T, opts storage.Options) *bundle {
	t.Helper()
	return connect(t, opts, func(h http.Handler) policy.Transporter { return wire.Transport{Handler: h} })
}

// connect makes a store whose requests are carried by carrier, with no retry
// so that a fault is seen as it comes.
func connect(t *testing.T, opts storage.Options, carrier func(http.Handler) policy.Transporter) *bundle {
	t.Helper()
	server, err := storage.New(opts)
	check(t, err)
	check(t, server.CreateTable(table))
	tap := new(wire.Tap)
	b := &bundle{server: server, tap: tap}
	b.client = b.clientOf(t, server.ConnectionString(endpoint, endpoint), carrier(tap.Wrap("table", server.Table())), noRetry)
	b.Store = tablestore.New(b.client)
	return b
}

var noRetry = policy.RetryOptions{MaxRetries: -1}

func (b *bundle) clientOf(t *testing.T, connection string, carrier policy.Transporter, retry policy.RetryOptions) *aztables.Client {
	t.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(connection, &aztables.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: carrier, Retry: retry},
	})
	check(t, err)
	return service.NewClient(table)
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

// row is a row of the table by its keys, nil if it is not there.
func (b *bundle) row(service, key string) map[string]any {
	for _, r := range b.server.Entities(table) {
		if r["PartitionKey"] == service && r["RowKey"] == key {
			return r
		}
	}
	return nil
}

// unnamed checks that err is an error that wraps no sentinel, shows no secret
// and says each of words.
func unnamed(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, sentinel := range []error{job.ErrNotFound, job.ErrExists, job.ErrConflict, job.ErrLeased, job.ErrNewerSchema} {
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
