package storage

import "net/http"

// serveSetMetadata replaces a blob's metadata.
func (s *Server) serveSetMetadata(x *exchange, container, name string) error {
	metadata, err := readMetadata(x.r.Header)
	if err != nil {
		return err
	}
	return s.update(x, container, name, func(c *content) { c.metadata = metadata })
}

// serveSetProperties replaces a blob's content headers.
func (s *Server) serveSetProperties(x *exchange, container, name string) error {
	h, _, err := x.stored()
	if err != nil {
		return err
	}
	return s.update(x, container, name, func(c *content) {
		h.tier = c.headers.tier
		c.headers = h
	})
}

func (s *Server) update(x *exchange, container, name string, change func(*content)) error {
	w, err := x.write(container, name)
	if err != nil {
		return err
	}
	c, err := s.updated(w, change)
	if err != nil {
		return err
	}
	x.written(c, http.StatusOK)
	return nil
}

func (s *Server) updated(w write, change func(*content)) (*content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, b, err := s.open(w, true)
	if err != nil {
		return nil, err
	}
	next := *b.content
	change(&next)
	next.stamp = s.stamp()
	b.content = &next
	b.lease.written(s.opts.Now())
	return &next, nil
}
