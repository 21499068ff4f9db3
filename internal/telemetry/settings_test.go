package telemetry_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"lifeboat/internal/telemetry"
)

func setup(t *testing.T, pairs ...string) (*telemetry.Telemetry, error) {
	t.Helper()
	return telemetry.Setup(t.Context(), env(pairs...), "v", slog.New(slog.DiscardHandler))
}

func TestNobodyWantsTraces(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, pairs := range [][]string{
		nil,
		{"OTEL_SERVICE_NAME", "x", "OTEL_TRACES_EXPORTER", "otlp"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", " "},
		{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://127.0.0.1:9"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", "OTEL_SDK_DISABLED", "TRUE"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER", "none"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "not a URL", "OTEL_TRACES_EXPORTER", "console"},
	} {
		if got, err := setup(t, pairs...); got != nil || err != nil {
			t.Errorf("%v: %v, %v; want nothing", pairs, got, err)
		}
	}
}

func TestNoTracesAllocateNothing(t *testing.T) {
	none, log := env(), slog.New(slog.DiscardHandler)
	allocations := testing.AllocsPerRun(100, func() {
		if traces, err := telemetry.Setup(t.Context(), none, "v", log); traces != nil || err != nil {
			t.Error(traces, err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestSomebodyWantsTraces(t *testing.T) {
	for _, pairs := range [][]string{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://127.0.0.1:9/x", "OTEL_SDK_DISABLED", "false", "OTEL_TRACES_EXPORTER", "otlp"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", "OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0.1"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "OTEL_EXPORTER_OTLP_TIMEOUT", "100"},
		// The form for traces goes first.
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"},
	} {
		got, err := setup(t, pairs...)
		if got == nil || err != nil {
			t.Errorf("%v: %v, %v; want traces", pairs, got, err)
		}
		if err := got.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	const planted = "planted"
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		set  []string
		want string
	}{
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", planted + ":4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: want a URL"},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://user:" + planted + "@x"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: want a URL"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://%" + planted}, "OTEL_EXPORTER_OTLP_ENDPOINT: want a URL"},
		{[]string{"OTEL_EXPORTER_OTLP_HEADERS", "a=b," + planted}, "OTEL_EXPORTER_OTLP_HEADERS: want name=value,name=value with values in percent-encoding: entry 2"},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "key=%zz" + planted}, "OTEL_EXPORTER_OTLP_TRACES_HEADERS: "},
		{[]string{"OTEL_EXPORTER_OTLP_HEADERS", "key=%0a" + planted}, "OTEL_EXPORTER_OTLP_HEADERS: "},
		{[]string{"OTEL_EXPORTER_OTLP_TIMEOUT", "5s"}, "OTEL_EXPORTER_OTLP_TIMEOUT: want milliseconds"},
		{[]string{"OTEL_EXPORTER_OTLP_TIMEOUT", "-1"}, "OTEL_EXPORTER_OTLP_TIMEOUT: want milliseconds"},
		{[]string{"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"}, "OTEL_EXPORTER_OTLP_COMPRESSION: want gzip or none"},
		{[]string{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL: want http/protobuf"},
		{[]string{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem"}, "OTEL_EXPORTER_OTLP_CERTIFICATE: open /nowhere.pem"},
		{[]string{"OTEL_EXPORTER_OTLP_CERTIFICATE", empty}, "OTEL_EXPORTER_OTLP_CERTIFICATE: no certificate"},
		{[]string{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"}, "OTEL_EXPORTER_OTLP_CLIENT_KEY: client certificates are not supported"},
		{[]string{"OTEL_TRACES_SAMPLER", "sometimes"}, "OTEL_TRACES_SAMPLER: want always_on"},
		{[]string{"OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "10%"}, "OTEL_TRACES_SAMPLER_ARG: want a part"},
		{[]string{"OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "NaN"}, "OTEL_TRACES_SAMPLER_ARG: want a part"},
		{[]string{"OTEL_RESOURCE_ATTRIBUTES", "a"}, "OTEL_RESOURCE_ATTRIBUTES: "},
	}
	for _, tt := range tests {
		got, err := setup(t, append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"}, tt.set...)...)
		if got != nil || err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), planted) {
			t.Errorf("%v: %v, want %q", tt.set, err, tt.want)
		}
	}
}

func TestEveryWrongSettingAtOnce(t *testing.T) {
	_, err := setup(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "x", "OTEL_EXPORTER_OTLP_TIMEOUT", "x", "OTEL_TRACES_SAMPLER", "x", "OTEL_EXPORTER_OTLP_PROTOCOL", "x")
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("error = %v, want four lines", err)
	}
}
