package webhook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"lifeboat/internal/job"
)

// secretURL has something to hide in each of its parts.
const secretURL = "https://user-s3cret:pass-s3cret@host-s3cret.example:8443/path-s3cret/x?query-s3cret=1#fragment-s3cret"

// clean reports what an error, or anything that it wraps, tells of an address.
func clean(t *testing.T, err error) {
	t.Helper()
	for _, shown := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%q", wrapped(err))} {
		for _, secret := range []string{"s3cret", "example", "8443", "://", "127.0.0.1", "what the answer says"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q tells %q", shown, secret)
			}
		}
	}
	for _, holder := range []any{new(*url.Error), new(*net.OpError), new(*net.DNSError), new(*tls.CertificateVerificationError)} {
		if err != nil && errors.As(err, holder) {
			t.Errorf("%v wraps a %T", err, holder)
		}
	}
}

func wrapped(err error) []string {
	var all []string
	for ; err != nil; err = errors.Unwrap(err) {
		all = append(all, err.Error())
	}
	return all
}

func TestNoErrorTellsTheAddress(t *testing.T) {
	host := "host-s3cret.example"
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443}, Err: &osError{syscall.ECONNREFUSED}}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"no such host", &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: host, Server: "127.0.0.1:53", IsNotFound: true}}, "no such host"},
		{"no name service", &net.DNSError{Err: "server misbehaving", Name: host, Server: "127.0.0.1:53", IsTemporary: true}, "could not be looked up"},
		{"a name service that is slow", &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true}, "could not be looked up"},
		{"connection refused", refused, "connection refused"},
		{"a proxy that refuses", &net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}, "connection refused"},
		{"connection reset", &net.OpError{Op: "read", Addr: refused.Addr, Err: &osError{syscall.ECONNRESET}}, "closed without an answer"},
		{"connection closed", io.EOF, "closed without an answer"},
		{"a dial that times out", &net.OpError{Op: "dial", Addr: refused.Addr, Err: context.DeadlineExceeded}, "timeout"},
		{"another's certificate", x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{host}}, Host: host}, "certificate is not to be trusted"},
		{"a certificate of nobody", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "certificate is not to be trusted"},
		{"an old certificate", x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired, Detail: host}, "certificate is not to be trusted"},
		{"no TLS", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake to " + host}, "handshake failed"},
		{"an alert", tls.AlertError(40), "handshake failed"},
		{"no TLS, as the client says it", http.ErrSchemeMismatch, "handshake failed"},
		{"anything else", errors.New("malformed HTTP response from " + secretURL), "no usable answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := client(map[string]string{"OPS_URL": secretURL, "BEAT": secretURL}, roundTrip(func(*http.Request) (*http.Response, error) { return nil, test.err }))
			for name, err := range map[string]error{
				"webhook ops (app setting OPS_URL)": c.Post(t.Context(), ops, "id", "text/plain", nil),
				"heartbeat (app setting BEAT)":      c.Ping(t.Context(), "BEAT", job.BeatStart),
			} {
				if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, want %s: %s", err, name, test.want)
				}
				clean(t, err)
			}
		})
	}
}

// osError is what the os package makes of an errno, with its words.
type osError struct{ errno syscall.Errno }

func (e *osError) Error() string { return "connect 127.0.0.1: " + e.errno.Error() }
func (e *osError) Unwrap() error { return e.errno }

func TestNoStatusTellsTheAddress(t *testing.T) {
	for _, status := range []int{302, 307, 401, 404, 429, 500, 999} {
		for _, location := range []string{"", secretURL, "https://host-s3cret.example/%zz"} {
			c := client(map[string]string{"OPS_URL": secretURL}, roundTrip(func(*http.Request) (*http.Response, error) {
				a := answer(status)
				a.Status = fmt.Sprint(status, " status-s3cret")
				a.Header.Set("Location", location)
				return a, nil
			}))
			err := c.Post(t.Context(), ops, "id", "text/plain", nil)
			if err == nil {
				t.Errorf("%d: no error", status)
			}
			clean(t, err)
		}
	}
}

// Real connections fail with errors that no table foresees.
func TestRealFailuresTellNoAddress(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	foreign := httptest.NewUnstartedServer(http.NotFoundHandler())
	foreign.Config.ErrorLog = quiet
	foreign.StartTLS()
	defer foreign.Close()
	rude := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	rude.Config.ErrorLog = quiet
	rude.Start()
	defer rude.Close()
	tests := []struct{ name, url, want string }{
		{"nobody listens", closed.URL, "connection refused"},
		{"HTTP behind https", strings.Replace(plain.URL, "http:", "https:", 1), "TLS: the handshake failed"},
		{"a certificate of nobody", foreign.URL, "certificate is not to be trusted"},
		{"a connection that breaks off", rude.URL, "closed without an answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := client(map[string]string{"OPS_URL": test.url + "/path-s3cret"}, nil).Post(t.Context(), ops, "id", "text/plain", []byte("body"))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
			clean(t, err)
		})
	}
}

// A header that can't be sent is refused before anything leaves.
func TestAnIDThatIsNoHeader(t *testing.T) {
	err := client(map[string]string{"OPS_URL": secretURL}, nil).Post(t.Context(), ops, "id\r\nX-Evil: 1", "text/plain", nil)
	if err == nil {
		t.Error("no error")
	}
	clean(t, err)
}
