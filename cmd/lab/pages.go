package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"lifeboat/internal/emulator/wire"
)

// link is a page of the status page that another of its pages leads to.
var link = regexp.MustCompile(`href="(\?[^"]*)"`)

// How many pages a walk reads at most: after a story, and meanwhile.
const (
	mostPages    = 500
	mostMeantime = 12
)

// walk reads the status page, up to most of the pages that it leads to, and
// the same as JSON. It tells see of each, and returns why one could not be
// read.
func (s *stage) walk(ctx context.Context, most int, see func(where, text string)) error {
	next, known := []string{""}, map[string]bool{"": true}
	for read := 0; len(next) > 0 && read < most; next, read = next[1:], read+1 {
		page, err := s.get(ctx, "status"+next[0])
		see("the status page"+next[0], page)
		if err != nil {
			return err
		}
		state, err := s.get(ctx, "state"+next[0])
		see("the API's state"+next[0], state)
		if err != nil {
			return err
		}
		for _, to := range link.FindAllStringSubmatch(page, -1) {
			if query := html.UnescapeString(to[1]); !known[query] {
				known[query] = true
				if strings.Contains(query, "job=") { // what goes on is soon over
					next = slices.Insert(next, 1, query)
					continue
				}
				next = append(next, query)
			}
		}
	}
	return nil
}

// get asks for a page through the Functions host, as a person or a program
// does that may see it. Any answer but 200 is an error.
func (s *stage) get(ctx context.Context, page string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://function.invalid/api/"+page, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("x-functions-key", functionKey)
	answer, err := wire.Transport{Handler: s.host.HTTP()}.RoundTrip(r)
	if err != nil {
		return "", fmt.Errorf("/api/%s: %w", page, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("/api/%s answered %d", page, answer.StatusCode)
	}
	return string(body), err
}

// peek walks over the pages while the story goes on. A handler that has just
// been killed shows nothing, which is fine.
func (s *stage) peek(ctx context.Context) {
	scan := s.scanner()
	_ = s.walk(ctx, mostMeantime, func(where, text string) {
		s.looking.Lock()
		defer s.looking.Unlock()
		s.peeked++
		s.shown = append(s.shown, found(scan, where, text)...)
	})
}

// found names what a text betrays, and where that was. Rows alone may hold
// resume tokens.
func found(scan func(string) []string, where, text string) []string {
	var all []string
	for _, what := range scan(text) {
		all = append(all, where+" ("+what+")")
	}
	if !strings.HasPrefix(where, "row ") && strings.Contains(text, "pollURL") {
		all = append(all, where+" (a resume token)")
	}
	return all
}

// earlier is what peeks have found.
func (s *stage) earlier() []string {
	s.looking.Lock()
	defer s.looking.Unlock()
	all := slices.Clone(s.shown)
	slices.Sort(all)
	return slices.Compact(all)
}
