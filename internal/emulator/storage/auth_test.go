package storage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const testDate = "Sun, 01 Mar 2026 01:00:00 GMT"

// The strings are written out as the service documents them, one scheme and
// service a case; what the SDK's clients send is checked by the suite.
func TestEverySchemeIsChecked(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, scheme, method, target, text string }{
		{"Shared Key, Table", "SharedKey", "GET", "/devstoreaccount1/Tables?comp=acl&x=1",
			"GET\nbWQ1\ntext/plain\n" + testDate + "\n/devstoreaccount1/devstoreaccount1/Tables?comp=acl"},
		{"Shared Key Lite, Table", "SharedKeyLite", "GET", "/devstoreaccount1/Tables?x=1",
			testDate + "\n/devstoreaccount1/devstoreaccount1/Tables"},
		{"Shared Key, Blob", "SharedKey", "PUT", "/devstoreaccount1/c/a%20b?comp=metadata&Timeout=20",
			"PUT\n\n\n4\nbWQ1\ntext/plain\n\n\n\n*\n\nbytes=0-9\nx-ms-date:" + testDate + "\nx-ms-meta-a_b:2\nx-ms-meta-ab:1\nx-ms-version:2026-06-06\n" +
				"/devstoreaccount1/devstoreaccount1/c/a%20b\ncomp:metadata\ntimeout:20"},
		{"Shared Key Lite, Blob", "SharedKeyLite", "PUT", "/devstoreaccount1/c/b?comp=metadata&timeout=20",
			"PUT\nbWQ1\ntext/plain\n\nx-ms-date:" + testDate + "\nx-ms-meta-a_b:2\nx-ms-meta-ab:1\nx-ms-version:2026-06-06\n" +
				"/devstoreaccount1/devstoreaccount1/c/b?comp=metadata"},
	} {
		r := httptest.NewRequest(c.method, c.target, strings.NewReader("body"))
		for name, value := range map[string]string{
			"Content-MD5": "bWQ1", "Content-Type": "text/plain", "x-ms-date": testDate, "x-ms-version": "2026-06-06",
			"x-ms-meta-ab": "1", "x-ms-meta-a_b": "2", "If-None-Match": "*", "Range": "bytes=0-9",
		} {
			r.Header.Set(name, value)
		}
		sign(r, s, c.scheme, c.text)
		if err := s.authenticate(r); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		sign(r, s, c.scheme, c.text+"x")
		if err := s.authenticate(r); err == nil {
			t.Errorf("%s: a wrong signature was accepted", c.name)
		}
	}
}

func sign(r *http.Request, s *Server, scheme, text string) {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	r.Header.Set("Authorization", scheme+" "+s.Account()+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
