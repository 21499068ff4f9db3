package infra_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// mistakes gathers what is wrong, each with its place.
type mistakes []string

func (m *mistakes) add(file string, line int, format string, args ...any) {
	*m = append(*m, fmt.Sprintf("%s:%d: %s", file, line, fmt.Sprintf(format, args...)))
}

// dated is a resource's type with a version that is no preview.
var dated = regexp.MustCompile(`^[A-Za-z.]+(/[A-Za-z]+)+@20\d\d-\d\d-\d\d$`)

// banned is what is newer than 2024, from elsewhere, or reads a key.
var banned = []*regexp.Regexp{
	regexp.MustCompile(`resourceInput<`), regexp.MustCompile(`'(br|ts)[/:]`), regexp.MustCompile(`(?m)^\s*\.\.\.`),
	regexp.MustCompile(`(?m)^[ \t]+resource\s`), regexp.MustCompile(`\blist[A-Z]\w*\(`),
}

// checkSyntax holds the files to what the grammar reads, and to Bicep as it was
// in 2024.
func checkSyntax(t tree, m *mistakes) {
	plain := []string{"target", "parameter", "variable", "output", "resource", "module", "decorators"}
	for _, name := range t.names() {
		f := t[name]
		for _, p := range f.Problems {
			m.add(name, p.Line, "not Bicep: %s", p.Text)
		}
		for _, s := range f.Statements {
			if !slices.Contains(plain, s.Kind) {
				m.add(name, s.Line, "a %s is not plain Bicep of 2024", s.Kind)
			}
			if s.Kind == "resource" && !dated.MatchString(s.Parts[1].Value.String()) {
				m.add(name, s.Line, "%s: want a type with a released version, got %s", s.Name, s.Parts[1].Value)
			}
		}
		for _, b := range f.banned {
			m.add(name, b.line, "%q does not belong here: it is newer than 2024, from elsewhere, or a key", b.text)
		}
	}
}

// found is a text at a line.
type found struct {
	line int
	text string
}

// bannedIn are the first of each kind in a text.
func bannedIn(text string) (all []found) {
	for _, pattern := range banned {
		if at := pattern.FindStringIndex(text); at != nil {
			all = append(all, found{1 + strings.Count(text[:at[0]], "\n"), text[at[0]:at[1]]})
		}
	}
	return all
}

// builtIn are names that need no declaration: functions, namespaces, types.
var builtIn = strings.Fields(`any array az base64 bool concat contains empty endsWith environment false filter first flatten format guid if int
	items join json last length loadJsonContent loadYamlContent map max min null object range reduce replace resourceGroup resourceId secure
	sort split startsWith string subscription subscriptionResourceId sys take tenant toLower toObject toUpper trim true union uniqueString uriComponent for in existing`)

// checkNames wants every name declared, every module there and used, and its
// parameters given, both ways.
func checkNames(t tree, m *mistakes) {
	used := map[string]bool{"main.bicep": true, "after.bicep": true}
	for _, name := range t.names() {
		f := t[name]
		declared := map[string]bool{}
		for _, s := range f.Statements {
			if declared[s.Name] && s.Kind != "output" && s.Name != "" {
				m.add(name, s.Line, "%s is declared twice", s.Name)
			}
			declared[s.Name] = declared[s.Name] || s.Kind != "output"
		}
		uses := map[string]bool{}
		for _, s := range f.Statements {
			checkUses(f, s, declared, uses, m)
			if s.Kind == "module" {
				at := path.Join(path.Dir(name), s.typeOf())
				used[at] = true
				checkModule(name, s, at, t, m)
			}
		}
		for _, s := range f.Statements {
			if (s.Kind == "parameter" || s.Kind == "variable") && !uses[s.Name] && name != "modules/region.bicep" {
				m.add(name, s.Line, "%s is declared and not used", s.Name)
			}
		}
	}
	for _, name := range t.names() {
		if !used[name] {
			m.add(name, 1, "no template uses it")
		}
	}
}

// checkUses wants what a statement names to be declared.
func checkUses(f source, s statement, declared, uses map[string]bool, m *mistakes) {
	for _, name := range s.Uses {
		uses[name] = true
		if !declared[name] && !slices.Contains(builtIn, name) {
			m.add(f.Name, s.Line, "%s: %s is not declared", s.Name, name)
		}
	}
}

func checkModule(name string, s statement, at string, t tree, m *mistakes) {
	module, ok := t[at]
	if !ok {
		m.add(name, s.Line, "module %s: there is no %s", s.Name, at)
		return
	}
	given := s.body().at("params").keys()
	for _, p := range module.all("parameter") {
		if !slices.Contains(given, p.Name) && len(p.Parts) == 2 {
			m.add(name, s.Line, "module %s is not given %s", s.Name, p.Name)
		}
	}
	for _, g := range given {
		if module.one("parameter", g).Name == "" {
			m.add(name, s.Line, "module %s is given %s, which %s does not have", s.Name, g, at)
		}
	}
	for _, other := range t[name].Statements {
		for _, o := range other.Outputs {
			if o.Module == s.Name && module.one("output", o.Output).Name == "" {
				m.add(name, other.Line, "%s has no output %s", at, o.Output)
			}
		}
	}
}

var secret = regexp.MustCompile(`(?i)(key|secret|password|token)$`)

// checkSecrets lets no secret out, and takes one in by a secure parameter only.
func checkSecrets(t tree, m *mistakes) {
	for _, name := range t.names() {
		f := t[name]
		secure := []string{}
		for _, p := range f.all("parameter") {
			if strings.Contains(f.decorated(p.Name), "@secure()") {
				secure = append(secure, p.Name)
				if len(p.Parts) > 2 && p.last().String() != "" {
					m.add(name, p.Line, "%s is a secret, and has a value here", p.Name)
				}
			} else if secret.MatchString(p.Name) {
				m.add(name, p.Line, "%s sounds like a secret: want @secure()", p.Name)
			}
		}
		for _, o := range f.all("output") {
			for _, w := range o.Uses {
				if slices.Contains(secure, w) || secret.MatchString(w) && w != "token" {
					m.add(name, o.Line, "output %s tells the secret %s", o.Name, w)
				}
			}
		}
	}
}
