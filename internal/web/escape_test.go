package web

import (
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/job"
)

// dangerous are texts that leave some context: an element's text, a quoted or
// an unquoted attribute, an address, a style, a comment, SVG's text.
var dangerous = []string{
	`<b>`, `</title>`, `</style>`, `</desc></svg>`, `</bdi>`, `<!--`, `-->`, `]]>`, `"`, `'`, "`", `" onclick="x`, `' onclick='x`, ` onclick=x `, `>`, `/>`,
	`javascript:x`, `//evil.example`, `https://evil.example`, `?code=x`, `&live=on`, `&lt;b&gt;`, `#x`, `%22%3E`, `\"`, "\x00", "\r\n", `{{.}}`, `expression(x)`, `url(x)`,
}

// What others wrote never changes which elements and attributes a page has,
// nor anything in an attribute but a link's parameters.
func TestWordsStayInTheirPlaces(t *testing.T) {
	for name, draw := range drawings(t) {
		want := outline(t, draw("x"))
		if len(want) < 20 {
			t.Fatalf("%s: only %d elements: was it drawn?", name, len(want))
		}
		for _, text := range dangerous {
			if diff := cmp.Diff(want, outline(t, draw(text))); diff != "" {
				t.Errorf("%s with %q (-harmless +dangerous):\n%s", name, text, diff)
			}
		}
	}
}

// drawings are all kinds of pages, with a text wherever somebody else's words
// can be.
func drawings(t *testing.T) map[string]func(text string) []byte {
	drawn := func(page []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	fleet := func(text string) Known {
		k := withWords(t, text)
		for i := range k.Plan.Services {
			k.Plan.Services[i].Jitter = 0 // which follows from the name
		}
		return k
	}
	return map[string]func(string) []byte{
		"overview": func(text string) []byte { return drawn(Page(Overview(fleet(text)), true)) },
		"service": func(text string) []byte {
			k := fleet(text)
			name := k.Plan.Services[0].Name
			past := Past{Points: []job.Point{k.Rows.Jobs[1].Restore.Point}, Jobs: []job.Job{wordy(failed("apim-weu", hour), text)}}
			past.Points[0].StartedAt, past.Points[0].VerifiedAt, past.Jobs[0].Service = ago(2*hour), ago(hour), name
			v, ok := About(k, name, past)
			if !ok {
				t.Fatal("the service is not in its plan")
			}
			return drawn(ServicePage(v, false))
		},
		"backup": func(text string) []byte {
			return drawn(JobPage(Detail(fleet(text).Plan, wordy(failed("apim-weu", hour), text), nil, now), true))
		},
		"restore": func(text string) []byte {
			k := fleet(text)
			return drawn(JobPage(Detail(k.Plan, k.Rows.Jobs[1], nil, now), false))
		},
		"trouble": func(text string) []byte { return drawn(TroublePage(NewTrouble(text, text, now))) },
	}
}

// outline is a page's elements with their attributes, without the words. Of a
// link only where it leads and the names of its parameters are kept.
func outline(t *testing.T, page []byte) (all []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(page)))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %s", err, page)
		}
		switch e := token.(type) {
		case xml.StartElement:
			all = append(all, element(t, e))
		case xml.Comment, xml.ProcInst:
			t.Errorf("%T on the page", e)
		}
	}
}

func element(t *testing.T, e xml.StartElement) string {
	t.Helper()
	text := e.Name.Local
	for _, a := range e.Attr {
		value := a.Value
		if a.Name.Local == "href" && strings.HasPrefix(value, "?") {
			value = parameters(t, value)
		}
		text += fmt.Sprintf(" %s=%q", a.Name.Local, value)
	}
	return text
}

// parameters are the names in a relative address.
func parameters(t *testing.T, to string) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path != "" || u.Fragment != "" {
		t.Errorf("a link to %q: %v", to, err)
		return to
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Errorf("a link to %q: %v", to, err)
	}
	var names []string
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	return "?" + strings.Join(names, "&")
}

// The builder escapes text and attributes, and knows nothing of addresses,
// styles and what is written as it is. So each of these is written in one
// place, and element and attribute names are never computed.
func TestWhatTheBuilderDoesNotEscape(t *testing.T) {
	got := map[string]int{}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			switch name := source(call.Fun); name {
			case "g.Raw", "g.Rawf", "h.Href", "h.Src", "h.Action", "h.StyleEl", "h.Script":
				got[name+" "+source(call.Args[0])]++
			case "h.Style", "g.NodeFunc":
				t.Errorf("%s is not for these pages", name)
			case "g.El", "g.Attr", "h.Data", "h.Aria":
				if _, constant := call.Args[0].(*ast.BasicLit); !constant {
					t.Errorf("%s of a computed name: %s", name, source(call))
				}
			}
			return true
		})
	}
	want := map[string]int{"g.Raw style": 1, "h.StyleEl g.Raw(style)": 1, "h.Href to.query": 1, `h.Href "#main"`: 1, `h.Href "data:,"`: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func sources(t *testing.T) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func source(n ast.Node) string {
	var text strings.Builder
	if err := printer.Fprint(&text, token.NewFileSet(), n); err != nil {
		return err.Error()
	}
	return text.String()
}
