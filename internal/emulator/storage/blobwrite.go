package storage

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"hash/crc64"
	"net/http"
	"regexp"
	"strings"
)

// write is a change to a blob's content or properties, and the conditions on it.
type write struct {
	container, name string
	conditions      conditions
	leaseID         string
}

func (x *exchange) write(container, name string) (write, error) {
	c, err := readConditions(x.r.Header)
	return write{container, name, c, x.header("x-ms-lease-id")}, err
}

// open finds the blob to write over, or an empty one that is not in its
// container yet, and checks whether w may. With must, the blob has to be there.
// Call it with s.mu held.
func (s *Server) open(w write, must bool) (*container, *blob, error) {
	c, b, err := s.committed(w.container, w.name)
	if c == nil || must && err != nil {
		return nil, nil, err
	}
	if b == nil {
		if b = c.blobs[w.name]; b == nil {
			b = &blob{}
		}
	}
	if err := w.conditions.forWrite(b.content); err != nil {
		return nil, nil, err
	}
	if err := b.lease.allows(w.leaseID, true, s.opts.Now()); err != nil {
		return nil, nil, err
	}
	if c.immutable && b.content != nil {
		return nil, nil, errImmutable
	}
	return c, b, nil
}

func (s *Server) servePutBlob(x *exchange, container, name string) error {
	switch kind := x.header("x-ms-blob-type"); kind {
	case "BlockBlob":
	case "":
		return errNoHeader
	default:
		return notBuilt("blobs of the type " + kind)
	}
	w, err := x.write(container, name)
	if err != nil {
		return err
	}
	h, metadata, err := x.stored()
	if err != nil {
		return err
	}
	sum, err := x.checksum()
	if err != nil {
		return err
	}
	if h.md5 == nil {
		h.md5 = sum
	} else if !bytes.Equal(h.md5, sum) {
		return errMD5
	}
	c, err := s.put(w, newContent(x.body, metadata, h))
	if err != nil {
		return err
	}
	x.set("Content-MD5", base64.StdEncoding.EncodeToString(sum))
	x.written(c, http.StatusCreated)
	return nil
}

func (s *Server) put(w write, c *content) (*content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, b, err := s.open(w, false)
	if err != nil {
		return nil, err
	}
	in.blobs[w.name] = b
	s.replace(b, c)
	return c, nil
}

// written answers a successful write.
func (x *exchange) written(c *content, status int) {
	x.set("ETag", c.etag())
	x.set("Last-Modified", c.stamp.Format(http.TimeFormat))
	x.set("x-ms-request-server-encrypted", "true")
	x.w.WriteHeader(status)
}

// stored reads the headers that are kept with a blob.
func (x *exchange) stored() (blobHeaders, map[string]string, error) {
	h := blobHeaders{
		contentType:  x.header("x-ms-blob-content-type"),
		encoding:     x.header("x-ms-blob-content-encoding"),
		language:     x.header("x-ms-blob-content-language"),
		disposition:  x.header("x-ms-blob-content-disposition"),
		cacheControl: x.header("x-ms-blob-cache-control"),
		tier:         x.header("x-ms-access-tier"),
	}
	var err error
	if v := x.header("x-ms-blob-content-md5"); v != "" {
		if h.md5, err = base64.StdEncoding.DecodeString(v); err != nil || len(h.md5) != md5.Size {
			return h, nil, &Error{400, "InvalidMd5", "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64-encoded."}
		}
	}
	metadata, err := readMetadata(x.r.Header)
	return h, metadata, err
}

var metadataName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

const metadataPrefix = "X-Ms-Meta-"

// readMetadata reads a blob's or a container's metadata. net/http does not
// keep the case of header names, so names are lower-case here.
func readMetadata(h http.Header) (map[string]string, error) {
	metadata := make(map[string]string)
	size := 0
	for name, values := range h {
		short, ok := strings.CutPrefix(name, metadataPrefix)
		if !ok {
			continue
		}
		short = strings.ToLower(short)
		if short == "" {
			return nil, &Error{400, "EmptyMetadataKey", "The key for one of the metadata key-value pairs is empty."}
		}
		if !metadataName.MatchString(short) {
			return nil, errMetadata
		}
		metadata[short] = strings.Join(values, ",")
		size += len(short) + len(metadata[short])
	}
	if size > 8<<10 {
		return nil, &Error{400, "MetadataTooLarge", "The metadata specified exceeds the maximum permissible limit (8KB)."}
	}
	return metadata, nil
}

// crcTable is of the polynomial that the service uses.
var crcTable = crc64.MakeTable(0x9A6C9329AC4BC9B5)

// checksum compares the body with the checksums sent along, and returns its MD5.
func (x *exchange) checksum() ([]byte, error) {
	sum := md5Of(x.body)
	if v := x.header("Content-MD5"); v != "" && v != base64.StdEncoding.EncodeToString(sum) {
		return nil, errMD5
	}
	if v := x.header("x-ms-content-crc64"); v != "" {
		crc := binary.LittleEndian.AppendUint64(nil, crc64.Checksum(x.body, crcTable))
		if v != base64.StdEncoding.EncodeToString(crc) {
			return nil, errCRC64
		}
		x.set("x-ms-content-crc64", v)
	}
	return sum, nil
}

func (s *Server) serveDeleteBlob(x *exchange, container, name string) error {
	w, err := x.write(container, name)
	if err != nil {
		return err
	}
	if err := s.delete(w); err != nil {
		return err
	}
	x.set("x-ms-delete-type-permanent", "true")
	x.w.WriteHeader(http.StatusAccepted)
	return nil
}

func (s *Server) delete(w write) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, b, err := s.committed(w.container, w.name)
	if err != nil {
		return err
	}
	if err := w.conditions.forUpdate(b.content.etag(), b.content.stamp); err != nil {
		return err
	}
	if err := b.lease.allows(w.leaseID, true, s.opts.Now()); err != nil {
		return err
	}
	if c.immutable {
		return errImmutable
	}
	delete(c.blobs, w.name)
	return nil
}
