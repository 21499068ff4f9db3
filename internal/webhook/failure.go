package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// failed says what kind of failure err is. It wraps none of it but ctx's own
// end: a transport's error holds the URL, the host or the proxy.
func (d destination) failed(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return d.errorf("given up: %w", ended)
	}
	return d.errorf("%s", kind(err))
}

func kind(err error) string {
	var (
		lookup   *net.DNSError
		slow     net.Error
		verified *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	switch {
	case errors.Is(err, errForbidden):
		return "the address is link-local or a metadata service's: put another into the setting, or delivery.allowLinkLocal: true into the plan"
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "no such host: check the address in the setting"
	case errors.As(err, &lookup):
		return "the host's name could not be looked up"
	case errors.As(err, &slow) && slow.Timeout():
		return "timeout: no answer within " + timeout.String()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &verified), errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &invalid):
		return "TLS: the server's certificate is not to be trusted"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record), errors.As(err, &alert):
		return "TLS: the handshake failed"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed without an answer"
	}
	return "no usable answer"
}

// answered judges a status. The words are not the answer's own.
func (d destination) answered(status int) error {
	text := http.StatusText(status)
	if text != "" {
		text = " " + text
	}
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status >= 300 && status <= 399:
		return d.errorf("status %d%s: redirects are not followed; put the final address into the setting", status, text)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusGone:
		return d.errorf("status %d%s: check the address in the setting", status, text)
	}
	return d.errorf("status %d%s", status, text)
}

// heeded judges what the answer to a ping says, without repeating it.
// healthchecks.io answers 200 even to a ping that reaches no check, and to one
// that it ignores.
func (d destination) heeded(said string) error {
	said = strings.ToLower(strings.TrimSpace(said))
	switch {
	case strings.HasPrefix(said, "ok (not found"):
		return d.errorf("the receiver knows no such check: put the check's address into the setting")
	case strings.HasPrefix(said, "ok (rate"):
		return d.errorf("the receiver took no notice of it: too many pings")
	}
	return nil
}
