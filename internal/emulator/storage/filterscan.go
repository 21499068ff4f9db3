package storage

import (
	"encoding/hex"
	"strconv"
	"strings"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenOpen
	tokenClose
	tokenName    // a property, an operator, and, or, not
	tokenLiteral // with its value
)

type token struct {
	kind  tokenKind
	text  string
	value any
}

func (t token) operand() bool {
	if t.kind == tokenLiteral {
		return true
	}
	return t.kind == tokenName && operators[t.text] == "" && t.text != "and" && t.text != "or" && t.text != "not"
}

// scanFilter cuts a filter into tokens; the last one is tokenEnd.
func scanFilter(text string) ([]token, error) {
	var tokens []token
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return append(tokens, token{}), nil
		}
		t, rest, err := scanToken(text)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		text = rest
	}
}

func scanToken(text string) (token, string, error) {
	switch c := text[0]; {
	case c == '(':
		return token{kind: tokenOpen, text: "("}, text[1:], nil
	case c == ')':
		return token{kind: tokenClose, text: ")"}, text[1:], nil
	case c == '\'':
		s, rest, err := scanQuoted(text)
		return token{tokenLiteral, s, s}, rest, err
	case c == '-' || c == '.' || c >= '0' && c <= '9':
		return scanNumber(text)
	default:
		return scanWord(text)
	}
}

// scanQuoted reads a string in quotes, in which two quotes stand for one.
func scanQuoted(text string) (s, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			i++
			b.WriteByte('\'')
			continue
		}
		return b.String(), text[i+1:], nil
	}
	return "", "", invalid("A string in the $filter has no end.")
}

func scanNumber(text string) (token, string, error) {
	n := 1
	for n < len(text) && (isWord(text[n]) || text[n] == '.' || strings.IndexByte("+-", text[n]) >= 0 && strings.IndexByte("eE", text[n-1]) >= 0) {
		n++
	}
	digits, rest := text[:n], text[n:]
	if whole, ok := strings.CutSuffix(strings.ToUpper(digits), "L"); ok {
		v, err := strconv.ParseInt(whole, 10, 64)
		return numeric(digits, v, err, rest)
	}
	if v, err := strconv.ParseInt(digits, 10, 32); err == nil {
		return numeric(digits, int32(v), nil, rest)
	}
	// ParseFloat knows more than OData: hexadecimal, infinity, underscores.
	if strings.Trim(strings.ToLower(digits), "0123456789.e+-") != "" {
		return numeric(digits, nil, strconv.ErrSyntax, rest)
	}
	v, err := strconv.ParseFloat(digits, 64)
	return numeric(digits, v, err, rest)
}

func numeric(digits string, v any, err error, rest string) (token, string, error) {
	if err != nil {
		return token{}, "", invalid("%q in the $filter is not a number.", digits)
	}
	return token{tokenLiteral, digits, v}, rest, nil
}

// scanWord reads a name, a boolean, or a typed literal such as datetime'...'.
func scanWord(text string) (token, string, error) {
	n := 0
	for n < len(text) && isWord(text[n]) {
		n++
	}
	if n == 0 {
		return token{}, "", invalid("Syntax error in the $filter: unexpected %q.", text[:1])
	}
	word, rest := text[:n], text[n:]
	switch {
	case strings.HasPrefix(rest, "'"):
		s, after, err := scanQuoted(rest)
		if err != nil {
			return token{}, "", err
		}
		v, err := typedLiteral(word, s)
		return token{tokenLiteral, word + "'" + s + "'", v}, after, err
	case word == "true" || word == "false":
		return token{tokenLiteral, word, word == "true"}, rest, nil
	}
	return token{tokenName, word, nil}, rest, nil
}

func typedLiteral(kind, s string) (any, error) {
	switch kind {
	case "datetime":
		return parseTime(s)
	case "guid":
		return parseGUID(s)
	case "X", "x", "binary":
		if b, err := hex.DecodeString(s); err == nil {
			return b, nil
		}
	}
	return nil, invalid("%s'%s' in the $filter is not a literal.", kind, s)
}

// isWord admits every byte of a non-ASCII letter; names are compared, not judged.
func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
