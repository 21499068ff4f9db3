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
	r := &reader{file: file, addresses: map[string]string{}}
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
	// webhooks are the names of the plan's webhooks.
	webhooks []string
	// addresses says where the plan names an app setting that holds a URL.
	addresses map[string]string
	// given are the settings that all services have from the plan's defaults,
	// nil if there are none.
	given ast.Node
	// at is where each service stands.
	at map[string]*token.Token
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

func (r *reader) plan(root *ast.MappingNode) *Plan {
	p, defaults := &Plan{Delivery: defaultDelivery, History: defaultHistory}, Default()
	var services *entry
	version := false
	entries := r.entries(root, "")
	for _, e := range entries {
		// Services name them, and may stand before them.
		if e.key == "webhooks" {
			p.Webhooks = r.hooks(e)
		}
	}
	for _, e := range entries {
		switch e.key {
		case "webhooks":
		case "delivery":
			if m, ok := r.mapping(e.value, "delivery"); ok {
				d := delivery{DeliveryRules: p.Delivery}
				readSettings(r, m, "delivery", deliverySettings, &d, false)
				p.Delivery, p.AllowLinkLocal = d.DeliveryRules, d.linkLocal
			}
		case "history":
			r.history(e, p)
		case "environment":
			p.Environment = r.environment(e)
		case "version":
			version = true
			if v, ok := r.scalar(e, "version"); ok && v != "1" {
				r.report(e.value.GetToken(), "version", "want 1, got %q", v)
			}
		case "defaults":
			if m, ok := r.mapping(e.value, "defaults"); ok {
				r.given = m
				readSettings(r, m, "defaults", serviceSettings, &defaults, true)
			}
		case "services":
			services = &e
		default:
			r.report(e.at, e.key, "unknown key: want version, environment, webhooks, delivery, history, defaults or services")
		}
	}
	if !version {
		r.report(nil, "version", "missing: want version: 1")
	}
	if services == nil {
		r.report(nil, "services", "missing: want at least one service by its name")
		return nil
	}
	p.Services = r.services(*services, defaults)
	r.consistentStandbys(p)
	r.consistentRules(p)
	r.consistentHistory(p)
	return p
}

var environmentName = regexp.MustCompile(`^[A-Za-z0-9-]{1,20}$`)

func (r *reader) environment(e entry) string {
	name, ok := r.scalar(e, "environment")
	if ok && !environmentName.MatchString(name) {
		r.report(e.value.GetToken(), "environment", "want 1 to 20 letters, digits and hyphens, got %q", name)
	}
	return name
}

// A name becomes a partition key, a part of job ids and of blob names.
var nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// maxName is how long a name may be, as in Azure.
const maxName = 50

const wantName = "a name of 1 to 50 lower-case letters, digits and single hyphens"

func isName(s string) bool { return len(s) <= maxName && nameForm.MatchString(s) }

func (r *reader) services(e entry, defaults Service) []Service {
	m, ok := r.mapping(e.value, "services")
	if !ok {
		return nil
	}
	var all []Service
	taken := map[string]string{}
	r.at = map[string]*token.Token{}
	for _, e := range r.entries(m, "services") {
		path := join("services", e.key)
		r.at[e.key] = e.at
		s := defaults
		s.Name = e.key
		if !isName(e.key) {
			r.report(e.at, path, "want %s", wantName)
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
		all = append(all, s)
	}
	if len(all) == 0 {
		r.report(e.at, "services", "want at least one service by its name")
	}
	return all
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
	// A value that stands there and is none has been reported, and so has a
	// resource among the defaults.
	need := func(value, key, when string) {
		inherited := key != "resourceId" && has(r.given, key)
		if value == "" && !has(e.value, key) && !inherited {
			known, _ := find(serviceSettings, key)
			r.report(e.at, join(path, key), "missing%s: want %s", when, known.want)
		}
	}
	need(s.resourceID, "resourceId", "")
	need(s.Account, "storageAccount", "")
	need(s.Container, "container", "")
	switch s.Access.Mode {
	case "UserAssignedManagedIdentity":
		need(s.Access.ClientID, "clientId", " with access UserAssignedManagedIdentity")
	case "AccessKey":
		need(s.Access.KeySetting, "accessKeySetting", " with access AccessKey")
	}
	r.consistent(e, path, s)
	r.completeStandbys(e, path, s)
	// Both parts have been checked one by one; a mistake in either has been
	// reported.
	s.Schedule, _ = ParseSchedule(s.schedule, s.timeZone)
	completeRetention(s)
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
	if s.LapseWarning >= s.RestorableFor {
		r.report(e.at, path, "lapseWarning (%s) is not shorter than restorableFor (%s)", s.LapseWarning, s.RestorableFor)
	}
	if s.Changes.AtMost < s.Changes.Quiet {
		r.report(e.at, path, "changes.atMost (%s) is shorter than changes.quiet (%s)", s.Changes.AtMost, s.Changes.Quiet)
	}
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
