package preflight

import (
	"errors"
	"slices"
	"strings"

	"lifeboat/internal/job"
)

// classic are the tiers that have backup and restore.
var classic = []string{"Developer", "Basic", "Standard", "Premium"}

// Seen is a service resource, or why it can't be seen.
type Seen struct {
	job.Observed
	Fault Fault
}

// Service judges one API Management service, protected or a standby.
func Service(s job.Service, o Seen) Verdict {
	if v, blind := unseen("service", s, o.Fault); blind {
		return v
	}
	state := o.ProvisioningState
	switch {
	case !slices.Contains(classic, o.Facts.Tier):
		return verdict(Fail, "service", s.Name, "only the tiers Developer, Basic, Standard and Premium can be backed up: move it, or take it out of the plan",
			"%s is of tier %s, which has no backup and restore", s.Resource, known(o.Facts.Tier))
	case state == "Succeeded":
		return ok("service", s.Name, "%s, %s, %s, %s", s.Resource, known(o.Facts.Tier), known(o.Facts.Location), state)
	case o.InTransition():
		return verdict(Warn, "service", s.Name, "if no backup or restore of Lifeboat's runs, see who changes it; Lifeboat waits until it is done",
			"%s is %s: an operation holds it", s.Resource, state)
	}
	return verdict(Fail, "service", s.Name, "see the service's activity log in the portal; a failed operation may have to be repeated",
		"%s is in the state %s, want Succeeded", s.Resource, known(state))
}

// unseen judges a resource that can't be read.
func unseen(check string, s job.Service, f Fault) (v Verdict, blind bool) {
	switch {
	case f.None():
		return Verdict{}, false
	case f.Missing():
		return verdict(Fail, check, s.Name, "check the resource id in the plan",
			"there is no %s in resource group %s of subscription %s", s.Resource, s.ResourceGroup, s.Subscription), true
	case f.Denied():
		return verdict(Warn, check, s.Name, "give your account the role Reader on "+s.Resource,
			"it can't be seen with your account: %s", sentence(f.Text)), true
	}
	return verdict(Fail, check, s.Name, "see whether this machine reaches Azure's management API",
		"it can't be read: %s", sentence(f.Text)), true
}

// known is text, or a word for none.
func known(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

// Standby judges whether standby could take a restore of source.
func Standby(source, standby job.Service, of, by Seen) Verdict {
	if v, blind := unseen("standby", standby, by.Fault); blind {
		return v
	}
	if !of.Fault.None() {
		return verdict(Warn, "standby", standby.Name, "see the check of "+source.Name, "it can't be compared to %s, which can't be read", source.Name)
	}
	a, b := of.Facts, by.Facts
	switch {
	case !strings.EqualFold(a.Tier, b.Tier):
		return verdict(Fail, "standby", standby.Name, "give both the same tier",
			"it is of tier %s and %s of tier %s: Azure refuses the restore", known(b.Tier), source.Name, known(a.Tier))
	case region(a.Location) == region(b.Location):
		return verdict(Warn, "standby", standby.Name, "use a standby in another region",
			"it is in %s, as %s is: what takes the region away takes both", known(b.Location), source.Name)
	}
	return ok("standby", standby.Name, "for %s: tier %s as well, in %s", source.Name, b.Tier, b.Location)
}

// region is a location as ARM compares it: West Europe is westeurope.
func region(location string) string { return strings.ReplaceAll(strings.ToLower(location), " ", "") }

// Permission is what one of the caller's roles allows, with wildcards.
type Permission struct{ Actions, NotActions []string }

// Allows reports whether p has action. ARM compares actions without case, and
// a * stands for anything, slashes included.
func (p Permission) Allows(action string) bool {
	has := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, action) })
	}
	return has(p.Actions) && !has(p.NotActions)
}

func matches(pattern, action string) bool {
	part := strings.Split(strings.ToLower(pattern), "*")
	rest, begins := strings.CutPrefix(strings.ToLower(action), part[0])
	if len(part) == 1 {
		return begins && rest == ""
	}
	last := len(part) - 1
	for _, middle := range part[1:last] {
		_, after, found := strings.Cut(rest, middle)
		if !found {
			return false
		}
		rest = after
	}
	return begins && strings.HasSuffix(rest, part[last])
}

// readAssignments is the only action that is not on the service: without it
// one answer stays unknown, and everything works.
const readAssignments = "Microsoft.Authorization/roleAssignments/read"

// Actions judges whether the account that checks has the actions that the
// app's role grants. asApp says that it is the app's own; another's lack says
// nothing of the app.
func Actions(s job.Service, need []string, held []Permission, asApp bool, f Fault) Verdict {
	who := "your account"
	if asApp {
		who = "the app's identity"
	}
	switch {
	case f.Missing():
		return verdict(Warn, "role actions", s.Name, "see the check of the service", "there is no %s to ask about", s.Resource)
	case !f.None():
		return verdict(Warn, "role actions", s.Name, "see Access control (IAM) of "+s.Resource, "they can't be seen: %s", sentence(f.Text))
	}
	var missing []string
	for _, action := range need {
		if !slices.ContainsFunc(held, func(p Permission) bool { return p.Allows(action) }) {
			missing = append(missing, action)
		}
	}
	if len(missing) == 0 {
		return ok("role actions", s.Name, "%s has all %d on %s%s", who, len(need), s.Resource, notTheApp(asApp))
	}
	level := Warn
	if asApp && !slices.Equal(missing, []string{readAssignments}) {
		level = Fail
	}
	return verdict(level, "role actions", s.Name, remedyOf(s, asApp),
		"%s lacks %s%s", who, strings.Join(missing, ", "), notTheApp(asApp))
}

func remedyOf(s job.Service, asApp bool) string {
	if asApp {
		return "give the app's identity the custom role of infra/roleactions.json on " + s.Resource
	}
	return "to do the app's work yourself you need them on " + s.Resource + "; the app does not need you to"
}

func notTheApp(asApp bool) string {
	if asApp {
		return ""
	}
	return " (yours, not the app's)"
}

// Access judges whether a service's identity may use the backups.
func Access(s job.Service, g job.Grant) Verdict {
	switch g.State {
	case job.Granted:
		if s.Access.Mode == job.AccessKey {
			return ok("storage access", s.Name, "by the key in app setting %s", s.Access.KeySetting)
		}
		return ok("storage access", s.Name, "its identity may read and write the blobs of %s", s.Account)
	case job.NotGranted:
		return verdict(Fail, "storage access", s.Name, "grant it as said; roles take minutes to work", "%s", sentence(g.Reason))
	}
	return verdict(Warn, "storage access", s.Name, "look at Access control (IAM) of "+s.Account, "%s", sentence(g.Reason))
}

// FaultOf is err as a Fault; the zero Fault for none. It knows the errors of
// package job; of others it has the text.
func FaultOf(err error) Fault {
	if err == nil {
		return Fault{}
	}
	f := Fault{Text: strings.Join(strings.Fields(err.Error()), " ")}
	var said *job.AzureError
	if errors.As(err, &said) {
		f.Status, f.Code = said.Status, said.Code
	}
	return f
}
