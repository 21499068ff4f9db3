package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// reportSilence is what an outage of Lifeboat came to.
type reportSilence struct {
	Dead       float64        `json:"deadMs"`
	Lost       int            `json:"lostMessages"` // of its queue, meanwhile
	SaidLate   float64        `json:"backToLateMs"`
	SaidDown   float64        `json:"backToDownMs"`
	Repairs    []reportRepair `json:"repairs"`
	Refused    int            `json:"refusedPosts"`
	Heartbeats map[string]int `json:"heartbeats"`
	Scrapes    int            `json:"scrapes"`
	Samples    int            `json:"samples"` // of the last scrape
}

// reportRepair is one lost message. The job moves two seconds after it was
// prompted at the earliest.
type reportRepair struct {
	Job      string  `json:"job"`
	Since    string  `json:"since"`
	Prompted float64 `json:"promptedMs"`
	Moved    float64 `json:"movedMs"`
	Overdue  float64 `json:"overdueMs"` // when it was prompted
}

func silenceReport(o outcome) *reportSilence {
	if !o.silence.played {
		return nil
	}
	n := o.silence
	r := &reportSilence{
		Dead: ms(n.back.Sub(n.dead)), Lost: n.purged, Refused: o.mail.refused, Heartbeats: o.mail.beats, Scrapes: len(n.scrapes),
	}
	for _, e := range o.mail.taken {
		switch e.Data.Type {
		case "Late":
			r.SaidLate = ms(e.at.Sub(n.back))
		case "Down":
			r.SaidDown = ms(e.at.Sub(n.back))
		}
	}
	for _, each := range []struct {
		repair
		since string
		from  time.Time
	}{{n.interrupted, "coming back", n.back}, {n.swallowed, "the loss", n.swallowed.lost}} {
		if !each.moved.IsZero() {
			r.Repairs = append(r.Repairs, reportRepair{
				each.job, each.since, ms(each.prompted.Sub(each.from)), ms(each.moved.Sub(each.from)), ms(each.prompted.Sub(each.due)),
			})
		}
	}
	if len(n.scrapes) > 0 {
		samples, _ := n.scrapes[len(n.scrapes)-1].samples() // checkScrapes tells what is wrong with it
		r.Samples = len(samples)
	}
	return r
}

func (r *reportSilence) write(text *strings.Builder) {
	fmt.Fprintf(text, "\nthe silence: Lifeboat was dead for %s and lost %s\n", span3(r.Dead), count(r.Lost, "message"))
	fmt.Fprintf(text, "  Late arrived %s and Down %s after it was back; the receiver refused %s before\n", span3(r.SaidLate), span3(r.SaidDown), count(r.Refused, "post"))
	for _, p := range r.Repairs {
		fmt.Fprintf(text, "  %s: prompted again %s after %s, when it was overdue for %s; it moved after %s\n", p.Job, span3(p.Prompted), p.Since, span3(p.Overdue), span3(p.Moved))
	}
	text.WriteString("  heartbeats:")
	for _, beat := range slices.Sorted(maps.Keys(r.Heartbeats)) {
		fmt.Fprintf(text, " %s %d", beat, r.Heartbeats[beat])
	}
	fmt.Fprintf(text, "\n  metrics: %s, the last with %s\n", count(r.Scrapes, "scrape"), count(r.Samples, "sample"))
}
