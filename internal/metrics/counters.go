package metrics

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"lifeboat/internal/job"
)

// counted is one of Lifeboat's counters as a metric.
type counted struct {
	counter    string // its name in the tables
	name, help string
	// labels name the parts of the counter's label, which slashes separate.
	labels []string
}

var known = []counted{
	{"dead_letters", "lifeboat_dead_letters_total", "Messages that a queue gave up.", []string{"queue"}},
	{"watchdog_repairs", "lifeboat_watchdog_repairs_total", "Jobs whose message was lost or late and that the watchdog prompted again.", []string{"service"}},
	{"failovers_blocked", "lifeboat_failovers_blocked_total", "Failovers that a gate refused.", []string{"source", "gate"}},
	{"events_ignored", "lifeboat_events_ignored_total", "Change events that meant nothing.", []string{"reason"}},
}

// counters are the counters that are known, and in one more metric all others,
// so that none is lost.
func counters(all []job.Counter) []metric {
	var metrics []metric
	for _, k := range known {
		metrics = append(metrics, counter(k.name, k.help))
	}
	other := counter("lifeboat_other_total", "Counters that have no metric of their own.")
	for _, c := range all {
		i := slices.IndexFunc(known, func(k counted) bool { return k.counter == c.Name })
		if labels := split(i, c.Label); labels != nil {
			metrics[i].count(c.Value, labels...)
		} else {
			other.count(c.Value, label("name", c.Name), label("label", c.Label))
		}
	}
	return append(metrics, other)
}

// split makes the labels of the i-th known counter of its one label; nil if
// there is no such counter or its label has too few parts.
func split(i int, text string) []*dto.LabelPair {
	if i < 0 {
		return nil
	}
	names := known[i].labels
	parts := strings.SplitN(text, "/", len(names))
	if len(parts) < len(names) {
		return nil
	}
	var labels []*dto.LabelPair
	for n, name := range names {
		labels = append(labels, label(name, parts[n]))
	}
	return labels
}
