// Package blobstore looks at backups where API Management writes them and
// records beside each what is known about it. It never changes a backup, though
// it can remove one. Of a record only what comes to be known later is changed,
// and what must be known is in it from the start: containers may be immutable.
package blobstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"lifeboat/internal/job"
)

// Store is the backup containers of any number of storage accounts. It is safe
// for concurrent use.
type Store struct {
	open func(account string) (*service.Client, error)

	mu      sync.Mutex
	clients map[string]*service.Client
}

// New asks open for a client once for each storage account that a job.Service
// names. The clients' retries should be few and end well within the caller's
// deadline, as for package tablestore: everything here may be repeated.
func New(open func(account string) (*service.Client, error)) *Store {
	return &Store{open: open, clients: map[string]*service.Client{}}
}

func (s *Store) container(where job.Service) (*container.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, ok := s.clients[where.Account]
	if !ok {
		var err error
		if client, err = s.open(where.Account); err != nil {
			return nil, failed(fmt.Sprintf("open storage account %s", where.Account), err)
		}
		s.clients[where.Account] = client
	}
	return client.NewContainerClient(where.Container), nil
}

// Artefact looks at a backup blob. It returns job.ErrNotFound, also where the
// container is missing, which the first backup creates.
func (s *Store) Artefact(ctx context.Context, where job.Service, name string) (job.Artefact, error) {
	doing := fmt.Sprintf("look at blob %s in container %s of account %s", name, where.Container, where.Account)
	c, err := s.container(where)
	if err != nil {
		return job.Artefact{}, err
	}
	got, err := c.NewBlobClient(name).GetProperties(ctx, nil)
	switch a := answerOf(err); {
	case err == nil && (got.ETag == nil || got.BlobType == nil || got.ContentLength == nil):
		return job.Artefact{}, failed(doing, errNoBlob)
	case err == nil:
		return job.Artefact{Name: name, Size: *got.ContentLength}, nil
	case a.containerMissing():
		return job.Artefact{}, fmt.Errorf("%s: the container does not exist: %w", doing, job.ErrNotFound)
	case a.missing():
		return job.Artefact{}, fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	}
	return job.Artefact{}, failed(doing, err)
}

// Record writes p's sidecar beside its blob, unless there is one: then that
// one stands. It returns what the sidecar says, or job.ErrNewerSchema if a
// newer version of Lifeboat wrote it.
func (s *Store) Record(ctx context.Context, where job.Service, p job.Point) (job.Point, error) {
	name := sidecarName(p.Blob)
	doing := fmt.Sprintf("write sidecar %s in container %s of account %s", name, where.Container, where.Account)
	c, err := s.container(where)
	if err != nil {
		return job.Point{}, err
	}
	text, written, err := sidecarOf(p)
	if err != nil {
		return job.Point{}, fmt.Errorf("%s: %w", doing, err)
	}
	err = upload(ctx, c, name, text, blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)})
	switch {
	case err == nil:
		return written, nil
	case answerOf(err).exists():
		return recorded(ctx, c, where, p.Blob)
	}
	return job.Point{}, failed(doing, err)
}

// recorded is what the sidecar of a backup says.
func recorded(ctx context.Context, c *container.Client, where job.Service, backup string) (job.Point, error) {
	name := sidecarName(backup)
	doing := fmt.Sprintf("read sidecar %s in container %s of account %s", name, where.Container, where.Account)
	text, _, err := download(ctx, c, name)
	if err != nil {
		return job.Point{}, failed(doing, err)
	}
	p, err := decodeOf(backup, text)
	if err != nil {
		return job.Point{}, fmt.Errorf("%s: %w", doing, err)
	}
	return p, nil
}

func upload(ctx context.Context, c *container.Client, name string, text []byte, condition blob.ModifiedAccessConditions) error {
	_, err := c.NewBlockBlobClient(name).Upload(ctx, streaming.NopCloser(bytes.NewReader(text)), &blockblob.UploadOptions{
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: to.Ptr("application/json")},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &condition},
	})
	return err
}

// errNoBlob: something else than storage answered, a proxy say, and whether
// there is a blob is not known. The SDK looks at the status alone.
var errNoBlob = errors.New("the answer is not a blob's: try again")

// download reads a sidecar or the like, or the beginning of what is too large
// for one. Where there is no error there is a tag.
func download(ctx context.Context, c *container.Client, name string) (text []byte, tag *azcore.ETag, err error) {
	got, err := c.NewBlobClient(name).DownloadStream(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	if got.ETag == nil || got.BlobType == nil {
		return nil, nil, errors.Join(errNoBlob, got.Body.Close())
	}
	text, err = io.ReadAll(io.LimitReader(got.Body, maxSidecar+1))
	return text, got.ETag, errors.Join(err, got.Body.Close())
}
