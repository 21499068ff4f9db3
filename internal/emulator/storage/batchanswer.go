package storage

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// batchAnswer writes the multipart answer to a batch: HTTP answers inside a
// changeset inside the answer.
type batchAnswer struct {
	x       *exchange
	account string
	parts   bytes.Buffer
}

func (a *batchAnswer) boundary(kind string) string {
	return kind + "response_" + a.x.w.Header().Get("x-ms-request-id")
}

// fail says that the change at an index failed, and so all of them.
func (a *batchAnswer) fail(at int, e *Error) {
	named := *e
	named.Message = fmt.Sprintf("%d:%s", at, e.Message)
	body := tableErrorBody(&named, a.x.trailer())
	a.part(e.Status, body, [2]string{"Content-Type", contentType(minimalMetadata)})
}

func (a *batchAnswer) result(b batched, e *entity) {
	var headers [][2]string
	add := func(name, value string) { headers = append(headers, [2]string{name, value}) }
	if b.id != "" {
		add("Content-ID", b.id)
	}
	if b.action != insert {
		if e != nil {
			add("ETag", e.etag())
		}
		a.part(http.StatusNoContent, nil, headers...)
		return
	}
	link := a.x.root() + "/" + entityLink(b.table, b.pk, b.rk)
	add("Location", link)
	add("ETag", e.etag())
	if b.noContent {
		add("Preference-Applied", "return-no-content")
		add("DataServiceId", link)
		a.part(http.StatusNoContent, nil, headers...)
		return
	}
	var body bytes.Buffer
	ew := &entityWriter{level: b.level, root: a.x.root(), account: a.account, table: b.table}
	ew.write(&body, e, true)
	add("Content-Type", contentType(b.level))
	a.part(http.StatusCreated, body.Bytes(), headers...)
}

func (a *batchAnswer) part(status int, body []byte, headers ...[2]string) {
	p := &a.parts
	fmt.Fprintf(p, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n", a.boundary("changeset"))
	fmt.Fprintf(p, "HTTP/1.1 %d %s\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\n", status, http.StatusText(status))
	for _, h := range headers {
		fmt.Fprintf(p, "%s: %s\r\n", h[0], h[1])
	}
	fmt.Fprintf(p, "\r\n%s\r\n", body)
}

func (a *batchAnswer) send() {
	batch, set := a.boundary("batch"), a.boundary("changeset")
	var b bytes.Buffer
	fmt.Fprintf(&b, "--%s\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n", batch, set)
	b.Write(a.parts.Bytes())
	fmt.Fprintf(&b, "--%s--\r\n--%s--\r\n", set, batch)
	h := a.x.w.Header()
	h.Set("Content-Type", "multipart/mixed; boundary="+batch)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	a.x.w.WriteHeader(http.StatusAccepted)
	_, _ = a.x.w.Write(b.Bytes())
}
