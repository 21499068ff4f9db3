package storage

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// BlobInfo describes a blob in a list.
type BlobInfo struct {
	Name     string
	Size     int
	Created  time.Time
	Modified time.Time
	ETag     string
	Metadata map[string]string
	Leased   bool
}

// CreateContainer makes an empty container; an *Error says why it can't.
func (s *Server) CreateContainer(name string) error {
	_, err := s.createContainer(name, nil)
	return err
}

// SetImmutable says whether the container's blobs can be overwritten, changed
// or deleted, as a time-based retention policy would forbid. New blobs can
// always be written.
func (s *Server) SetImmutable(name string, immutable bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.container(name)
	if err != nil {
		return err
	}
	c.immutable = immutable
	return nil
}

// PutBlob writes a blob as a client without a lease would; an *Error says why
// it can't. Metadata names are kept in lower case.
func (s *Server) PutBlob(container, name string, body []byte, metadata map[string]string) error {
	if err := checkBlobName(name); err != nil {
		return err
	}
	kept := make(map[string]string, len(metadata))
	for k, v := range metadata {
		kept[strings.ToLower(k)] = v
	}
	h := blobHeaders{md5: md5Of(body)}
	_, err := s.put(write{container: container, name: name}, newContent(slices.Clone(body), kept, h))
	return err
}

// GetBlob returns copies of a blob's content and metadata; an *Error says why
// it can't.
func (s *Server) GetBlob(container, name string) ([]byte, map[string]string, error) {
	c, _, err := s.content(container, name, "")
	if err != nil {
		return nil, nil, err
	}
	return slices.Clone(c.body), maps.Clone(c.metadata), nil
}

// DeleteBlob deletes a blob as a client without a lease would; an *Error says
// why it can't.
func (s *Server) DeleteBlob(container, name string) error {
	return s.delete(write{container: container, name: name})
}

// ListBlobs returns the blobs whose names begin with prefix, by name. It is
// empty if there is no such container.
func (s *Server) ListBlobs(container, prefix string) []BlobInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.containers[container]
	if c == nil {
		return nil
	}
	var infos []BlobInfo
	for _, name := range sortedKeys(c.blobs) {
		b := c.blobs[name]
		if b.content == nil || !strings.HasPrefix(name, prefix) {
			continue
		}
		infos = append(infos, BlobInfo{
			Name: name, Size: len(b.content.body), Created: b.content.created, Modified: b.content.stamp,
			ETag: b.content.etag(), Metadata: maps.Clone(b.content.metadata), Leased: b.lease.locks(s.opts.Now()),
		})
	}
	return infos
}

// Containers returns the containers' names, sorted.
func (s *Server) Containers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sortedKeys(s.containers)
}
