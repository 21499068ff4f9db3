package notice

import (
	"fmt"

	"lifeboat/internal/job"
)

func standbyNotReady(n job.Notice) Text {
	r := restoreOf(n)
	what := fmt.Sprintf("Standby %s of %s is not ready.", r.standby, r.source)
	return Text{
		Subject:  fmt.Sprintf("standby %s is not ready", r.standby),
		What:     listed(sentences(what, ended(n.Facts.Message)), "Why", r.gates("")),
		Meaning:  fmt.Sprintf("If %s went down now, a restore of it onto %s would be refused.", r.source, r.standby),
		Next:     "Do what the reason says. Lifeboat looks again within half an hour and says when it is ready: \"lifeboat status\"",
		Severity: Warning,
	}
}

func standbyReady(n job.Notice) Text {
	r := restoreOf(n)
	return Text{
		Subject:  fmt.Sprintf("standby %s is ready again", r.standby),
		What:     fmt.Sprintf("Nothing about %s stands in the way of a restore of %s any more.", r.standby, r.source),
		Meaning:  fmt.Sprintf("A failover of %s can use it.", r.source),
		Next:     "Nothing to do. To see all standbys: \"lifeboat status\"",
		Severity: Info,
	}
}

func deadMessage(n job.Notice) Text {
	f := n.Facts
	queue := or(f.Queue, "(not named)")
	what := fmt.Sprintf("Nothing could be done with a message on queue %s.", queue)
	if f.Job != "" {
		what = fmt.Sprintf("Nothing could be done with a message on queue %s about job %s.", queue, f.Job)
	}
	what = sentences(what, because(f))
	if f.Excerpt != "" {
		what = listed(what, "It begins", []string{f.Excerpt})
	}
	t := Text{
		Subject:  fmt.Sprintf("a message on queue %s was given up", queue),
		What:     what,
		Meaning:  "What it asked for is not done.",
		Next:     "Find out who sent it and what was meant, and see how things are: \"lifeboat status\"",
		Severity: Warning,
	}
	switch f.Queue {
	case "recovery-requests":
		t.Meaning = "What it asked for is not done. If it was an alert, nobody acts on it."
		t.Next = "Find out who sent it. If it is still wanted, send it again in the form that docs/failover.md shows. See how things are: \"lifeboat status\""
	case "approvals":
		t.Meaning = "If it was an approval, the restore still waits for one, and expires without."
		t.Next = "See what waits: \"lifeboat status\". Approve it by its job's name: \"lifeboat approve <job>\""
	case "job-steps":
		t.Meaning = "A job may stand still for some minutes. The watchdog takes up every job whose next move is overdue."
		t.Next = "See whether it moves again: \"lifeboat status\""
		if s := service(n); s != "" {
			t.Next = fmt.Sprintf("See whether it moves again: \"lifeboat jobs %s\"", s)
		}
	}
	return t
}

func outdated(n job.Notice) Text {
	return Text{
		Subject:  "the version that runs is older than its data",
		What:     listed("A newer version of Lifeboat has written rows that this one can't read, and leaves alone.", "Among them", n.Facts.Warnings),
		Meaning:  "Services and jobs with such rows stand still: no backup, no failover, no word about their health. Nothing is lost.",
		Next:     "If an upgrade is going on, let it end. If one was taken back, deploy the newer version again. To see what is left out: \"lifeboat status\"",
		Severity: Critical,
	}
}
