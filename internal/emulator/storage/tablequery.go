package storage

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// maxPage is the most rows that Azure puts in a page.
const maxPage = 1000

// serveQuery answers a point read and a query.
func (s *Server) serveQuery(x *exchange) error {
	target, err := parseTarget(x.path)
	if err != nil {
		return err
	}
	l, err := x.level()
	if err != nil {
		return err
	}
	name, point, err := s.find(target)
	if err != nil {
		return err
	}
	ew := &entityWriter{level: l, root: x.root(), account: s.opts.Account, table: name, names: x.selected()}
	if target.keyed {
		return x.point(ew, point)
	}
	return s.query(x, target.table, ew)
}

// find returns the table's name as it was created and the row, if one is named.
func (s *Server) find(target target) (name string, point *entity, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.table(target.table)
	if err != nil {
		return "", nil, err
	}
	return t.name, t.get(target.pk, target.rk), nil
}

func (x *exchange) point(ew *entityWriter, e *entity) error {
	if e == nil {
		return errEntityMissing
	}
	x.set("ETag", e.etag())
	var b bytes.Buffer
	ew.write(&b, e, true)
	x.json(http.StatusOK, ew.level, b.Bytes())
	return nil
}

func (s *Server) query(x *exchange, table string, ew *entityWriter) error {
	f, err := parseFilter(x.query("$filter"))
	if err != nil {
		return err
	}
	top, err := x.top(s.opts.PageSize)
	if err != nil {
		return err
	}
	pk, err := readMark(x.query("NextPartitionKey"))
	if err != nil {
		return err
	}
	rk, err := readMark(x.query("NextRowKey"))
	if err != nil {
		return err
	}
	page, next, err := s.page(table, f, pk, rk, top)
	if err != nil {
		return err
	}
	if next != nil {
		x.set("x-ms-continuation-NextPartitionKey", mark(next.pk))
		x.set("x-ms-continuation-NextRowKey", mark(next.rk))
	}
	x.list(ew.level, ew.table, len(page), func(b *bytes.Buffer, i int) { ew.write(b, page[i], false) })
	return nil
}

// page collects up to top matching rows from the position on, and the row to
// go on with if there may be more.
func (s *Server) page(name string, f filter, pk, rk string, top int) (page []*entity, next *entity, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.table(name)
	if err != nil {
		return nil, nil, err
	}
	looked := 0
	t.walk(f.keys(), pk, rk, func(e *entity) bool {
		if s.opts.ScanLimit > 0 && looked == s.opts.ScanLimit {
			next = e
			return false
		}
		looked++
		if !f.match(e) {
			return true
		}
		if len(page) == top {
			next = e
			return false
		}
		page = append(page, e)
		return true
	})
	return page, next, nil
}

// mark makes a key fit for a header and opaque to the client, in the form that
// Azure's have.
func mark(key string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(key))
	return "1!" + strconv.Itoa(len(text)) + "!" + text
}

func readMark(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	parts := strings.SplitN(text, "!", 3)
	if len(parts) == 3 && parts[0] == "1" {
		if key, err := base64.RawURLEncoding.DecodeString(parts[2]); err == nil {
			return string(key), nil
		}
	}
	return "", invalid("The continuation %q did not come from this service.", text)
}

// selected reads $select; nil means everything.
func (x *exchange) selected() []string {
	text := x.query("$select")
	if text == "" || text == "*" {
		return nil
	}
	names := strings.Split(text, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// serveChange answers a write of one entity.
func (s *Server) serveChange(x *exchange) error {
	l, err := x.level()
	if err != nil {
		return err
	}
	c, err := readChange(x.r.Method, x.path, x.r.Header, x.body)
	if err != nil {
		return err
	}
	e, err := s.change(c)
	if err != nil {
		return err
	}
	if e != nil {
		x.set("ETag", e.etag())
	}
	if c.action != insert {
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	link := x.root() + "/" + entityLink(c.table, c.pk, c.rk)
	x.set("Location", link)
	if x.preferNoContent() {
		x.set("DataServiceId", link)
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	var b bytes.Buffer
	ew := &entityWriter{level: l, root: x.root(), account: s.opts.Account, table: c.table}
	ew.write(&b, e, true)
	x.json(http.StatusCreated, l, b.Bytes())
	return nil
}
