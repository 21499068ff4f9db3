// Package storage stands in for Azure Table and Blob storage in development:
// two http.Handlers that the unmodified SDK clients cannot tell from the
// service as far as Lifeboat and a careful user need it. State lives in memory
// and can be saved and loaded whole. What the stand-in does not do it refuses
// with 501 and the operation's name; it never pretends.
//
// It leaves counting and breaking requests to package wire, and it does not
// check how old a request's date is, so that a client may live on another
// clock than the server.
package storage

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// The account that Azure's own development tools use. The key is public.
const (
	DefaultAccount = "devstoreaccount1"
	DefaultKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Options are the account and its quirks. The zero Options are Azure's
// development account on the wall clock.
type Options struct {
	Account string           // DefaultAccount if empty
	Key     string           // base64; DefaultKey if empty
	Now     func() time.Time // time.Now if nil

	// AllowBearer also lets in any request with a bearer token, unchecked.
	AllowBearer bool

	// PageSize is the most rows in a page of a table query; 1000 (Azure's) if
	// zero. Smaller pages make a caller that forgets continuation fail early.
	PageSize int
	// ScanLimit is the most rows that a page of a table query looks at; no
	// limit if zero. Azure may end a page early, even an empty one, with a
	// continuation.
	ScanLimit int
}

// Server is one storage account. It is safe for concurrent use.
type Server struct {
	opts Options
	key  []byte

	mu         sync.Mutex
	stamped    time.Time // the last stamp handed out
	requests   uint64
	tables     map[string]*table // by lower-case name
	containers map[string]*container
}

// New returns an empty account. It fails if the key is not base64.
func New(opts Options) (*Server, error) {
	if opts.Account == "" {
		opts.Account = DefaultAccount
	}
	if opts.Key == "" {
		opts.Key = DefaultKey
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.PageSize <= 0 || opts.PageSize > maxPage {
		opts.PageSize = maxPage
	}
	key, err := base64.StdEncoding.DecodeString(opts.Key)
	if err != nil {
		return nil, fmt.Errorf("account key: %w", err)
	}
	return &Server{
		opts: opts, key: key,
		tables:     make(map[string]*table),
		containers: make(map[string]*container),
	}, nil
}

// Table serves the Table service under /<account>.
func (s *Server) Table() http.Handler { return s.handler(s.serveTable, writeTableError) }

// Blob serves the Blob service under /<account>.
func (s *Server) Blob() http.Handler { return s.handler(s.serveBlob, writeBlobError) }

// ConnectionString names the account at two endpoints such as
// http://127.0.0.1:10000; the account's path is added to each.
func (s *Server) ConnectionString(blobEndpoint, tableEndpoint string) string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s/%s;TableEndpoint=%s/%s;",
		s.opts.Account, s.opts.Key, blobEndpoint, s.opts.Account, tableEndpoint, s.opts.Account)
}

// Account returns the account's name.
func (s *Server) Account() string { return s.opts.Account }

// Key returns the account's key in base64.
func (s *Server) Key() string { return s.opts.Key }

// tick is the resolution of Azure's timestamps.
const tick = 100 * time.Nanosecond

// stamp is now, or just after the last stamp: no two writes share a stamp, so
// ETags made of it are unique however coarse the clock. Call it with s.mu held.
func (s *Server) stamp() time.Time {
	now := s.opts.Now().UTC().Truncate(tick)
	if !now.After(s.stamped) {
		now = s.stamped.Add(tick)
	}
	s.stamped = now
	return now
}
