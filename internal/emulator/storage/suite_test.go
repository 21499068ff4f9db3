package storage_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/storage/storagetest"
	"lifeboat/internal/emulator/wire"
)

const endpoint = "http://storage.invalid"

func newServer(t *testing.T, opts storage.Options) *storage.Server {
	t.Helper()
	s, err := storage.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tablesClient(t *testing.T, s *storage.Server, carrier policy.Transporter) *aztables.ServiceClient {
	t.Helper()
	client, err := aztables.NewServiceClientFromConnectionString(s.ConnectionString(endpoint, endpoint),
		clientOptions(carrier))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func clientOptions(carrier policy.Transporter) *aztables.ClientOptions {
	return &aztables.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: carrier}}
}

func blobClient(t *testing.T, s *storage.Server, carrier policy.Transporter) *azblob.Client {
	t.Helper()
	client, err := azblob.NewClientFromConnectionString(s.ConnectionString(endpoint, endpoint),
		&azblob.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: carrier}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// overPipe serves h by net/http over net.Pipe until the test ends.
func overPipe(t *testing.T, h http.Handler) policy.Transporter {
	t.Helper()
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

func TestTablesInProcess(t *testing.T) {
	s := newServer(t, storage.Options{})
	storagetest.Tables(t, tablesClient(t, s, wire.Transport{Handler: s.Table()}))
}

func TestBlobsInProcess(t *testing.T) {
	s := newServer(t, storage.Options{})
	storagetest.Blobs(t, blobClient(t, s, wire.Transport{Handler: s.Blob()}))
}

// In a bubble the clock stands still between requests, so everything that has
// to be unique or ordered is so without its help.
func TestTablesInBubble(t *testing.T) {
	for _, c := range storagetest.TableCases() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, storage.Options{Now: time.Now})
				c.Run(t, tablesClient(t, s, overPipe(t, s.Table())))
			})
		})
	}
}

func TestBlobsInBubble(t *testing.T) {
	for _, c := range storagetest.BlobCases() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, storage.Options{Now: time.Now})
				c.Run(t, blobClient(t, s, overPipe(t, s.Blob())))
			})
		})
	}
}

// A caller that does not follow continuations fails on the smallest pages.
func TestTablesInSmallPages(t *testing.T) {
	s := newServer(t, storage.Options{PageSize: 2, ScanLimit: 3})
	client := tablesClient(t, s, wire.Transport{Handler: s.Table()})
	for _, c := range storagetest.TableCases() {
		switch c.Name {
		case "a filter finds the rows it names", "rows come in the order of their keys", "pages continue where they ended":
			t.Run(c.Name, func(t *testing.T) { c.Run(t, client) })
		}
	}
}
