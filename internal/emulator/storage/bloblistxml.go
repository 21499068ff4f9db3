package storage

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

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
