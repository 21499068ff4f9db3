package metrics

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
)

var update = flag.Bool("update", false, "rewrite testdata")

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// theFleet has a sample of everything: a service that does well and is backed
// up, one that was never seen, and one whose last point has lapsed.
func theFleet() fleet.Fleet {
	plain := fleet.Service{Interval: 24 * time.Hour, Grace: 2 * time.Hour}
	well, fresh, lapsed := plain, plain, plain
	well.Name, well.LastStatus, well.Restorable, well.RPO = "apim-weu", job.Succeeded, true, 18*time.Hour
	well.LastSuccess, well.RestorableUntil = now.Add(-17*time.Hour-49*time.Minute), now.AddDate(0, 0, 29)
	well.Load = fleet.Load{JobsInFlight: 2, OldestJobAge: 90 * time.Second, PollLag: 1500 * time.Millisecond}
	fresh.Name = "apim-neu"
	lapsed.Name, lapsed.Health, lapsed.LastStatus = "apim-sea", job.Down, job.Failed
	lapsed.LastSuccess, lapsed.RestorableUntil = now.AddDate(0, 0, -31), now.AddDate(0, 0, -1)
	return fleet.Fleet{
		At: now, Services: []fleet.Service{well, fresh, lapsed},
		Standbys: []fleet.Standby{
			{Name: "weu-dr", Source: "apim-weu", Readiness: job.Ready},
			{Name: "neu-dr", Source: "apim-neu", Readiness: job.NotReady, ServingFor: "apim-neu"},
			{Name: "sea-dr", Source: "apim-sea"},
		},
		NoticesPending: 3, NoticesUndelivered: 1,
		Counters: []job.Counter{
			{Name: "dead_letters", Label: "job-steps", Value: 2},
			{Name: "events_ignored", Label: `a "reason" with \ and` + "\n", Value: 7},
			{Name: "failovers_blocked", Label: "apim-neu/Cooldown", Value: 1},
			{Name: "failovers_blocked", Label: "no gate named", Value: 4},
			{Name: "not_known_here", Label: "x", Value: 5},
			{Name: "watchdog_repairs", Label: "apim-weu", Value: 1},
		},
	}
}

func written(t testing.TB, f fleet.Fleet) []byte {
	var out bytes.Buffer
	if err := Write(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// parsed is text as the parser of Prometheus' own library reads it, whose
// older form names counters differently. conformance/openmetrics has the strict
// parser.
func parsed(t interface{ Fatalf(string, ...any) }, text []byte) []*dto.MetricFamily {
	counter := regexp.MustCompile(`(?m)^# TYPE (\S+) counter$`)
	for _, name := range counter.FindAllSubmatch(text, -1) {
		for _, line := range []string{"# HELP ", "# TYPE "} {
			text = bytes.Replace(text, []byte(line+string(name[1])+" "), []byte(line+string(name[1])+"_total "), 1)
		}
	}
	d := expfmt.NewDecoder(bytes.NewReader(text), expfmt.NewFormat(expfmt.TypeTextPlain))
	var all []*dto.MetricFamily
	for {
		var m dto.MetricFamily
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		all = append(all, &m)
	}
}

// samples are the values of all by what stands before them in the text.
func samples(t interface{ Fatalf(string, ...any) }, all []*dto.MetricFamily) map[string]float64 {
	values := map[string]float64{}
	for _, family := range all {
		for _, m := range family.Metric {
			key := family.GetName()
			for _, l := range m.Label {
				key += " " + l.GetName() + "=" + l.GetValue()
			}
			if _, twice := values[key]; twice {
				t.Fatalf("%s is there twice", key)
			}
			values[key] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

func TestTheText(t *testing.T) {
	const golden = "testdata/metrics.txt"
	got := written(t, theFleet())
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); if that is meant: go test ./internal/metrics -update\n%s", golden, diff)
	}
}

func TestAsAParserReadsIt(t *testing.T) {
	all := parsed(t, written(t, theFleet()))
	t.Run("the lint of promtool finds nothing", func(t *testing.T) {
		problems, err := promlint.NewWithMetricFamilies(all).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	})
	t.Run("every sample is what the fleet says", func(t *testing.T) { checkSamples(t, samples(t, all)) })
}

func checkSamples(t *testing.T, got map[string]float64) {
	for key, want := range map[string]float64{
		"lifeboat_last_success_timestamp_seconds service=apim-weu":        float64(now.Unix()) - (17*3600 + 49*60),
		"lifeboat_last_success_timestamp_seconds service=apim-neu":        0,
		"lifeboat_restorable_until_timestamp_seconds service=apim-sea":    float64(now.Unix()) - 86400,
		"lifeboat_expected_interval_seconds service=apim-neu":             86400,
		"lifeboat_rpo_seconds service=apim-weu":                           64800,
		"lifeboat_health service=apim-neu state=well":                     1,
		"lifeboat_health service=apim-sea state=well":                     0,
		"lifeboat_health service=apim-sea state=late":                     0,
		"lifeboat_health service=apim-sea state=down":                     1,
		"lifeboat_last_job_status service=apim-sea state=Failed":          1,
		"lifeboat_last_job_status service=apim-sea state=Succeeded":       0,
		"lifeboat_last_job_status service=apim-neu state=Succeeded":       0,
		"lifeboat_jobs_in_flight service=apim-weu":                        2,
		"lifeboat_oldest_job_age_seconds service=apim-weu":                90,
		"lifeboat_poll_lag_seconds service=apim-weu":                      1.5,
		"lifeboat_standby_ready standby=weu-dr source=apim-weu":           1,
		"lifeboat_standby_ready standby=neu-dr source=apim-neu":           0,
		"lifeboat_standby_serving standby=neu-dr source=apim-neu":         1,
		"lifeboat_standby_serving standby=sea-dr source=apim-sea":         0,
		"lifeboat_notices_pending":                                        3,
		"lifeboat_notices_undelivered":                                    1,
		"lifeboat_dead_letters_total queue=job-steps":                     2,
		"lifeboat_watchdog_repairs_total service=apim-weu":                1,
		"lifeboat_failovers_blocked_total source=apim-neu gate=Cooldown":  1,
		"lifeboat_events_ignored_total reason=a \"reason\" with \\ and\n": 7,
		"lifeboat_other_total name=not_known_here label=x":                5,
		"lifeboat_other_total name=failovers_blocked label=no gate named": 4,
	} {
		if value, ok := got[key]; !ok || value != want {
			t.Errorf("%s = %v (there: %v), want %v", key, value, ok, want)
		}
	}
	for _, key := range []string{
		"lifeboat_rpo_seconds service=apim-neu", "lifeboat_rpo_seconds service=apim-sea", "lifeboat_standby_ready standby=sea-dr source=apim-sea",
	} {
		if value, ok := got[key]; ok {
			t.Errorf("%s = %v, want none", key, value)
		}
	}
}

func TestAnEmptyFleetIsTextToo(t *testing.T) {
	text := written(t, fleet.Fleet{})
	got := samples(t, parsed(t, text))
	if diff := cmp.Diff(map[string]float64{"lifeboat_notices_pending": 0, "lifeboat_notices_undelivered": 0}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := bytes.Count(text, []byte("# TYPE ")); n != len(got) {
		t.Errorf("%d metrics for %d samples: one without a sample is left out\n%s", n, len(got), text)
	}
}

// full fails after a while.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestAFailedWriteIsSaid(t *testing.T) {
	size := len(written(t, theFleet()))
	for _, c := range []struct {
		room int
		want string
	}{{100, "lifeboat_last_success_timestamp_seconds"}, {size - 1, "the end of the metrics"}} {
		err := Write(&full{c.room}, theFleet())
		if !errors.Is(err, io.ErrShortWrite) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Write with room for %d of %d bytes = %v, want %v at %s", c.room, size, err, io.ErrShortWrite, c.want)
		}
	}
}

func TestTheContentTypeIsTheStandards(t *testing.T) {
	if ContentType != string(expfmt.NewFormat(expfmt.TypeOpenMetrics)) {
		t.Errorf("ContentType = %s, want %s", ContentType, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	}
}
