package plan

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

func (r *reader) mapping(n ast.Node, path string) (*ast.MappingNode, bool) {
	m, ok := asMapping(n)
	if !ok {
		r.report(n.GetToken(), path, "want a mapping of keys to values, got %s", describe(n))
	}
	return m, ok
}

func asMapping(n ast.Node) (*ast.MappingNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n, true
	case *ast.MappingValueNode:
		return &ast.MappingNode{BaseNode: &ast.BaseNode{}, Start: n.Key.GetToken(), Values: []*ast.MappingValueNode{n}}, true
	}
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
	_, ok := keyOf(n, key)
	return ok
}

// keyOf returns where a mapping has key.
func keyOf(n ast.Node, key string) (*token.Token, bool) {
	m, ok := asMapping(n)
	if !ok {
		return nil, false
	}
	for _, v := range m.Values {
		if at := v.Key.GetToken(); at.Value == key {
			return at, true
		}
	}
	return nil, false
}
