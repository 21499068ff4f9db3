package storage

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

func batchOf(parts ...string) string {
	var b strings.Builder
	b.WriteString("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n")
	for _, part := range parts {
		fmt.Fprintf(&b, "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n%s\r\n", part)
	}
	return b.String() + "--c--\r\n--b--\r\n"
}

// FuzzBatch holds that no body makes a transaction panic, and that one which
// failed changed nothing.
func FuzzBatch(f *testing.F) {
	insert := "POST http://h/devstoreaccount1/rows HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"PartitionKey\":\"p\",\"RowKey\":\"r\",\"A\":1}"
	remove := "DELETE http://h/devstoreaccount1/rows(PartitionKey='p',RowKey='s') HTTP/1.1\r\nIf-Match: *\r\n\r\n"
	for _, seed := range []string{"", "--b--", batchOf(), batchOf(insert), batchOf(insert, insert), batchOf(insert, remove), batchOf("GET x"), batchOf(remove)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s, err := New(Options{AllowBearer: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateTable("rows"); err != nil {
			t.Fatal(err)
		}
		status, answer := post(s, body)
		failed := status != 202 || strings.Contains(answer, "odata.error")
		if n := len(s.Entities("rows")); failed && n != 0 {
			t.Errorf("%d rows after %d %s", n, status, answer)
		}
	})
}

func post(s *Server, body string) (status int, answer string) {
	r := httptest.NewRequest("POST", "/devstoreaccount1/$batch", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Set("Content-Type", "multipart/mixed; boundary=b")
	w := httptest.NewRecorder()
	s.Table().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
