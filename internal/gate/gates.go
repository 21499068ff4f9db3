package gate

import (
	"fmt"
	"time"
)

// Name is a gate's name, as rows and --json show it: the condition that must
// hold.
type Name string

// The gates, in the order in which they are judged and shown.
const (
	Permitted        Name = "permitted"
	RuleInPlan       Name = "ruleInPlan"
	LongEnough       Name = "longEnough"
	GatewayDown      Name = "gatewayDown"
	NoMaintenance    Name = "noMaintenance"
	StillOpen        Name = "stillOpen"
	FirstAttempt     Name = "firstAttempt"
	SourceCooledDown Name = "sourceCooledDown"
	TargetCooledDown Name = "targetCooledDown"
	IsStandby        Name = "isStandby"
	NotSource        Name = "notSource"
	NotServing       Name = "notServing"
	TargetReady      Name = "targetReady"
	NotLeased        Name = "notLeased"
	ClassicTier      Name = "classicTier"
	SameTier         Name = "sameTier"
	PointFound       Name = "pointFound"
	PointRecent      Name = "pointRecent"
	PointUnexpired   Name = "pointUnexpired"
	Approved         Name = "approved"
	NoIncident       Name = "noIncident" // of a warm refresh only
)

type gate struct {
	name  Name
	judge func(question) Verdict
}

// failover are the gates of a restore that was asked for.
var failover = []gate{
	{Permitted, permitted},
	{RuleInPlan, ruleInPlan},
	{LongEnough, longEnough},
	{GatewayDown, gatewayDown},
	{NoMaintenance, noMaintenance},
	{StillOpen, stillOpen},
	{FirstAttempt, firstAttempt},
	{SourceCooledDown, sourceCooledDown},
	{TargetCooledDown, targetCooledDown},
	{IsStandby, isStandby},
	{NotSource, notSource},
	{NotServing, notServing},
	{TargetReady, targetReady},
	{NotLeased, notLeased},
	{ClassicTier, classicTier},
	{SameTier, sameTier},
	{PointFound, pointFound},
	{PointRecent, pointRecent},
	{PointUnexpired, pointUnexpired},
	{Approved, approved},
}

// warm are the gates of a warm standby's refresh.
var warm = []gate{
	{NoIncident, noIncident},
	{IsStandby, isStandby},
	{NotSource, notSource},
	{NotServing, notServing},
	{TargetReady, targetReady},
	{NotLeased, notLeased},
	{ClassicTier, classicTier},
	{SameTier, sameTier},
	{PointFound, pointFound},
	{PointUnexpired, pointUnexpired},
}

// lookAgain lies between two looks at something that may change at any time.
const lookAgain = time.Minute

// skew is how far the clocks of two instances, or of Azure, may lie apart.
const skew = 10 * time.Minute

func pass(format string, args ...any) Verdict {
	return Verdict{Outcome: Passed, Sentence: fmt.Sprintf(format, args...)}
}

func warned(format string, args ...any) Verdict {
	return Verdict{Outcome: Passed, Warning: true, Sentence: fmt.Sprintf(format, args...)}
}

func refuse(format string, args ...any) Verdict {
	return Verdict{Outcome: Refused, Sentence: fmt.Sprintf(format, args...)}
}

func wait(until time.Time, format string, args ...any) Verdict {
	return Verdict{Outcome: Waits, Until: until, Sentence: fmt.Sprintf(format, args...)}
}

// unknown waits for a fact that another look may bring.
func (q question) unknown(format string, args ...any) Verdict {
	return wait(q.now.Add(lookAgain), "It is not known %s. Nothing starts on a guess: Lifeboat looks again.", fmt.Sprintf(format, args...))
}
