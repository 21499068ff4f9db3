package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// The standard variables. Those that begin with otlp have a form for traces
// only, such as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, which goes first.
const (
	otlp         = "OTEL_EXPORTER_OTLP_"
	otlpTraces   = otlp + "TRACES_"
	disabled     = "OTEL_SDK_DISABLED"
	exporters    = "OTEL_TRACES_EXPORTER"
	samplerName  = "OTEL_TRACES_SAMPLER"
	samplerArg   = "OTEL_TRACES_SAMPLER_ARG"
	serviceName  = "OTEL_SERVICE_NAME"
	resourceList = "OTEL_RESOURCE_ATTRIBUTES"
)

// sendWithin is shorter than the standard's ten seconds, for the host may kill
// the process at any time.
const sendWithin = 5 * time.Second

type settings struct {
	endpoint *url.URL
	headers  http.Header // secrets
	timeout  time.Duration
	gzip     bool
	trust    *tls.Config // nil is the system's
	sampler  sdk.Sampler
	resource []attribute.KeyValue
}

// wanted reports whether the environment asks for traces.
func wanted(getenv func(string) string) bool {
	if strings.EqualFold(strings.TrimSpace(getenv(disabled)), "true") {
		return false
	}
	if exporter := strings.TrimSpace(getenv(exporters)); exporter != "" && exporter != "otlp" {
		return false
	}
	return strings.TrimSpace(getenv(otlpTraces+"ENDPOINT")) != "" || strings.TrimSpace(getenv(otlp+"ENDPOINT")) != ""
}

func readSettings(getenv func(string) string) (settings, error) {
	r := reader{getenv}
	var s settings
	var errs [7]error
	s.endpoint, errs[0] = r.endpoint()
	s.headers, errs[1] = r.headers()
	s.timeout, errs[2] = r.timeout()
	s.gzip, errs[3] = r.compression()
	s.trust, errs[4] = r.trust()
	s.sampler, errs[5] = r.sampler()
	s.resource, errs[6] = r.resource()
	return s, errors.Join(append(errs[:], r.unsupported()...)...)
}

// reader reads variables. No error shows a value that may be a secret: those
// of headers, and of addresses, which may hold a password or a key.
type reader struct{ getenv func(string) string }

// get is a variable's value, and which of its two forms it came from.
func (r reader) get(name string) (value, from string) {
	if v := strings.TrimSpace(r.getenv(otlpTraces + name)); v != "" {
		return v, otlpTraces + name
	}
	return strings.TrimSpace(r.getenv(otlp + name)), otlp + name
}

func (r reader) endpoint() (*url.URL, error) {
	value, from := r.get("ENDPOINT")
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%s: want a URL such as https://collector.example:4318", from)
	}
	if from == otlp+"ENDPOINT" {
		u = u.JoinPath("v1", "traces")
	}
	return u, nil
}

func (r reader) headers() (http.Header, error) {
	value, from := r.get("HEADERS")
	all, err := pairs(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	headers := http.Header{}
	for _, p := range all {
		headers.Add(p.name, p.value)
	}
	return headers, nil
}

func (r reader) timeout() (time.Duration, error) {
	value, from := r.get("TIMEOUT")
	if value == "" {
		return sendWithin, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s: want milliseconds, such as 5000, got %q", from, value)
	}
	return time.Duration(n) * time.Millisecond, nil
}

func (r reader) compression() (zip bool, err error) {
	value, from := r.get("COMPRESSION")
	if value != "" && value != "none" && value != "gzip" {
		return false, fmt.Errorf("%s: want gzip or none, got %q", from, value)
	}
	return value == "gzip", nil
}

func (r reader) trust() (*tls.Config, error) {
	file, from := r.get("CERTIFICATE")
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in PEM form in %s", from, file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// unsupported are the variables whose wish can't be met.
func (r reader) unsupported() (errs []error) {
	if protocol, from := r.get("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		errs = append(errs, fmt.Errorf("%s: want http/protobuf, the only one that Lifeboat speaks, got %q", from, protocol))
	}
	for _, name := range []string{"CLIENT_CERTIFICATE", "CLIENT_KEY"} {
		if value, from := r.get(name); value != "" {
			errs = append(errs, fmt.Errorf("%s: client certificates are not supported: use a header", from))
		}
	}
	return errs
}
