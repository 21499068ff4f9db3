package storage

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
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
