package web

import (
	"fmt"
	"strings"

	"lifeboat/internal/job"
)

// answer is the page's first line.
func answer(v View) Answer {
	a := Answer{Level: Good, Services: len(v.Services), Work: work(v)}
	var lost, behind []string
	for _, s := range v.Services {
		if !s.Restorable {
			lost = append(lost, s.Name)
			continue
		}
		a.Restorable++
		if a.Oldest == "" || s.RPO > a.OldestAge {
			a.Oldest, a.OldestAge = s.Name, s.RPO
		}
		if s.Level != Good {
			behind = append(behind, s.Name)
		}
	}
	a.Level, a.Sentence = a.judge(v.Incomplete, lost, behind)
	return a
}

func (a Answer) judge(incomplete bool, lost, behind []string) (Level, string) {
	oldest := fmt.Sprintf("The oldest of the newest backups is %s old (%s).", a.OldestAge, a.Oldest)
	if a.Restorable == 1 {
		oldest = fmt.Sprintf("The newest backup of %s is %s old.", a.Oldest, a.OldestAge)
	}
	switch {
	case incomplete:
		return Bad, fmt.Sprintf("Not everything could be read: %d of %s known to be restorable.", a.Restorable, count(a.Services, "service is", "services are"))
	case a.Services == 0:
		return Bad, "The plan protects no service."
	case a.Services == 1:
		return a.alone(lost, behind)
	case a.Restorable == 0:
		return Bad, fmt.Sprintf("Nothing can be restored: none of %d services has a restorable backup.", a.Services)
	case len(lost) > 0:
		return Bad, fmt.Sprintf("Not everything is restorable: %s no restorable backup (%s). %s", count(len(lost), "service has", "services have"), some(lost), oldest)
	case len(behind) > 0:
		return Warn, fmt.Sprintf("Everything is restorable, but backups are behind for %s (%s). %s", count(len(behind), "service", "services"), some(behind), oldest)
	}
	return Good, "Everything is restorable. " + oldest
}

// alone is judge for one service.
func (a Answer) alone(lost, behind []string) (Level, string) {
	switch {
	case len(lost) > 0:
		return Bad, lost[0] + " can't be restored: it has no restorable backup."
	case len(behind) > 0:
		return Warn, fmt.Sprintf("%s is restorable, but its backups are behind: the newest is %s old.", a.Oldest, a.OldestAge)
	}
	return Good, fmt.Sprintf("%s is restorable: its newest backup is %s old.", a.Oldest, a.OldestAge)
}

// work is the answer's second line.
func work(v View) string {
	running, waiting := 0, 0
	for _, j := range v.Jobs {
		switch {
		case j.Kind != string(job.Restore), j.Refresh:
		case j.Waits():
			waiting++
		default:
			running++
		}
	}
	sentence := "No restore is running."
	if running > 0 {
		sentence = count(running, "restore is", "restores are") + " running."
	}
	if waiting > 0 {
		sentence += " " + count(waiting, "restore waits", "restores wait") + " for approval."
	}
	if n := len(v.Incidents); n > 0 {
		sentence += " " + count(n, "incident is", "incidents are") + " open."
	}
	if v.Incomplete {
		return "As far as could be read: " + strings.ToLower(sentence[:1]) + sentence[1:]
	}
	return sentence
}
