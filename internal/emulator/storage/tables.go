package storage

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var (
	errTableExists = &Error{409, "TableAlreadyExists", "The table specified already exists."}
	errFormat      = &Error{415, "JsonFormatNotSupported", "The requested media type is not supported; ask for application/json."}
)

// tableParameters are all that the service itself knows of OData's.
var tableParameters = []string{"$filter", "$select", "$top", "$format"}

// serveTable sends a request where its path and method say.
func (s *Server) serveTable(x *exchange) error {
	if comp := x.query("comp"); comp != "" {
		return notBuilt(x.r.Method + " with comp=" + comp + " on the Table service")
	}
	for parameter := range x.r.URL.Query() {
		if strings.HasPrefix(parameter, "$") && !slices.Contains(tableParameters, parameter) {
			return notBuilt("the parameter " + parameter)
		}
	}
	name, _, _ := strings.Cut(x.path, "(")
	switch {
	case x.path == "":
		return notBuilt(x.r.Method + " on the Table service's root")
	case x.path == "$batch":
		return s.serveBatch(x)
	case strings.EqualFold(name, "Tables"):
		return s.serveTables(x)
	case x.r.Method == http.MethodGet:
		return s.serveQuery(x)
	}
	return s.serveChange(x)
}

func (s *Server) serveTables(x *exchange) error {
	named := strings.TrimPrefix(x.path, "Tables")
	switch x.r.Method {
	case http.MethodPost:
		return s.serveCreateTable(x)
	case http.MethodGet:
		if named != "" && named != "()" {
			return notBuilt("Get Table; list the tables with a $filter")
		}
		return s.serveListTables(x)
	case http.MethodDelete:
		inside, ok := strings.CutPrefix(named, "(")
		if !ok {
			return errMethod
		}
		name, rest, err := scanQuoted(inside)
		if err != nil || rest != ")" {
			return errInvalidInput
		}
		if err := s.DeleteTable(name); err != nil {
			return err
		}
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return errMethod
}

func (s *Server) serveCreateTable(x *exchange) error {
	l, err := x.level()
	if err != nil {
		return err
	}
	values, err := members(x.body)
	if err != nil {
		return err
	}
	name, ok := values["TableName"].(string)
	if !ok {
		return errNeedValue
	}
	if err := s.CreateTable(name); err != nil {
		return err
	}
	x.set("Location", x.root()+"/Tables('"+name+"')")
	if x.preferNoContent() {
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	var b bytes.Buffer
	s.writeTableItem(x, &b, l, name, true)
	x.json(http.StatusCreated, l, b.Bytes())
	return nil
}

func (s *Server) writeTableItem(x *exchange, b *bytes.Buffer, l level, name string, single bool) {
	o := object{b: b}
	b.WriteByte('{')
	if single && l != noMetadata {
		o.member("odata.metadata", x.root()+"/$metadata#Tables/@Element")
	}
	if l == fullMetadata {
		o.member("odata.type", s.opts.Account+".Tables")
		o.member("odata.id", x.root()+"/Tables('"+name+"')")
		o.member("odata.editLink", "Tables('"+name+"')")
	}
	o.member("TableName", name)
	b.WriteByte('}')
}

// namedTable lets a filter ask about TableName.
type namedTable string

func (t namedTable) property(name string) (any, bool) { return string(t), name == "TableName" }

func (s *Server) serveListTables(x *exchange) error {
	l, err := x.level()
	if err != nil {
		return err
	}
	f, err := parseFilter(x.query("$filter"))
	if err != nil {
		return err
	}
	top, err := x.top(s.opts.PageSize)
	if err != nil {
		return err
	}
	names := s.Tables()
	from, err := readMark(x.query("NextTableName"))
	if err != nil {
		return err
	}
	start, _ := slices.BinarySearchFunc(names, from, strings.Compare)
	var items []string
	for _, name := range names[start:] {
		if !f.match(namedTable(name)) {
			continue
		}
		if len(items) == top {
			x.set("x-ms-continuation-NextTableName", mark(name))
			break
		}
		items = append(items, name)
	}
	x.list(l, "Tables", len(items), func(b *bytes.Buffer, i int) { s.writeTableItem(x, b, l, items[i], false) })
	return nil
}

// list writes an answer of n items.
func (x *exchange) list(l level, set string, n int, item func(b *bytes.Buffer, i int)) {
	var b bytes.Buffer
	o := object{b: &b}
	b.WriteByte('{')
	if l != noMetadata {
		o.member("odata.metadata", x.root()+"/$metadata#"+set)
	}
	o.raw("value", []byte("["))
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		item(&b, i)
	}
	b.WriteString("]}")
	x.json(http.StatusOK, l, b.Bytes())
}

func (x *exchange) json(status int, l level, body []byte) {
	h := x.w.Header()
	h.Set("Content-Type", contentType(l))
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body)
}

func contentType(l level) string {
	return "application/json;odata=" + string(l) + ";streaming=true;charset=utf-8"
}

// root is the address of the account as the caller wrote it.
func (x *exchange) root() string {
	account, _, _ := strings.Cut(strings.TrimPrefix(x.r.URL.Path, "/"), "/")
	return "http://" + x.r.Host + "/" + account
}

func (x *exchange) preferNoContent() bool {
	switch prefer := x.header("Prefer"); prefer {
	case "return-no-content":
		x.set("Preference-Applied", prefer)
		return true
	case "return-content":
		x.set("Preference-Applied", prefer)
	}
	return false
}

// level is what $format, or else Accept, asks for.
func (x *exchange) level() (level, error) {
	wanted := x.query("$format")
	if wanted == "" {
		wanted = x.header("Accept")
	}
	return levelOf(wanted)
}

func levelOf(wanted string) (level, error) {
	wanted = strings.ReplaceAll(strings.ToLower(wanted), " ", "")
	switch {
	case strings.Contains(wanted, "odata="+string(noMetadata)):
		return noMetadata, nil
	case strings.Contains(wanted, "odata="+string(fullMetadata)):
		return fullMetadata, nil
	case wanted == "" || strings.Contains(wanted, "json") || strings.Contains(wanted, "*/*"):
		return minimalMetadata, nil
	}
	return "", errFormat
}

func errorLevel(r *http.Request) level {
	l, err := levelOf(r.Header.Get("Accept"))
	if err != nil {
		return minimalMetadata
	}
	return l
}

// top reads $top, at most limit.
func (x *exchange) top(limit int) (int, error) {
	text := x.query("$top")
	if text == "" {
		return limit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, invalid("The $top has to be from 1 to %d.", maxPage)
	}
	return min(n, limit), nil
}
