package main

import (
	"fmt"
	"slices"
	"strings"
)

// repairCounter counts the jobs that the watchdog has prompted.
const (
	repairCounter     = "watchdog_repairs"
	deadLetterCounter = "dead_letters"
)

// requestQueue is the queue of the strange message, as metrics have it.
const requestQueue = "recovery-requests"

func checkSilence(o outcome) []string {
	wrong := o.sound()
	for service, want := range map[string]int{silentService: 3, patient: 2} {
		wrong = append(wrong, o.backups(service, want)...)
		wrong = append(wrong, o.beaten(service, want)...)
	}
	for _, kind := range []string{"Late", "Down", "Recovered"} {
		wrong = append(wrong, o.told(silentService, kind, 1)...)
	}
	wrong = append(wrong, o.told("", "DeadMessage", 1)...)
	wrong = append(wrong, o.loud(4)...)
	for _, check := range []func(outcome) []string{checkReceiver, checkRepairs, checkExcerpt, checkScrapes} {
		wrong = append(wrong, check(o)...)
	}
	slices.Sort(wrong)
	return wrong
}

// beaten wants a start and a success of every backup at the heartbeat.
func (o outcome) beaten(service string, want int) []string {
	var wrong []string
	for beat, want := range map[string]int{"/start": want, "/success": want, "/fail": 0} {
		if got := o.mail.beats[service+beat]; got != want {
			wrong = append(wrong, fmt.Sprintf("the heartbeat of %s had %d times %s, want %d", service, got, beat[1:], want))
		}
	}
	return wrong
}

func checkReceiver(o outcome) []string {
	if o.mail.refused != refusedPosts {
		return []string{fmt.Sprintf("the receiver refused %s, want %d", count(o.mail.refused, "post"), refusedPosts)}
	}
	return nil
}

// checkRepairs wants each lost message repaired by the watchdog, and the
// service named that it was about.
func checkRepairs(o outcome) []string {
	var wrong []string
	if o.silence.purged == 0 {
		wrong = append(wrong, "no message was lost while Lifeboat was dead")
	}
	for service, r := range map[string]repair{silentService: o.silence.interrupted, patient: o.silence.swallowed} {
		if r.lost.IsZero() || r.prompted.IsZero() || r.moved.IsZero() || counted(o.counters, repairCounter, service).value == 0 {
			wrong = append(wrong, fmt.Sprintf("%s lost a message, and the watchdog has not repaired that", service))
		}
	}
	return wrong
}

// checkExcerpt wants the strange message to be recognized, without what nobody
// is to read.
func checkExcerpt(o outcome) []string {
	var wrong []string
	for _, n := range o.notices {
		if n.kind != "DeadMessage" {
			continue
		}
		if !strings.Contains(n.excerpt, "restore everything") {
			wrong = append(wrong, fmt.Sprintf("the excerpt of the dead message does not show it: %q", n.excerpt))
		}
		if strings.Contains(n.excerpt, strangeSecret) || strings.Contains(o.mail.taken[n.id].Data.What, strangeSecret) {
			wrong = append(wrong, "the notice of the dead message shows the password that was in it")
		}
	}
	return wrong
}

// checkScrapes wants two answers that a parser takes and that say how things
// were.
func checkScrapes(o outcome) []string {
	if len(o.silence.scrapes) != 2 {
		return []string{fmt.Sprintf("the metrics were fetched %d times, want 2", len(o.silence.scrapes))}
	}
	var wrong []string
	for _, c := range o.silence.scrapes {
		samples, err := c.samples()
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("metrics while %s: %v", c.when, err))
			continue
		}
		want := map[string]float64{
			`lifeboat_health{service="` + silentService + `",state="` + c.when + `"}`: 1,
			`lifeboat_health{service="` + patient + `",state="well"}`:                 1,
			`lifeboat_notices_undelivered`:                                            0,
		}
		if c.when == "well" {
			want[`lifeboat_dead_letters_total{queue="`+requestQueue+`"}`] = 1
			want[`lifeboat_notices_pending`] = 0
		}
		for name, value := range want {
			if got, ok := samples[name]; !ok || got != value {
				wrong = append(wrong, fmt.Sprintf("metrics while %s: %s is %v (there: %v), want %v", c.when, name, got, ok, value))
			}
		}
	}
	return wrong
}
