package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"lifeboat/internal/emulator/wire"
)

// scrape is one answer of /api/metrics, and why there is none.
type scrape struct {
	when, text, failure string
}

// scrape asks for the metrics through the Functions host, as a scraper does
// that has the function key.
func (s *stage) scrape(ctx context.Context, when string) {
	text, err := s.metrics(ctx)
	one := scrape{when: when, text: text}
	if err != nil {
		one.failure = err.Error()
	}
	s.silence.scrapes = append(s.silence.scrapes, one)
}

func (s *stage) metrics(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://function.invalid/api/metrics", nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("x-functions-key", functionKey)
	answer, err := wire.Transport{Handler: s.host.HTTP()}.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/openmetrics-text")) {
		err = fmt.Errorf("answered %d with %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	return string(body), err
}

// samples reads OpenMetrics text with the parser of Prometheus's own library.
// They are named as in the text, such as a{service="b"}.
func (c scrape) samples() (map[string]float64, error) {
	if c.failure != "" {
		return nil, errors.New(c.failure)
	}
	all := map[string]float64{}
	for d := expfmt.NewDecoder(strings.NewReader(c.text), expfmt.NewFormat(expfmt.TypeTextPlain)); ; {
		var family dto.MetricFamily
		err := d.Decode(&family)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		name := family.GetName() // a counter's has _total, and so no type in this parser's older form
		for _, m := range family.GetMetric() {
			all[name+labels(m)] = m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		}
	}
}

func labels(m *dto.Metric) string {
	var all []string
	for _, l := range m.GetLabel() {
		all = append(all, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	if all == nil {
		return ""
	}
	return "{" + strings.Join(all, ",") + "}"
}
