package telemetry_test

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"lifeboat/internal/plan"
	"lifeboat/internal/telemetry"
)

const resourceID = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ApiManagement/service/"

// inMemory is a Telemetry whose spans can be looked at once they have ended.
func inMemory() (*telemetry.Telemetry, *tracetest.InMemoryExporter) {
	memory := tracetest.NewInMemoryExporter()
	return telemetry.New(sdk.NewTracerProvider(sdk.WithSyncer(memory))), memory
}

func onePlan(t testing.TB) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("test.yaml", []byte("version: 1\nservices: {a: {resourceId: "+resourceID+"a, storageAccount: abc, container: abc, jitter: 0s}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// only is the one span there is.
func only(t *testing.T, memory *tracetest.InMemoryExporter) tracetest.SpanStub {
	t.Helper()
	spans := memory.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans, want 1: %v", len(spans), names(spans))
	}
	return spans[0]
}

func names(spans tracetest.SpanStubs) (all []string) {
	for _, s := range spans {
		all = append(all, s.Name)
	}
	return all
}

func attributes(s tracetest.SpanStub) map[string]any {
	all := map[string]any{}
	for _, kv := range s.Attributes {
		all[string(kv.Key)] = kv.Value.AsInterface()
	}
	return all
}

// has checks some attributes of s; nil wants one that is not there.
func has(t *testing.T, s tracetest.SpanStub, want map[string]any) {
	t.Helper()
	got := attributes(s)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: %s = %v, want %v", s.Name, key, got[key], value)
		}
	}
}

// linked is which spans s links to as what.
func linked(s tracetest.SpanStub, what string) (all []string) {
	for _, l := range s.Links {
		for _, kv := range l.Attributes {
			if kv == attribute.String("lifeboat.link", what) {
				all = append(all, l.SpanContext.TraceID().String()+"/"+l.SpanContext.SpanID().String())
			}
		}
	}
	return all
}

func id(s tracetest.SpanStub) string {
	return s.SpanContext.TraceID().String() + "/" + s.SpanContext.SpanID().String()
}
