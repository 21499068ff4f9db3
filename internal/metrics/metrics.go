// Package metrics writes the fleet for scrapers, as OpenMetrics text. All of
// it is computed from the fleet's view at the moment of the request, so it is
// the same whichever instance answers, and nothing is forgotten by a restart.
package metrics

import (
	"fmt"
	"io"
	"slices"

	"github.com/prometheus/common/expfmt"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
)

// ContentType is that of what Write writes.
const ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// Write writes f as OpenMetrics 1.0 text. The same fleet is the same text. A
// metric without any sample is left out.
func Write(w io.Writer, f fleet.Fleet) error {
	return write(w, slices.Concat(services(f.Services), standbys(f.Standbys), notices(f), counters(f.Counters)))
}

func write(w io.Writer, all []metric) error {
	for _, m := range all {
		if len(m.Metric) == 0 {
			continue
		}
		if _, err := expfmt.MetricFamilyToOpenMetrics(w, m.MetricFamily, expfmt.WithUnit()); err != nil {
			return fmt.Errorf("write metric %s: %w", m.GetName(), err)
		}
	}
	if _, err := expfmt.FinalizeOpenMetrics(w); err != nil {
		return fmt.Errorf("write the end of the metrics: %w", err)
	}
	return nil
}

func notices(f fleet.Fleet) []metric {
	pending := gauge("lifeboat_notices_pending", "Notices that are on their way.")
	pending.set(float64(f.NoticesPending))
	undelivered := gauge("lifeboat_notices_undelivered", "Notices that were given up after a day and are kept to be seen.")
	undelivered.set(float64(f.NoticesUndelivered))
	return []metric{pending, undelivered}
}

func standbys(all []fleet.Standby) []metric {
	ready := gauge("lifeboat_standby_ready", "Whether a failover onto the standby would find it fit. Absent while nobody has looked.")
	serving := gauge("lifeboat_standby_serving", "Whether the standby has replaced its source, until a person acknowledges.")
	for _, s := range all {
		standby, source := label("standby", s.Name), label("source", s.Source)
		if s.Readiness != "" {
			ready.set(truth(s.Readiness == job.Ready), standby, source)
		}
		serving.set(truth(s.Serving()), standby, source)
	}
	return []metric{ready, serving}
}
