package storage

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// Azure's limits on a blob's blocks.
const (
	maxBlocks      = 50_000
	maxUncommitted = 100_000
	maxBlockID     = 64
)

var (
	errBlockID    = &Error{400, "InvalidBlobOrBlock", "The specified blob or block content is invalid."}
	errBlockList  = &Error{400, "InvalidBlockList", "The specified block list is invalid."}
	errBlockCount = &Error{409, "BlockCountExceedsLimit", "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks."}
	errXML        = &Error{400, "InvalidXmlDocument", "XML specified is not syntactically valid."}
)

// servePutBlock stages a block.
func (s *Server) servePutBlock(x *exchange, container, name string) error {
	id := x.query("blockid")
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(raw) == 0 || len(raw) > maxBlockID {
		return errQueryValue
	}
	if len(x.body) == 0 {
		return errHeaderValue
	}
	sum, err := x.checksum()
	if err != nil {
		return err
	}
	w, err := x.write(container, name)
	if err != nil {
		return err
	}
	w.conditions = conditions{} // blocks are staged whatever is there
	if err := s.stage(w, block{id, x.body}); err != nil {
		return err
	}
	x.set("Content-MD5", base64.StdEncoding.EncodeToString(sum))
	x.set("x-ms-request-server-encrypted", "true")
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

func (s *Server) stage(w write, staged block) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, b, err := s.open(w, false)
	if err != nil {
		return err
	}
	for i, other := range b.uncommitted {
		if other.id == staged.id {
			b.uncommitted[i] = staged
			return nil
		}
		if len(other.id) != len(staged.id) {
			return errBlockID // all IDs of a blob have the same length
		}
	}
	if len(b.uncommitted) >= maxUncommitted {
		return errBlockCount
	}
	b.uncommitted = append(b.uncommitted, staged)
	in.blobs[w.name] = b
	return nil
}

// servePutBlockList makes a blob of blocks.
func (s *Server) servePutBlockList(x *exchange, container, name string) error {
	wanted, err := readBlockList(x.body)
	if err != nil {
		return err
	}
	if _, err := x.checksum(); err != nil {
		return err
	}
	w, err := x.write(container, name)
	if err != nil {
		return err
	}
	h, metadata, err := x.stored()
	if err != nil {
		return err
	}
	c, err := s.commit(w, wanted, newContent(nil, metadata, h))
	if err != nil {
		return err
	}
	x.written(c, http.StatusCreated)
	return nil
}

func (s *Server) commit(w write, wanted []wantedBlock, c *content) (*content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, b, err := s.open(w, false)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	for _, want := range wanted {
		found, ok := want.find(b)
		if !ok {
			return nil, errBlockList
		}
		body.Write(found.body)
		c.blocks = append(c.blocks, found)
	}
	c.body = body.Bytes()
	in.blobs[w.name] = b
	s.replace(b, c)
	return c, nil
}

// wantedBlock is an entry of a block list.
type wantedBlock struct{ where, id string }

func (want wantedBlock) find(b *blob) (block, bool) {
	if want.where != "Committed" {
		for _, one := range b.uncommitted {
			if one.id == want.id {
				return one, true
			}
		}
	}
	if want.where != "Uncommitted" && b.content != nil {
		for _, one := range b.content.blocks {
			if one.id == want.id {
				return one, true
			}
		}
	}
	return block{}, false
}

// readBlockList keeps the order across the three kinds of entry, which is why
// it reads tokens.
func readBlockList(body []byte) ([]wantedBlock, error) {
	dec := xml.NewDecoder(bytes.NewReader(body))
	var wanted []wantedBlock
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return wanted, nil
		}
		if err != nil {
			return nil, errXML
		}
		start, ok := t.(xml.StartElement)
		if !ok || start.Name.Local == "BlockList" {
			continue
		}
		var id string
		if err := dec.DecodeElement(&id, &start); err != nil {
			return nil, errXML
		}
		switch start.Name.Local {
		case "Latest", "Committed", "Uncommitted":
			wanted = append(wanted, wantedBlock{start.Name.Local, id})
		default:
			return nil, errXML
		}
		if len(wanted) > maxBlocks {
			return nil, &Error{400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks."}
		}
	}
}

type blockListXML struct {
	XMLName     xml.Name   `xml:"BlockList"`
	Committed   []blockXML `xml:"CommittedBlocks>Block"`
	Uncommitted []blockXML `xml:"UncommittedBlocks>Block"`
}

type blockXML struct {
	Name string `xml:"Name"`
	Size int    `xml:"Size"`
}

// serveGetBlockList lists committed or staged blocks, or both.
func (s *Server) serveGetBlockList(x *exchange, container, name string) error {
	list, c, err := s.blockList(container, name, x.header("x-ms-lease-id"), x.query("blocklisttype"))
	if err != nil {
		return err
	}
	if c != nil {
		x.set("ETag", c.etag())
		x.set("Last-Modified", c.stamp.Format(http.TimeFormat))
		x.set("x-ms-blob-content-length", strconv.Itoa(len(c.body)))
	}
	return x.xml(list)
}

func (s *Server) blockList(container, name, leaseID, which string) (list blockListXML, at *content, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.container(container)
	if err != nil {
		return list, nil, err
	}
	b := c.blobs[name]
	if b == nil {
		return list, nil, errNoBlob
	}
	if err := b.lease.allows(leaseID, false, s.opts.Now()); err != nil {
		return list, nil, err
	}
	if b.content != nil && which != "uncommitted" {
		list.Committed = sizes(b.content.blocks)
	}
	if which == "uncommitted" || which == "all" {
		list.Uncommitted = sizes(b.uncommitted)
	}
	return list, b.content, nil
}

func sizes(blocks []block) []blockXML {
	var list []blockXML
	for _, b := range blocks {
		list = append(list, blockXML{b.id, len(b.body)})
	}
	return list
}
