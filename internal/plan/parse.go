package plan

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	goparser "github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSize is far above any plan for a thousand services.
const maxSize = 4 << 20

// Parse reads a plan. file is its name, for the mistakes. The error joins a
// *Mistake for everything that is wrong.
func Parse(file string, data []byte) (*Plan, error) {
	r := &reader{file: file}
	if len(data) > maxSize {
		r.report(nil, "", "want a file of at most 4 MiB")
		return nil, r.err()
	}
	root, ok := r.document(data)
	if !ok {
		return nil, r.err()
	}
	p := r.plan(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	return p, nil
}

type reader struct {
	file     string
	mistakes []*Mistake
}

func (r *reader) report(at *token.Token, path, format string, args ...any) {
	m := &Mistake{File: r.file, Path: path, Problem: fmt.Sprintf(format, args...)}
	if at != nil && at.Position != nil {
		m.Line, m.Column = at.Position.Line, at.Position.Column
	}
	r.mistakes = append(r.mistakes, m)
}

func (r *reader) err() error {
	slices.SortStableFunc(r.mistakes, func(a, b *Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var errs []error
	for _, m := range r.mistakes {
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}

// document returns the one mapping that a plan file is.
func (r *reader) document(data []byte) (*ast.MappingNode, bool) {
	file, err := goparser.ParseBytes(data, 0, goparser.AllowDuplicateMapKey())
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) {
			r.report(syntax.GetToken(), "", "%s", syntax.GetMessage())
		} else {
			r.report(nil, "", "not YAML: %v", err)
		}
		return nil, false
	}
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	if len(docs) != 1 {
		r.report(nil, "", "want one YAML document with version and services, got %d", len(docs))
		return nil, false
	}
	return r.mapping(docs[0].Body, "")
}

func (r *reader) mapping(n ast.Node, path string) (*ast.MappingNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n, true
	case *ast.MappingValueNode:
		return &ast.MappingNode{BaseNode: &ast.BaseNode{}, Start: n.Key.GetToken(), Values: []*ast.MappingValueNode{n}}, true
	}
	r.report(n.GetToken(), path, "want a mapping of keys to values, got %s", describe(n))
	return nil, false
}

// entry is one key of a mapping.
type entry struct {
	key   string
	at    *token.Token
	value ast.Node
}

// entries returns the keys of a mapping; one that stands twice is a mistake.
func (r *reader) entries(m *ast.MappingNode, path string) []entry {
	var all []entry
	seen := map[string]bool{}
	for _, v := range m.Values {
		e := entry{key: v.Key.GetToken().Value, at: v.Key.GetToken(), value: v.Value}
		switch {
		case v.Key.IsMergeKey():
			r.report(e.at, path, "merge keys are not supported: put what services share under defaults")
		case seen[e.key]:
			r.report(e.at, join(path, e.key), "stands here a second time")
		default:
			all = append(all, e)
		}
		seen[e.key] = true
	}
	return all
}

func (r *reader) plan(root *ast.MappingNode) *Plan {
	defaults := Default()
	var services *entry
	version := false
	for _, e := range r.entries(root, "") {
		switch e.key {
		case "version":
			version = true
			if v, ok := r.scalar(e, "version"); ok && v != "1" {
				r.report(e.value.GetToken(), "version", "want 1, got %q", v)
			}
		case "defaults":
			if m, ok := r.mapping(e.value, "defaults"); ok {
				readSettings(r, m, "defaults", serviceSettings, &defaults, true)
			}
		case "services":
			services = &e
		default:
			r.report(e.at, e.key, "unknown key: want version, defaults or services")
		}
	}
	if !version {
		r.report(nil, "version", "missing: want version: 1")
	}
	if services == nil {
		r.report(nil, "services", "missing: want at least one service by its name")
		return nil
	}
	return r.services(*services, defaults)
}

// A name becomes a partition key, a part of job ids and of blob names.
var serviceName = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){0,49}$`)

func (r *reader) services(e entry, defaults Service) *Plan {
	m, ok := r.mapping(e.value, "services")
	if !ok {
		return nil
	}
	p := &Plan{}
	taken := map[string]string{}
	for _, e := range r.entries(m, "services") {
		path := join("services", e.key)
		s := defaults
		s.Name = e.key
		if !serviceName.MatchString(e.key) {
			r.report(e.at, path, "want a name of 1 to 50 lower-case letters, digits and single hyphens")
		}
		if body, ok := r.mapping(e.value, path); ok {
			readSettings(r, body, path, serviceSettings, &s, false)
			r.complete(e, path, &s)
		}
		if id := strings.ToLower(s.resourceID); id != "" {
			if other, ok := taken[id]; ok {
				r.report(e.at, path, "has the same resourceId as %s: a service is protected once", other)
			}
			taken[id] = e.key
		}
		p.Services = append(p.Services, s)
	}
	r.consistentStandbys(e.at, p)
	r.consistentRules(e.at, p)
	if len(p.Services) == 0 {
		r.report(e.at, "services", "want at least one service by its name")
	}
	return p
}

// readSettings reads a mapping of settings into t.
func readSettings[T any](r *reader, m *ast.MappingNode, path string, settings []setting[T], t *T, asDefaults bool) {
	for _, e := range r.entries(m, path) {
		where := join(path, e.key)
		known, ok := find(settings, e.key)
		if !ok {
			r.report(e.at, where, "unknown key%s", suggest(settings, e.key))
			continue
		}
		if known.own && asDefaults {
			r.report(e.at, where, "belongs to one service, not to defaults")
			continue
		}
		if known.nested != nil {
			known.nested(r, e, where, t)
			continue
		}
		value, ok := r.scalar(e, where)
		if !ok {
			continue
		}
		switch err := known.set(t, value); {
		case errors.Is(err, errWant):
			r.report(e.value.GetToken(), where, "want %s, got %q", known.want, value)
		case err != nil:
			r.report(e.value.GetToken(), where, "%v", err)
		}
	}
}

// complete checks what only the whole service can tell.
func (r *reader) complete(e entry, path string, s *Service) {
	missing := func(key, when string) {
		known, _ := find(serviceSettings, key)
		r.report(e.at, join(path, key), "missing%s: want %s", when, known.want)
	}
	if s.resourceID == "" && !has(e.value, "resourceId") {
		missing("resourceId", "")
	}
	if s.Account == "" && !has(e.value, "storageAccount") {
		missing("storageAccount", "")
	}
	if s.Container == "" && !has(e.value, "container") {
		missing("container", "")
	}
	switch s.Access.Mode {
	case "UserAssignedManagedIdentity":
		if s.Access.ClientID == "" && !has(e.value, "clientId") {
			missing("clientId", " with access UserAssignedManagedIdentity")
		}
	case "AccessKey":
		if s.Access.KeySetting == "" && !has(e.value, "accessKeySetting") {
			missing("accessKeySetting", " with access AccessKey")
		}
	}
	r.consistent(e, path, s)
	r.completeStandbys(e, path, s)
	// Both parts have been checked one by one; a mistake in either has been
	// reported.
	s.Schedule, _ = ParseSchedule(s.schedule, s.timeZone)
}

func (r *reader) consistent(e entry, path string, s *Service) {
	if s.Rules.PollMin > s.Rules.PollMax {
		r.report(e.at, path, "pollMin (%s) is longer than pollMax (%s)", s.Rules.PollMin, s.Rules.PollMax)
	}
	if s.Rules.OperationDeadline > s.Rules.Deadline {
		r.report(e.at, path, "operationDeadline (%s) is longer than deadline (%s)", s.Rules.OperationDeadline, s.Rules.Deadline)
	}
	if s.Rules.Settling > s.Rules.OperationDeadline/2 {
		r.report(e.at, path, "settling (%s) is longer than half of operationDeadline (%s)", s.Rules.Settling, s.Rules.OperationDeadline)
	}
	if s.Jitter > s.Interval {
		r.report(e.at, path, "jitter (%s) is longer than interval (%s)", s.Jitter, s.Interval)
	}
	if s.RestorableFor < s.Interval {
		r.report(e.at, path, "restorableFor (%s) is shorter than interval (%s): there would be times without a restorable point", s.RestorableFor, s.Interval)
	}
}

// scalar returns the text of a single value.
func (r *reader) scalar(e entry, path string) (string, bool) {
	switch n := e.value.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.AnchorNode, *ast.AliasNode:
		r.report(e.at, path, "anchors and aliases are not supported: put what services share under defaults")
	default:
		r.report(e.at, path, "want a single value, got %s", describe(e.value))
	}
	return "", false
}

func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias"
	}
	return fmt.Sprintf("%q", n.GetToken().Value)
}

// has reports whether a mapping has key, right or wrong: a wrong one has been
// reported already.
func has(n ast.Node, key string) bool {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		v, ok := n.(*ast.MappingValueNode)
		return ok && v.Key.GetToken().Value == key
	}
	return slices.ContainsFunc(m.Values, func(v *ast.MappingValueNode) bool {
		return v.Key.GetToken().Value == key
	})
}

func suggest[T any](settings []setting[T], key string) string {
	var keys []string
	for _, s := range settings {
		if strings.EqualFold(s.key, key) {
			return ": did you mean " + s.key + "?"
		}
		keys = append(keys, s.key)
	}
	return ": want one of " + strings.Join(keys, ", ")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
