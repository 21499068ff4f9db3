package storage

import (
	"fmt"
	"strings"
)

// Bounds on a filter. Fifteen comparisons is what Azure documents.
const (
	maxFilter      = 32 << 10
	maxDepth       = 64
	maxComparisons = 15
)

// parseFilter reads an OData $filter as the Table service knows it:
//
//	or         = and { "or" and }
//	and        = unary { "and" unary }
//	unary      = "not" unary | "(" or ")" | comparison
//	comparison = operand op operand | property
//
// Of two operands one is a property and one a literal. The empty filter
// matches everything.
func parseFilter(text string) (filter, error) {
	if strings.TrimSpace(text) == "" {
		return all{}, nil
	}
	if len(text) > maxFilter {
		return nil, invalid("The $filter is longer than %d bytes.", maxFilter)
	}
	tokens, err := scanFilter(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	f, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.unexpected(t)
	}
	return f, nil
}

type parser struct {
	tokens      []token
	depth       int
	comparisons int
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != tokenEnd {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) word(w string) bool {
	if t := p.peek(); t.kind == tokenName && t.text == w {
		p.next()
		return true
	}
	return false
}

func (p *parser) or() (filter, error) {
	terms, err := p.list(p.and, "or")
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return anyOf(terms), nil
}

func (p *parser) and() (filter, error) {
	terms, err := p.list(p.unary, "and")
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return allOf(terms), nil
}

func first(terms []filter) filter {
	if len(terms) == 0 {
		return nil
	}
	return terms[0]
}

func (p *parser) list(item func() (filter, error), separator string) ([]filter, error) {
	var terms []filter
	for {
		f, err := item()
		if err != nil {
			return nil, err
		}
		terms = append(terms, f)
		if !p.word(separator) {
			return terms, nil
		}
	}
}

func (p *parser) unary() (filter, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, invalid("The $filter is nested deeper than %d.", maxDepth)
	}
	if p.word("not") {
		f, err := p.unary()
		return not{f}, err
	}
	if p.peek().kind != tokenOpen {
		return p.comparison()
	}
	p.next()
	f, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.next(); t.kind != tokenClose {
		return nil, p.unexpected(t)
	}
	return f, nil
}

func (p *parser) comparison() (filter, error) {
	if p.comparisons++; p.comparisons > maxComparisons {
		return nil, invalid("The $filter has more than %d comparisons.", maxComparisons)
	}
	left := p.next()
	if !left.operand() {
		return nil, p.unexpected(left)
	}
	op, ok := operators[p.peek().text]
	if !ok || p.peek().kind != tokenName {
		if left.kind != tokenName {
			return nil, p.unexpected(p.peek())
		}
		return comparison{name: left.text, op: equal, value: true}, nil
	}
	p.next()
	right := p.next()
	switch {
	case left.kind == tokenName && right.kind == tokenLiteral:
		return comparison{name: left.text, op: op, value: right.value}, nil
	case left.kind == tokenLiteral && right.kind == tokenName && operators[right.text] == "":
		return comparison{name: right.text, op: op.mirrored(), value: left.value}, nil
	}
	return nil, invalid("The $filter has to compare a property with a literal, near %q.", right.text)
}

func (p *parser) unexpected(t token) error {
	if t.kind == tokenEnd {
		return invalid("The $filter ends too early.")
	}
	return &Error{400, "InvalidInput", fmt.Sprintf("Syntax error in the $filter: unexpected %q.", t.text)}
}
