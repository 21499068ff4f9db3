// Package openmetrics is a second opinion on internal/metrics: Prometheus' own
// parser, in a module of its own because of all that comes with it.
package openmetrics

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

func parse(text []byte) (map[textparse.Entry]int, error) {
	parser := textparse.NewOpenMetricsParser(text, labels.NewSymbolTable())
	seen := map[textparse.Entry]int{}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return seen, nil
		}
		if err != nil {
			return seen, err
		}
		seen[entry]++
	}
}

func TestPrometheusReadsTheMetrics(t *testing.T) {
	text, err := os.ReadFile("../../internal/metrics/testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, entry := range map[string]textparse.Entry{
		"series": textparse.EntrySeries, "types": textparse.EntryType, "helps": textparse.EntryHelp, "units": textparse.EntryUnit,
	} {
		if seen[entry] == 0 {
			t.Errorf("no %s", name)
		}
	}
	if _, err := parse(text[:len(text)-len("# EOF\n")]); err == nil {
		t.Error("the parser takes a text that was cut off")
	}
}
