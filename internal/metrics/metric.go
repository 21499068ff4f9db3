package metrics

import (
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// metric is one family with its samples.
type metric struct{ *dto.MetricFamily }

func gauge(name, help string) metric { return named(name, help, dto.MetricType_GAUGE) }

func counter(name, help string) metric { return named(name, help, dto.MetricType_COUNTER) }

func named(name, help string, t dto.MetricType) metric {
	m := metric{&dto.MetricFamily{Name: &name, Help: &help, Type: &t}}
	if strings.HasSuffix(name, "_seconds") {
		m.Unit = new("seconds")
	}
	return m
}

func label(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }

// set adds a sample to a gauge.
func (m metric) set(value float64, labels ...*dto.LabelPair) {
	m.Metric = append(m.Metric, &dto.Metric{Label: labels, Gauge: &dto.Gauge{Value: &value}})
}

// count adds a sample to a counter.
func (m metric) count(value int64, labels ...*dto.LabelPair) {
	m.Metric = append(m.Metric, &dto.Metric{Label: labels, Counter: &dto.Counter{Value: new(float64(value))}})
}

// timestamp is t in seconds since 1970, or 0 for the zero time: an alert on
// how long ago that was must go off, not fall silent.
func timestamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
