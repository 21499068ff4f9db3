package telemetry

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

func (r reader) sampler() (sdk.Sampler, error) {
	name := strings.ToLower(strings.TrimSpace(r.getenv(samplerName)))
	base, ofParent := strings.CutPrefix(cmp.Or(name, "parentbased_always_on"), "parentbased_")
	var sampler sdk.Sampler
	switch base {
	case "always_on":
		sampler = sdk.AlwaysSample()
	case "always_off":
		sampler = sdk.NeverSample()
	case "traceidratio":
		ratio, err := strconv.ParseFloat(cmp.Or(strings.TrimSpace(r.getenv(samplerArg)), "1"), 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			return nil, fmt.Errorf("%s: want a part such as 0.1, got %q", samplerArg, r.getenv(samplerArg))
		}
		sampler = sdk.TraceIDRatioBased(ratio)
	default:
		return nil, fmt.Errorf("%s: want always_on, always_off or traceidratio, or one of them after parentbased_, got %q", samplerName, name)
	}
	if ofParent {
		sampler = sdk.ParentBased(sampler)
	}
	return sampler, nil
}

func (r reader) resource() ([]attribute.KeyValue, error) {
	all, err := pairs(r.getenv(resourceList))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", resourceList, err)
	}
	name := strings.TrimSpace(r.getenv(serviceName))
	var attributes []attribute.KeyValue
	for _, p := range all {
		if p.name == string(semconv.ServiceNameKey) {
			name = cmp.Or(name, p.value)
			continue
		}
		attributes = append(attributes, attribute.String(p.name, p.value))
	}
	return append(attributes, semconv.ServiceName(cmp.Or(name, "lifeboat"))), nil
}

type pair struct{ name, value string }

// pairs reads name=value,name=value with values in percent-encoding. Its error
// shows none of it.
func pairs(list string) (all []pair, err error) {
	for n, item := range strings.Split(list, ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		name, value, ok := strings.Cut(item, "=")
		plain, err := url.PathUnescape(strings.TrimSpace(value))
		name = strings.TrimSpace(name)
		if !ok || err != nil || name == "" || strings.ContainsAny(name+plain, "\r\n") {
			return nil, fmt.Errorf("want name=value,name=value with values in percent-encoding: entry %d is not", n+1)
		}
		all = append(all, pair{name, plain})
	}
	return all, nil
}
