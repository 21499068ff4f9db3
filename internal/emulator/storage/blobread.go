package storage

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// serveGetBlob answers Get Blob, Get Blob Properties and Get Blob Metadata.
func (s *Server) serveGetBlob(x *exchange, container, name string) error {
	cond, err := readConditions(x.r.Header)
	if err != nil {
		return err
	}
	c, l, err := s.content(container, name, x.header("x-ms-lease-id"))
	if err != nil {
		return err
	}
	if err := cond.forRead(c.etag(), c.stamp); err != nil {
		x.set("ETag", c.etag())
		return err
	}
	s.describe(x, c, l)
	if x.query("comp") == "metadata" {
		x.w.WriteHeader(http.StatusOK)
		return nil
	}
	return x.sendContent(c)
}

// content finds a blob's content and a copy of its lease, for a reader that
// may name the lease.
func (s *Server) content(container, name, leaseID string) (*content, lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, b, err := s.committed(container, name)
	if err != nil {
		return nil, lease{}, err
	}
	if err := b.lease.allows(leaseID, false, s.opts.Now()); err != nil {
		return nil, lease{}, err
	}
	return b.content, b.lease, nil
}

// describe sets the headers that tell a blob's properties.
func (s *Server) describe(x *exchange, c *content, l lease) {
	h := c.headers
	for name, value := range map[string]string{
		"ETag":                  c.etag(),
		"Last-Modified":         c.stamp.Format(http.TimeFormat),
		"x-ms-creation-time":    c.created.Format(http.TimeFormat),
		"x-ms-blob-type":        "BlockBlob",
		"x-ms-server-encrypted": "true",
		"x-ms-access-tier":      h.tier,
		"Accept-Ranges":         "bytes",
		"Content-Type":          h.contentType,
		"Content-Encoding":      h.encoding,
		"Content-Language":      h.language,
		"Content-Disposition":   h.disposition,
		"Cache-Control":         h.cacheControl,
	} {
		if value != "" {
			x.set(name, value)
		}
	}
	for name, value := range c.metadata {
		x.set(metadataPrefix+name, value)
	}
	status, state, duration := l.words(s.opts.Now())
	x.set("x-ms-lease-status", status)
	x.set("x-ms-lease-state", state)
	if duration != "" {
		x.set("x-ms-lease-duration", duration)
	}
}

// sendContent sends the whole or the range that was asked for.
func (x *exchange) sendContent(c *content) error {
	asked := x.header("x-ms-range")
	if asked == "" {
		asked = x.header("Range")
	}
	sum := base64.StdEncoding.EncodeToString(c.headers.md5)
	if asked == "" || x.r.Method == http.MethodHead {
		if sum != "" {
			x.set("Content-MD5", sum)
		}
		x.bytes(http.StatusOK, c.body)
		return nil
	}
	from, to, err := readRange(asked, len(c.body))
	if err != nil {
		x.set("Content-Range", fmt.Sprintf("bytes */%d", len(c.body)))
		return err
	}
	part := c.body[from:to]
	if sum != "" {
		x.set("x-ms-blob-content-md5", sum)
	}
	if x.header("x-ms-range-get-content-md5") == "true" {
		x.set("Content-MD5", base64.StdEncoding.EncodeToString(md5Of(part)))
	}
	x.set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(c.body)))
	x.bytes(http.StatusPartialContent, part)
	return nil
}

func (x *exchange) bytes(status int, body []byte) {
	x.set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(body)
	}
}

// readRange reads bytes=from-to or bytes=from-, the forms that the service
// knows, and returns a half-open range.
func readRange(text string, size int) (from, to int, err error) {
	spec, ok := strings.CutPrefix(text, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return 0, 0, errHeaderValue
	}
	if from, err = strconv.Atoi(first); err != nil || from < 0 {
		return 0, 0, errHeaderValue
	}
	to = size
	if last != "" {
		if to, err = strconv.Atoi(last); err != nil || to < from {
			return 0, 0, errHeaderValue
		}
		to = min(to+1, size)
	}
	if from >= size {
		return 0, 0, errRange
	}
	return from, to, nil
}
