package storage

import (
	"crypto/md5"
	"fmt"
	"strings"
	"time"
)

// container holds blobs by name.
type container struct {
	name      string
	stamp     time.Time
	metadata  map[string]string // lower-case names
	immutable bool              // blobs can be neither overwritten nor deleted
	blobs     map[string]*blob
}

// blob is a block blob. Its content and properties are replaced, never changed
// in place; only the lease and the uncommitted blocks are.
type blob struct {
	content     *content // nil while there are only uncommitted blocks
	lease       lease
	uncommitted []block
}

// content is what one write put there.
type content struct {
	body     []byte
	metadata map[string]string
	headers  blobHeaders
	created  time.Time
	stamp    time.Time // of the last change, properties included
	blocks   []block   // as committed; none after Put Blob
}

// blobHeaders are the content headers that are stored with a blob.
type blobHeaders struct {
	contentType, encoding, language, disposition, cacheControl string
	md5                                                        []byte
	tier                                                       string
}

type block struct {
	id   string // base64, as sent
	body []byte
}

// ticksAtUnix is 1970 in the 100 ns ticks since the year 1 that Azure's ETags count.
const ticksAtUnix = 621_355_968_000_000_000

func blobETag(stamp time.Time) string {
	return fmt.Sprintf(`"0x%X"`, ticksAtUnix+stamp.UnixNano()/int64(tick))
}

func (c *content) etag() string { return blobETag(c.stamp) }

func newContent(body []byte, metadata map[string]string, h blobHeaders) *content {
	if h.contentType == "" {
		h.contentType = "application/octet-stream"
	}
	return &content{body: body, metadata: metadata, headers: h}
}

func md5Of(body []byte) []byte {
	sum := md5.Sum(body)
	return sum[:]
}

// Errors about containers and blobs.
var (
	errNoContainer     = &Error{404, "ContainerNotFound", "The specified container does not exist."}
	errContainerExists = &Error{409, "ContainerAlreadyExists", "The specified container already exists."}
	errNoBlob          = &Error{404, "BlobNotFound", "The specified blob does not exist."}
	errBlobExists      = &Error{409, "BlobAlreadyExists", "The specified blob already exists."}
	errImmutable       = &Error{409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy."}
	errMD5             = &Error{400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server."}
	errCRC64           = &Error{400, "Crc64Mismatch", "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server."}
	errHeaderValue     = &Error{400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format."}
	errQueryValue      = &Error{400, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid."}
	errRange           = &Error{416, "InvalidRange", "The range specified is invalid for the current size of the resource."}
	errMetadata        = &Error{400, "InvalidMetadata", "The metadata specified is invalid. It has characters that are not permitted."}
	errNameEmpty       = &Error{400, "InvalidUri", "The requested URI does not represent any resource on the server."}
)

// container finds a container. Call it with s.mu held.
func (s *Server) container(name string) (*container, error) {
	if c := s.containers[name]; c != nil {
		return c, nil
	}
	return nil, errNoContainer
}

// committed finds a blob that has content. Call it with s.mu held.
func (s *Server) committed(containerName, name string) (*container, *blob, error) {
	c, err := s.container(containerName)
	if err != nil {
		return nil, nil, err
	}
	b := c.blobs[name]
	if b == nil || b.content == nil {
		return c, nil, errNoBlob
	}
	return c, b, nil
}

// replace gives b new content at a new stamp. Uncommitted blocks go with the
// old content, as on Azure. Call it with s.mu held.
func (s *Server) replace(b *blob, next *content) {
	next.stamp = s.stamp()
	next.created = next.stamp
	if b.content != nil {
		next.created = b.content.created
	}
	if next.headers.tier == "" {
		next.headers.tier = "Hot"
	}
	b.content, b.uncommitted = next, nil
	b.lease.written(s.opts.Now())
}

// checkContainerName wants 3 to 63 lower-case letters, digits and single hyphens.
func checkContainerName(name string) error {
	if len(name) < 3 || len(name) > 63 {
		return errNameLength
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" ||
		strings.Contains(name, "--") || name[0] == '-' || name[len(name)-1] == '-' {
		return errNameChars
	}
	return nil
}

func checkBlobName(name string) error {
	switch {
	case name == "":
		return errNameEmpty
	case len([]rune(name)) > 1024:
		return errNameLength
	}
	return nil
}
