package web

import (
	"fmt"
	"testing"

	"lifeboat/internal/job"
)

// thousand is a fleet of 1,000 services with a standby each, of which every
// tenth is late and every twentieth has a job in flight.
func thousand(b *testing.B) Known {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("apim-%04d", i))
	}
	k := Known{Plan: thePlan(b, names, names...), Now: now}
	for i, name := range names {
		age := 18 * hour
		if i%10 == 0 {
			age = 30 * hour
		}
		k.Rows.Summaries = append(k.Rows.Summaries, backedUp(name, age), job.Summary{Service: name + "-dr", Readiness: job.Ready, ReadyAt: ago(hour)})
		if i%20 == 0 {
			k.Rows.Jobs = append(k.Rows.Jobs, running(name, hour))
		}
	}
	return k
}

func BenchmarkPageOfAThousandServices(b *testing.B) {
	k := thousand(b)
	var size int
	for b.Loop() {
		page, err := Page(Overview(k), false)
		if err != nil {
			b.Fatal(err)
		}
		size = len(page)
	}
	b.ReportMetric(float64(size), "bytes")
}
