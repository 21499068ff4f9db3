package infra_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// source is what a Bicep file says, as conformance/bicep reads it. There is no
// compiler here to ask.
type source struct {
	Name     string // such as modules/roles.bicep
	Text     string
	Problems []struct {
		Line int
		Text string
	}
	Statements []statement
	banned     []found
}

// statement is one declaration, or the decorators of the one after it.
type statement struct {
	Kind, Name, Text string
	Line             int
	Parts            []part
	// Uses are the names it refers to, Outputs those of modules.
	Uses    []string
	Outputs []struct{ Module, Output string }
}

// part is one piece of a declaration; those of a loop or a condition have
// parts again.
type part struct {
	Type  string
	Value value
}

// value is a literal, an object, an array, or else code.
type value struct {
	Literal    any
	Code       string
	Properties []property
	Items      []value
	Parts      []part
}

type property struct {
	Key   string
	Line  int
	Value value
}

func (v *value) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(data, []byte("{")) {
		return json.Unmarshal(data, &v.Literal)
	}
	type plain value
	return json.Unmarshal(data, (*plain)(v))
}

// String is the value as a reader would write it, on one line.
func (v value) String() string {
	switch {
	case v.Code != "":
		return v.Code
	case v.Items != nil:
		return fmt.Sprint(v.Items)
	case v.Properties != nil:
		return fmt.Sprint(v.Properties)
	}
	return fmt.Sprint(v.Literal)
}

// at follows keys through objects; nothing there is a value without anything.
func (v value) at(path string) value {
	key, rest, more := strings.Cut(path, "/")
	for _, p := range v.Properties {
		if p.Key == key && more {
			return p.Value.at(rest)
		} else if p.Key == key {
			return p.Value
		}
	}
	return value{}
}

func (v value) keys() (all []string) {
	for _, p := range v.Properties {
		all = append(all, p.Key)
	}
	return all
}

// texts are the literals of an array.
func (v value) texts() (all []string) {
	for _, item := range v.Items {
		all = append(all, item.String())
	}
	return all
}

// body is what a declaration declares: inside its loop and its condition.
func (s statement) body() value {
	parts := s.Parts
	for i := len(parts) - 1; i >= 0; i-- {
		switch parts[i].Type {
		case "object":
			return parts[i].Value
		case "for_statement", "if_statement":
			parts = parts[i].Value.Parts
			i = len(parts)
		}
	}
	return value{}
}

// last is what a variable, a parameter or an output is set to.
func (s statement) last() value { return s.Parts[len(s.Parts)-1].Value }

// typeOf is a resource's type without its version, or a module's path.
func (s statement) typeOf() string {
	for _, p := range s.Parts {
		if p.Type == "string" {
			kind, _, _ := strings.Cut(p.Value.String(), "@")
			return kind
		}
	}
	return ""
}

func (s statement) existing() bool {
	head, _, _ := strings.Cut(s.Text, "=")
	return strings.HasSuffix(strings.TrimSpace(head), "existing")
}

// all are the statements of one kind: parameter, variable, output, resource or
// module.
func (f source) all(kind string) (found []statement) {
	for _, s := range f.Statements {
		if s.Kind == kind {
			found = append(found, s)
		}
	}
	return found
}

func (f source) one(kind, name string) statement {
	for _, s := range f.all(kind) {
		if s.Name == name {
			return s
		}
	}
	return statement{}
}

// decorated are the decorators of the parameter called name.
func (f source) decorated(name string) string {
	for i, s := range f.Statements {
		if i > 0 && s.Kind == "parameter" && s.Name == name && f.Statements[i-1].Kind == "decorators" {
			return f.Statements[i-1].Text
		}
	}
	return ""
}
