package storage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// Azure's limits on an entity-group transaction.
const (
	maxChanges   = 100
	maxBatchBody = 4 << 20
)

var (
	errPartitions = &Error{400, "CommandsInBatchActOnDifferentPartitions", "All commands in a batch must operate on same entity group."}
	errTwice      = &Error{400, "InvalidDuplicateRow", "The batch request contains multiple changes with same row key. An entity can appear only once in a batch request."}
	errChanges    = &Error{400, "InvalidInput", fmt.Sprintf("The batch request operation exceeds the maximum %d changes per change set.", maxChanges)}
)

// batched is a change within a batch and how its answer is wanted.
type batched struct {
	change
	level     level
	noContent bool
	id        string // Content-ID
}

// serveBatch runs an entity-group transaction. As on Azure, a batch that was
// understood is answered 202 even if it failed; what failed is inside.
func (s *Server) serveBatch(x *exchange) error {
	if x.r.Method != http.MethodPost {
		return errMethod
	}
	if len(x.body) > maxBatchBody {
		return errBodyTooLarge
	}
	parts, err := changeset(x.header("Content-Type"), x.body)
	if err != nil {
		return err
	}
	batch, results, at, err := s.transact(x, parts)
	out := &batchAnswer{x: x, account: s.opts.Account}
	if err != nil {
		out.fail(at, s.asError(err))
	} else {
		for i, b := range batch {
			out.result(b, results[i])
		}
	}
	out.send()
	return nil
}

// transact does all changes or none. On failure it says which one failed.
func (s *Server) transact(x *exchange, parts [][]byte) (batch []batched, results []*entity, at int, err error) {
	for i, part := range parts {
		if i == maxChanges {
			return nil, nil, i - 1, errChanges
		}
		b, err := readPart(x, part)
		if err != nil {
			return nil, nil, i, err
		}
		batch = append(batch, b)
		if err := alike(batch); err != nil {
			return nil, nil, i, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	results, at, err = s.applyAll(batch)
	return batch, results, at, err
}

// alike checks the last change against those before it: the same table and
// partition, another row.
func alike(batch []batched) error {
	last := batch[len(batch)-1]
	for _, b := range batch[:len(batch)-1] {
		if b.pk != last.pk || !strings.EqualFold(b.table, last.table) {
			return errPartitions
		}
		if b.rk == last.rk {
			return errTwice
		}
	}
	return nil
}

// applyAll rolls back what it did if a change fails. Call it with s.mu held.
func (s *Server) applyAll(batch []batched) (results []*entity, at int, err error) {
	t, err := s.table(batch[0].table)
	if err != nil {
		return nil, 0, err
	}
	priors := make([]*entity, 0, len(batch))
	for i, b := range batch {
		prior := t.get(b.pk, b.rk)
		e, err := t.apply(b.change, s.stamp)
		if err != nil {
			for j := len(priors) - 1; j >= 0; j-- {
				t.restore(batch[j].pk, batch[j].rk, priors[j])
			}
			return nil, i, err
		}
		priors, results = append(priors, prior), append(results, e)
	}
	return results, 0, nil
}

// changeset unwraps multipart/mixed twice: a batch with one changeset in it.
func changeset(contentType string, body []byte) ([][]byte, error) {
	outer, err := multiparts(contentType, body)
	if err != nil {
		return nil, err
	}
	if len(outer) != 1 {
		return nil, invalid("A batch has to hold exactly one changeset.")
	}
	inner := outer[0].header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(inner); media != "multipart/mixed" {
		return nil, notBuilt("a query inside a batch")
	}
	sections, err := multiparts(inner, outer[0].body)
	if err != nil {
		return nil, err
	}
	if len(sections) == 0 {
		return nil, invalid("The changeset is empty.")
	}
	parts := make([][]byte, len(sections))
	for i, section := range sections {
		parts[i] = section.body
	}
	return parts, nil
}

type section struct {
	header textproto.MIMEHeader
	body   []byte
}

func multiparts(contentType string, body []byte) ([]section, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/mixed" || params["boundary"] == "" {
		return nil, invalid("The content type %q is not one of a batch.", contentType)
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var sections []section
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return sections, nil
		}
		if err != nil {
			return nil, invalid("The batch is malformed: %s", err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, invalid("The batch is malformed: %s", err)
		}
		sections = append(sections, section{part.Header, content})
	}
}

// readPart reads the HTTP request in a part of a changeset.
func readPart(x *exchange, part []byte) (batched, error) {
	r := bufio.NewReader(bytes.NewReader(part))
	tp := textproto.NewReader(r)
	line, err := tp.ReadLine()
	if err != nil {
		return batched{}, invalid("A part of the batch is empty.")
	}
	words := strings.Fields(line)
	if len(words) != 3 {
		return batched{}, invalid("A part of the batch does not begin with a request: %q", line)
	}
	header, err := tp.ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return batched{}, invalid("A part of the batch has malformed headers.")
	}
	u, err := url.Parse(words[1])
	if err != nil {
		return batched{}, invalid("A part of the batch has a malformed address.")
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return batched{}, err
	}
	return x.batched(words[0], u, http.Header(header), bytes.TrimSpace(body))
}

func (x *exchange) batched(method string, u *url.URL, h http.Header, body []byte) (batched, error) {
	account := strings.TrimSuffix(x.r.URL.Path, "$batch")
	path := strings.TrimPrefix(u.Path, account)
	wanted := u.Query().Get("$format")
	if wanted == "" {
		wanted = h.Get("Accept")
	}
	l, err := levelOf(wanted)
	if err != nil {
		return batched{}, err
	}
	c, err := readChange(method, path, h, body)
	return batched{change: c, level: l, noContent: h.Get("Prefer") == "return-no-content", id: h.Get("Content-ID")}, err
}
