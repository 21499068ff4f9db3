package gate

import (
	"cmp"
	"strings"
)

// ReadyFacts are what is known of a standby while nobody asks for a restore.
// Zero values mean that it is not known.
type ReadyFacts struct {
	Standby           string // the plan's name; "the standby" if empty
	Exists            Answer
	ProvisioningState string // ARM's
	Tier              string // ARM's sku.name
	// PointTier is of the source's newest backup; "" if there is none, or if
	// it does not say, which stands in nobody's way.
	PointTier string
	// Serving: a failover made it live in place of ServingFor.
	Serving    Answer
	ServingFor string
	Leased     Answer // a job of Lifeboat's works on it
	// Access: its identity may read the backups. AccessReason says in
	// sentences why not, or why that is not known.
	Access       Answer
	AccessReason string
}

// Ready judges whether a failover onto a standby would find it fit. If not,
// the reasons are all that stands in the way; a fact that is not known does,
// but for access, which Lifeboat may not be allowed to see. If it is, they are
// what an operator should know all the same.
func Ready(f ReadyFacts) (ready bool, reasons []string) {
	var blocks, remarks []string
	for _, judge := range readiness {
		switch v := judge(f); {
		case v.Outcome != Passed:
			blocks = append(blocks, sentence(v))
		case v.Warning:
			remarks = append(remarks, sentence(v))
		}
	}
	if len(blocks) > 0 {
		return false, blocks
	}
	return true, remarks
}

// readiness is judged in this order. What is not there has no state, tier or
// identity to judge.
var readiness = []func(ReadyFacts) Verdict{
	standbyFree,
	standbyState,
	existing(standbyClassic),
	existing(standbyTier),
	existing(standbyAccess),
}

func existing(judge func(ReadyFacts) Verdict) func(ReadyFacts) Verdict {
	return func(f ReadyFacts) Verdict {
		if f.Exists != Yes {
			return pass("There is nothing to judge.")
		}
		return judge(f)
	}
}

// question asks of the standby what a restore's gates would.
func (f ReadyFacts) question() question {
	return question{
		r: Request{Target: f.standby()},
		f: Facts{Target: Target{Exists: f.Exists, ProvisioningState: f.ProvisioningState, Tier: f.Tier, Serving: f.Serving}},
	}
}

func (f ReadyFacts) standby() string { return cmp.Or(f.Standby, "the standby") }

func standbyFree(f ReadyFacts) Verdict {
	if f.Serving == Yes && f.ServingFor != "" {
		return refuse("%s has been serving in place of %s since a failover, and nothing is restored onto a serving service. Acknowledge that failover, with failback, once it serves nobody; if it is meant to stay, take it out of the standbys in the plan.", name(f.standby()), name(f.ServingFor))
	}
	return notServing(f.question())
}

// standbyState knows that Lifeboat's own operations end, and that a failover
// waits for them.
func standbyState(f ReadyFacts) Verdict {
	v := targetReady(f.question())
	if v.Outcome != Waits || f.Exists != Yes || f.ProvisioningState == "" {
		return v
	}
	switch f.Leased {
	case Yes:
		return warned("%s is %s, for a job of Lifeboat's works on it. A failover would wait for that.", name(f.standby()), f.ProvisioningState)
	case No:
		return refuse("%s is %s: an operation that is not Lifeboat's holds it, and Azure would refuse a restore. Lifeboat looks again.", name(f.standby()), f.ProvisioningState)
	}
	return f.question().unknown("whose operation keeps %s %s", name(f.standby()), f.ProvisioningState)
}

func standbyClassic(f ReadyFacts) Verdict { return classicTier(f.question()) }

func standbyTier(f ReadyFacts) Verdict {
	switch {
	case f.PointTier == "" || f.Tier == "":
		return pass("There are no two tiers to compare.")
	case same(f.PointTier)(f.Tier):
		return pass("The newest backup and %s both have tier %s.", name(f.standby()), name(f.Tier))
	}
	return refuse("The newest backup is of tier %s and %s has tier %s: Azure restores only onto the same tier. Give the plan a standby of that tier.", name(f.PointTier), name(f.standby()), name(f.Tier))
}

func standbyAccess(f ReadyFacts) Verdict {
	reason := strings.Join(strings.Fields(f.AccessReason), " ")
	switch f.Access {
	case Yes:
		return pass("%s may read the backups.", name(f.standby()))
	case No:
		return refuse("%s", cmp.Or(reason, name(f.standby())+" may not read the backups, and a restore would fail. Grant its identity Storage Blob Data Contributor on their storage account."))
	}
	return warned("It is not known whether %s may read the backups. %s", name(f.standby()), cmp.Or(reason, "Check that its identity has Storage Blob Data Contributor on their storage account."))
}

// sentence begins with a capital where no name does.
func sentence(v Verdict) string {
	if rest, unnamed := strings.CutPrefix(v.Sentence, "the standby "); unnamed {
		return "The standby " + rest
	}
	return v.Sentence
}
