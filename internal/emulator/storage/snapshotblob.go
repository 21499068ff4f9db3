package storage

import (
	"fmt"
	"time"
)

type savedContainer struct {
	Name      string            `json:"name"`
	Stamp     time.Time         `json:"stamp"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Immutable bool              `json:"immutable,omitempty"`
	Blobs     []savedBlob       `json:"blobs"`
}

type savedBlob struct {
	Name        string        `json:"name"`
	Content     *savedContent `json:"content,omitempty"`
	Lease       *savedLease   `json:"lease,omitempty"`
	Uncommitted []savedBlock  `json:"uncommitted,omitempty"`
}

type savedContent struct {
	Body         []byte            `json:"body"`
	Created      time.Time         `json:"created"`
	Stamp        time.Time         `json:"stamp"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	ContentType  string            `json:"contentType"`
	Encoding     string            `json:"contentEncoding,omitempty"`
	Language     string            `json:"contentLanguage,omitempty"`
	Disposition  string            `json:"contentDisposition,omitempty"`
	CacheControl string            `json:"cacheControl,omitempty"`
	MD5          []byte            `json:"md5,omitempty"`
	Tier         string            `json:"tier,omitempty"`
	Blocks       []savedBlock      `json:"blocks,omitempty"`
}

// savedBlock has the size of a committed block, whose bytes are the content's,
// and the bytes of one that is not committed.
type savedBlock struct {
	ID   string `json:"id"`
	Size int    `json:"size,omitempty"`
	Body []byte `json:"body,omitempty"`
}

type savedLease struct {
	ID       string        `json:"id"`
	Infinite bool          `json:"infinite,omitempty"`
	Broken   bool          `json:"broken,omitempty"`
	Duration time.Duration `json:"duration"`
	Until    time.Time     `json:"until"`
}

func (c *container) saved() savedContainer {
	saved := savedContainer{Name: c.name, Stamp: c.stamp, Metadata: c.metadata, Immutable: c.immutable}
	for _, name := range sortedKeys(c.blobs) {
		saved.Blobs = append(saved.Blobs, c.blobs[name].saved(name))
	}
	return saved
}

func (b *blob) saved(name string) savedBlob {
	saved := savedBlob{Name: name}
	for _, one := range b.uncommitted {
		saved.Uncommitted = append(saved.Uncommitted, savedBlock{ID: one.id, Body: one.body})
	}
	if l := b.lease; l.id != "" {
		saved.Lease = &savedLease{l.id, l.infinite, l.broken, l.duration, l.until}
	}
	if b.content != nil {
		saved.Content = b.content.saved()
	}
	return saved
}

func (c *content) saved() *savedContent {
	h := c.headers
	saved := &savedContent{
		Body: c.body, Created: c.created, Stamp: c.stamp, Metadata: c.metadata,
		ContentType: h.contentType, Encoding: h.encoding, Language: h.language,
		Disposition: h.disposition, CacheControl: h.cacheControl, MD5: h.md5, Tier: h.tier,
	}
	for _, one := range c.blocks {
		saved.Blocks = append(saved.Blocks, savedBlock{ID: one.id, Size: len(one.body)})
	}
	return saved
}

func (saved savedContainer) container() (*container, error) {
	c := &container{
		name: saved.Name, stamp: saved.Stamp.UTC(), metadata: saved.Metadata,
		immutable: saved.Immutable, blobs: make(map[string]*blob, len(saved.Blobs)),
	}
	for _, one := range saved.Blobs {
		b, err := one.blob()
		if err != nil {
			return nil, err
		}
		c.blobs[one.Name] = b
	}
	return c, nil
}

func (saved savedBlob) blob() (*blob, error) {
	b := &blob{}
	for _, one := range saved.Uncommitted {
		b.uncommitted = append(b.uncommitted, block{one.ID, one.Body})
	}
	if l := saved.Lease; l != nil {
		b.lease = lease{l.ID, l.Infinite, l.Duration, l.Until, l.Broken}
	}
	if saved.Content == nil {
		return b, nil
	}
	var err error
	b.content, err = saved.Content.content()
	return b, err
}

func (saved *savedContent) content() (*content, error) {
	c := &content{
		body: saved.Body, metadata: saved.Metadata, created: saved.Created.UTC(), stamp: saved.Stamp.UTC(),
		headers: blobHeaders{
			saved.ContentType, saved.Encoding, saved.Language, saved.Disposition,
			saved.CacheControl, saved.MD5, saved.Tier,
		},
	}
	rest := c.body
	for _, one := range saved.Blocks {
		if one.Size < 0 || one.Size > len(rest) {
			return nil, fmt.Errorf("block %s is longer than its blob", one.ID)
		}
		c.blocks = append(c.blocks, block{one.ID, rest[:one.Size]})
		rest = rest[one.Size:]
	}
	return c, nil
}
