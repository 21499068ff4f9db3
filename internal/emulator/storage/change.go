package storage

import (
	"maps"
	"net/http"
	"strings"
	"time"
)

// Errors that a change gives.
var (
	errTableMissing  = &Error{404, "TableNotFound", "The table specified does not exist."}
	errEntityExists  = &Error{409, "EntityAlreadyExists", "The specified entity already exists."}
	errCondition     = &Error{412, "UpdateConditionNotSatisfied", "The update condition specified in the request was not satisfied."}
	errMethod        = &Error{405, "MethodNotAllowed", "The requested operation is not allowed on this resource."}
	errEntityMissing = errNotFound
)

// action is what a change does to a row.
type action string

const (
	insert  action = "insert"
	replace action = "replace" // with ifMatch only if it exists, else or insert
	merge   action = "merge"   // likewise
	remove  action = "delete"
)

// change is one write of one row.
type change struct {
	action  action
	table   string
	pk, rk  string
	props   map[string]any
	ifMatch string // "" for an insert and an upsert
}

// apply does c to t. The table is unchanged if it returns an error.
func (t *table) apply(c change, stamp func() time.Time) (*entity, error) {
	prior := t.get(c.pk, c.rk)
	if err := c.allowed(prior); err != nil {
		return nil, err
	}
	if c.action == remove {
		t.remove(c.pk, c.rk)
		return nil, nil
	}
	e := &entity{pk: c.pk, rk: c.rk, props: c.props}
	if c.action == merge && prior != nil {
		e.props = maps.Clone(prior.props)
		maps.Copy(e.props, c.props)
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	e.stamp = stamp()
	t.put(e)
	return e, nil
}

func (c change) allowed(prior *entity) error {
	switch {
	case c.action == insert && prior != nil:
		return errEntityExists
	case c.ifMatch == "":
		return nil
	case prior == nil:
		return errEntityMissing
	case c.ifMatch != "*" && c.ifMatch != prior.etag():
		return errCondition
	}
	return nil
}

// readChange understands a write of an entity, be it a request of its own or
// a part of a batch.
func readChange(method, path string, h http.Header, body []byte) (change, error) {
	target, err := parseTarget(path)
	if err != nil {
		return change{}, err
	}
	c := change{table: target.table, pk: target.pk, rk: target.rk, ifMatch: h.Get("If-Match")}
	if c.ifMatch != "" && c.ifMatch != "*" && !strings.HasPrefix(c.ifMatch, `W/"`) {
		return change{}, invalid("The etag value '%s' specified in one of the request headers is not valid. Please make sure only one etag value is specified and is valid.", c.ifMatch)
	}
	if c.action, err = actionOf(method, h, target); err != nil {
		return change{}, err
	}
	switch c.action {
	case remove:
		if c.ifMatch == "" {
			return change{}, errNoHeader
		}
		return c, nil
	case insert:
		c.ifMatch = ""
	}
	return c, c.read(body)
}

func actionOf(method string, h http.Header, target target) (action, error) {
	if tunneled := h.Get("X-HTTP-Method"); method == http.MethodPost && tunneled != "" {
		method = tunneled
	}
	switch {
	case method == http.MethodPost && !target.keyed:
		return insert, nil
	case !target.keyed:
		return "", errMethod
	case method == http.MethodPut:
		return replace, nil
	case method == http.MethodPatch || method == "MERGE":
		return merge, nil
	case method == http.MethodDelete:
		return remove, nil
	}
	return "", errMethod
}

// read takes the keys of an insert from the body; other changes have them in
// the path, which is what counts.
func (c *change) read(body []byte) error {
	f, err := readEntity(body)
	if err != nil {
		return err
	}
	c.props = f.props
	if c.action != insert {
		return nil
	}
	if f.pk == nil || f.rk == nil {
		return errNeedValue
	}
	c.pk, c.rk = *f.pk, *f.rk
	return nil
}

// change runs one change that is a request of its own.
func (s *Server) change(c change) (*entity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.table(c.table)
	if err != nil {
		return nil, err
	}
	return t.apply(c, s.stamp)
}

// table finds a table. Call it with s.mu held.
func (s *Server) table(name string) (*table, error) {
	if t := s.tables[strings.ToLower(name)]; t != nil {
		return t, nil
	}
	return nil, errTableMissing
}
