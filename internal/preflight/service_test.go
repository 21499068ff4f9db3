package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/preflight"
)

func seen(state, tier, location string) preflight.Seen {
	return preflight.Seen{Observed: job.Observed{ProvisioningState: state, Facts: job.Facts{Tier: tier, Location: location, Units: 1}}}
}

func TestServiceVerdicts(t *testing.T) {
	s := &sheet{T: t}
	for _, tt := range []struct {
		name string
		seen preflight.Seen
	}{
		{"well", seen("Succeeded", "Premium", "West Europe")},
		{"a tier without backup", seen("Succeeded", "StandardV2", "West Europe")},
		{"consumption", seen("Succeeded", "Consumption", "West Europe")},
		{"no tier", seen("Succeeded", "", "")},
		{"updating", seen("Updating", "Basic", "West Europe")},
		{"failed", seen("Failed", "Standard", "West Europe")},
		{"stopped", seen("Stopped", "Developer", "West Europe")},
		{"missing", preflight.Seen{Fault: missing}},
		{"denied", preflight.Seen{Fault: denied}},
		{"cut off", preflight.Seen{Fault: cut}},
	} {
		s.add(tt.name, preflight.Service(weu(), tt.seen))
	}
	s.golden("service")
}

func TestStandbyVerdicts(t *testing.T) {
	s := &sheet{T: t}
	source := seen("Succeeded", "Premium", "West Europe")
	for _, tt := range []struct {
		name   string
		of, by preflight.Seen
	}{
		{"fit", source, seen("Succeeded", "premium", "North Europe")},
		{"another tier", source, seen("Succeeded", "Standard", "North Europe")},
		{"the same region, otherwise written", source, seen("Succeeded", "Premium", "westeurope")},
		{"missing", source, preflight.Seen{Fault: missing}},
		{"denied", source, preflight.Seen{Fault: denied}},
		{"cut off", source, preflight.Seen{Fault: cut}},
		{"its source is missing", preflight.Seen{Fault: missing}, source},
	} {
		s.add(tt.name, preflight.Standby(weu(), neu(), tt.of, tt.by))
	}
	s.golden("standby")
}

var needed = []string{"Microsoft.ApiManagement/service/read", "Microsoft.ApiManagement/service/backup/action", "Microsoft.Authorization/roleAssignments/read"}

func TestActionVerdicts(t *testing.T) {
	s := &sheet{T: t}
	for _, tt := range []struct {
		name  string
		held  []preflight.Permission
		fault preflight.Fault
	}{
		{"all of them", []preflight.Permission{{Actions: needed}}, none},
		{"owner", []preflight.Permission{{Actions: []string{"*"}}}, none},
		{"reader", []preflight.Permission{{Actions: []string{"*/read"}}}, none},
		{"two roles together", []preflight.Permission{{Actions: []string{"*/read"}}, {Actions: []string{"Microsoft.ApiManagement/service/backup/*"}}}, none},
		{"all but role assignments", []preflight.Permission{{Actions: []string{"Microsoft.ApiManagement/*"}}}, none},
		{"taken out again", []preflight.Permission{{Actions: []string{"*"}, NotActions: []string{"*/backup/action"}}}, none},
		{"taken out of one role, given by another", []preflight.Permission{{Actions: []string{"*"}, NotActions: []string{"*/action"}}, {Actions: needed[1:2]}}, none},
		{"none", nil, none},
		{"denied", nil, denied},
		{"no such service", nil, missing},
	} {
		for _, asApp := range []bool{false, true} {
			s.add(fmt.Sprintf("%s, as the app: %t", tt.name, asApp), preflight.Actions(weu(), needed, tt.held, asApp, tt.fault))
		}
	}
	s.golden("actions")
}

func TestPermissionAllows(t *testing.T) {
	const action = "Microsoft.ApiManagement/service/backup/action"
	for pattern, want := range map[string]bool{
		action: true, strings.ToLower(action): true, "*": true, "*/action": true, "Microsoft.ApiManagement/*": true,
		"microsoft.apimanagement/service/*/action": true, "*/service/*": true, "Microsoft.*/service/*/act*": true, "**": true,
		"*backup*": true, "Microsoft.ApiManagement/service/backup/action*": true,
		"": false, "*/read": false, "Microsoft.ApiManagement/service": false, "Microsoft.ApiManagement/service/*/read": false,
		"Microsoft.ApiManagement/service/backup/action/*": false, "*/restore/*": false, "*/backup": false, "*/action/*/backup": false,
		"Microsoft.ApiManagement/service/backup/action*action": false, "icrosoft.*": false,
	} {
		if got := (preflight.Permission{Actions: []string{pattern}}).Allows(action); got != want {
			t.Errorf("%q allows it: %t, want %t", pattern, got, want)
		}
		if got := (preflight.Permission{Actions: []string{"*"}, NotActions: []string{pattern}}).Allows(action); got == want {
			t.Errorf("without %q it is allowed: %t, want %t", pattern, got, !want)
		}
	}
}

func TestAccessVerdicts(t *testing.T) {
	s := &sheet{T: t}
	byKey := weu()
	byKey.Access = job.Access{Mode: job.AccessKey, KeySetting: "WEU_KEY"}
	s.add("by identity", preflight.Access(weu(), job.Grant{State: job.Granted}))
	s.add("by key", preflight.Access(byKey, job.Grant{State: job.Granted}))
	s.add("not granted", preflight.Access(weu(), job.Grant{State: job.NotGranted, Reason: "It has no role. Grant it one."}))
	s.add("unknown", preflight.Access(weu(), job.Grant{State: job.GrantUnknown, Reason: "It can't be seen."}))
	s.golden("access")
}
