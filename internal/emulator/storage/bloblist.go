package storage

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxListed is the most names in a page of a list.
const maxListed = 5000

// listing is what a request to list asks for.
type listing struct {
	prefix, delimiter, marker, from string
	size                            int // of a page
	metadata, uncommitted           bool
}

func (x *exchange) listing() (listing, error) {
	q := x.r.URL.Query()
	l := listing{prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), marker: q.Get("marker"), size: maxListed}
	if text := q.Get("maxresults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return l, &Error{400, "OutOfRangeQueryParameterValue", "One of the query parameters specified in the request URI is outside the permissible range."}
		}
		l.size = min(n, maxListed)
	}
	from, err := readMark(l.marker)
	if err != nil {
		return l, errQueryValue
	}
	l.from = from
	for what := range strings.SplitSeq(q.Get("include"), ",") {
		l.metadata = l.metadata || what == "metadata"
		l.uncommitted = l.uncommitted || what == "uncommittedblobs"
	}
	return l, nil
}

// page cuts sorted names to what is asked for: the names and, with a
// delimiter, the common prefixes in one order; and the marker of the next page.
func (l listing) page(names []string) (page []listed, next string) {
	start, _ := slices.BinarySearch(names, max(l.from, l.prefix))
	for _, name := range names[start:] {
		rest, ok := strings.CutPrefix(name, l.prefix)
		if !ok {
			break
		}
		item := listed{name: name}
		if head, _, cut := strings.Cut(rest, l.delimiter); l.delimiter != "" && cut {
			item = listed{name: l.prefix + head + l.delimiter, prefix: true}
		}
		if len(page) > 0 && page[len(page)-1] == item {
			continue
		}
		if len(page) == l.size {
			return page, mark(name)
		}
		page = append(page, item)
	}
	return page, ""
}

type listed struct {
	name   string
	prefix bool // of several blobs
}

// blobName is a name in XML, which can't hold every character that a name can.
type blobName struct {
	Encoded string `xml:"Encoded,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func nameXML(name string) blobName {
	plain := utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
	if plain {
		return blobName{Text: name}
	}
	return blobName{Encoded: "true", Text: url.QueryEscape(name)}
}

// metadataXML writes each pair as an element of its name.
type metadataXML map[string]string

// MarshalXML implements xml.Marshaler.
func (m metadataXML) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, name := range sortedKeys(m) {
		if err := e.EncodeElement(m[name], xml.StartElement{Name: xml.Name{Local: name}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

type enumeration struct {
	XMLName    xml.Name      `xml:"EnumerationResults"`
	Endpoint   string        `xml:"ServiceEndpoint,attr"`
	Container  string        `xml:"ContainerName,attr,omitempty"`
	Prefix     string        `xml:"Prefix,omitempty"`
	Marker     string        `xml:"Marker,omitempty"`
	MaxResults int           `xml:"MaxResults,omitempty"`
	Delimiter  string        `xml:"Delimiter,omitempty"`
	Blobs      *blobsXML     `xml:"Blobs"`
	Containers *containerXML `xml:"Containers"`
	NextMarker string        `xml:"NextMarker"`
}

type blobsXML struct{ Items []any }

type blobXML struct {
	XMLName    xml.Name       `xml:"Blob"`
	Name       blobName       `xml:"Name"`
	Properties blobProperties `xml:"Properties"`
	Metadata   metadataXML    `xml:"Metadata,omitempty"`
}

type prefixXML struct {
	XMLName xml.Name `xml:"BlobPrefix"`
	Name    blobName `xml:"Name"`
}

type blobProperties struct {
	Created       string `xml:"Creation-Time,omitempty"`
	Modified      string `xml:"Last-Modified,omitempty"`
	ETag          string `xml:"Etag,omitempty"`
	Length        int    `xml:"Content-Length"`
	Type          string `xml:"Content-Type,omitempty"`
	Encoding      string `xml:"Content-Encoding,omitempty"`
	Language      string `xml:"Content-Language,omitempty"`
	MD5           string `xml:"Content-MD5,omitempty"`
	CacheControl  string `xml:"Cache-Control,omitempty"`
	Disposition   string `xml:"Content-Disposition,omitempty"`
	BlobType      string `xml:"BlobType"`
	Tier          string `xml:"AccessTier,omitempty"`
	LeaseStatus   string `xml:"LeaseStatus,omitempty"`
	LeaseState    string `xml:"LeaseState,omitempty"`
	LeaseDuration string `xml:"LeaseDuration,omitempty"`
	Encrypted     bool   `xml:"ServerEncrypted"`
}

func (b *blob) properties(now time.Time) blobProperties {
	p := blobProperties{BlobType: "BlockBlob", Encrypted: true}
	p.LeaseStatus, p.LeaseState, p.LeaseDuration = b.lease.words(now)
	c := b.content
	if c == nil {
		return p
	}
	p.Created, p.Modified, p.ETag = c.created.Format(http.TimeFormat), c.stamp.Format(http.TimeFormat), strings.Trim(c.etag(), `"`)
	p.Length, p.Tier, p.MD5 = len(c.body), c.headers.tier, base64.StdEncoding.EncodeToString(c.headers.md5)
	p.Type, p.Encoding, p.Language = c.headers.contentType, c.headers.encoding, c.headers.language
	p.CacheControl, p.Disposition = c.headers.cacheControl, c.headers.disposition
	return p
}

func (s *Server) serveListBlobs(x *exchange, name string) error {
	l, err := x.listing()
	if err != nil {
		return err
	}
	items, next, err := s.list(name, l)
	if err != nil {
		return err
	}
	return x.xml(enumeration{
		Endpoint: x.root() + "/", Container: name, Prefix: l.prefix, Marker: l.marker, MaxResults: l.size,
		Delimiter: l.delimiter, Blobs: &blobsXML{items}, NextMarker: next,
	})
}

func (s *Server) list(containerName string, l listing) (items []any, next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.container(containerName)
	if err != nil {
		return nil, "", err
	}
	var names []string
	for name, b := range c.blobs {
		if b.content != nil || l.uncommitted {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	page, next := l.page(names)
	for _, item := range page {
		if item.prefix {
			items = append(items, prefixXML{Name: nameXML(item.name)})
			continue
		}
		b := c.blobs[item.name]
		row := blobXML{Name: nameXML(item.name), Properties: b.properties(s.opts.Now())}
		if l.metadata && b.content != nil {
			row.Metadata = b.content.metadata
		}
		items = append(items, row)
	}
	return items, next, nil
}

type containerXML struct {
	Items []containerItem `xml:"Container"`
}

type containerItem struct {
	Name       string              `xml:"Name"`
	Properties containerProperties `xml:"Properties"`
	Metadata   metadataXML         `xml:"Metadata,omitempty"`
}

type containerProperties struct {
	Modified    string `xml:"Last-Modified"`
	ETag        string `xml:"Etag"`
	LeaseStatus string `xml:"LeaseStatus"`
	LeaseState  string `xml:"LeaseState"`
	Immutable   bool   `xml:"HasImmutabilityPolicy"`
	LegalHold   bool   `xml:"HasLegalHold"`
}

func (s *Server) serveListContainers(x *exchange) error {
	l, err := x.listing()
	if err != nil {
		return err
	}
	items, next := s.listContainers(l)
	return x.xml(enumeration{
		Endpoint: x.root() + "/", Prefix: l.prefix, Marker: l.marker, MaxResults: l.size,
		Containers: &containerXML{items}, NextMarker: next,
	})
}

func (s *Server) listContainers(l listing) (items []containerItem, next string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.delimiter = ""
	page, next := l.page(sortedKeys(s.containers))
	for _, item := range page {
		c := s.containers[item.name]
		row := containerItem{Name: c.name, Properties: containerProperties{
			Modified: c.stamp.Format(http.TimeFormat), ETag: strings.Trim(blobETag(c.stamp), `"`),
			LeaseStatus: "unlocked", LeaseState: leaseAvailable, Immutable: c.immutable,
		}}
		if l.metadata {
			row.Metadata = c.metadata
		}
		items = append(items, row)
	}
	return items, next
}

// xml answers with a document.
func (x *exchange) xml(v any) error {
	body, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	x.set("Content-Type", "application/xml")
	x.bytes(http.StatusOK, append([]byte(xml.Header), body...))
	return nil
}
