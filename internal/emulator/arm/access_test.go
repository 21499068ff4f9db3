package arm_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/emulator/arm"
)

const assignments = "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"

const account = "/subscriptions/" + subscription + "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st1"

// listed asks for role assignments and returns role and scope of each.
func (b bundle) listed(t *testing.T, filter string) []string {
	t.Helper()
	r := b.send("GET", assignments+"&$filter="+url.QueryEscape(filter), "")
	var page struct {
		Value []struct {
			Properties struct{ RoleDefinitionID, PrincipalID, PrincipalType, Scope, Condition string }
		}
	}
	if body := text(t, r); r.StatusCode != 200 || json.Unmarshal([]byte(body), &page) != nil {
		t.Fatalf("%s: %d %s", filter, r.StatusCode, body)
	}
	var all []string
	for _, a := range page.Value {
		p := a.Properties
		role, ok := strings.CutPrefix(p.RoleDefinitionID, "/subscriptions/"+subscription+"/providers/Microsoft.Authorization/roleDefinitions/")
		if !ok {
			t.Errorf("roleDefinitionId = %s", p.RoleDefinitionID)
		}
		all = append(all, strings.Join([]string{p.PrincipalType, p.PrincipalID, role[:3], p.Scope, p.Condition}, " "))
	}
	return all
}

func TestRoleAssignments(t *testing.T) {
	b := setup(t)
	b.sim.SetRoleAssignments(
		arm.RoleAssignment{Principal: "p1", Role: arm.BlobDataContributor, Scope: account, Condition: "@Resource[x]"},
		arm.RoleAssignment{Principal: "p1", Role: arm.BlobDataReader, Scope: "/subscriptions/" + strings.ToUpper(subscription)},
		arm.RoleAssignment{Principal: "p1", Group: "g1", Role: arm.BlobDataOwner, Scope: "/providers/Microsoft.Management/managementGroups/mg"},
		arm.RoleAssignment{Principal: "p1", Role: arm.BlobDataOwner, Scope: "/subscriptions/" + subscription + "0"},
		arm.RoleAssignment{Principal: "p2", Role: arm.BlobDataOwner, Scope: "/"},
	)
	direct := []string{
		"ServicePrincipal p1 ba9 " + account + " @Resource[x]",
		"ServicePrincipal p1 2a2 /subscriptions/" + strings.ToUpper(subscription) + " ",
	}
	group := "Group g1 b7e /providers/Microsoft.Management/managementGroups/mg "
	for filter, want := range map[string][]string{
		"assignedTo('P1')":    append(direct[:2:2], group),
		"principalId eq 'p1'": direct,
		"principalId eq p1":   direct,
		"principalId eq 'g1'": {group},
		"assignedTo('p3')":    nil,
		"assignedTo('p2')":    {"ServicePrincipal p2 b7e / "},
		"":                    append(direct[:2:2], group, "ServicePrincipal p2 b7e / "),
	} {
		if diff := cmp.Diff(want, b.listed(t, filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
}

func TestRoleAssignmentsRefuse(t *testing.T) {
	b := setup(t)
	for _, tt := range []struct {
		method, url string
		want        int
		code        string
	}{
		{"GET", strings.Replace(assignments, "api-version=2022-04-01", "", 1), 400, "MissingApiVersionParameter"},
		{"GET", strings.Replace(assignments, "2022-04-01", "2024-05-01", 1), 400, "NoRegisteredProviderFound"},
		{"GET", assignments + "&$filter=atScope()", 400, "UnsupportedQuery"},
		{"PUT", assignments, 501, "NotImplemented"},
		{"GET", strings.Replace(assignments, "/roleAssignments", "/roleDefinitions", 1), 404, "InvalidResourceType"},
		{"GET", strings.Replace(assignments, subscription, "", 1), 404, "InvalidResourceType"},
	} {
		if r := b.send(tt.method, tt.url, ""); r.StatusCode != tt.want || !strings.Contains(text(t, r), tt.code) {
			t.Errorf("%s %s = %d, want %d %s", tt.method, tt.url, r.StatusCode, tt.want, tt.code)
		}
	}
}

// What a service shows of its identities is what role assignments speak of.
func TestIdentities(t *testing.T) {
	b := setup(t)
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`)
	weu, neu := b.sim.Principals("apim-weu"), b.sim.Principals("APIM-neu")
	if len(weu) != 1 || len(neu) != 2 || !guid.MatchString(weu[0]) || weu[0] == neu[0] || neu[1] != "p1" {
		t.Errorf("principals = %v and %v, want one of each service's own, and p1", weu, neu)
	}
	shown, err := services(t, direct{b.sim}).Get(t.Context(), "rg", "apim-neu", nil)
	if err != nil {
		t.Fatal(err)
	}
	id := shown.Identity
	if *id.PrincipalID != neu[0] || *id.TenantID == "" || *id.UserAssignedIdentities["/id"].PrincipalID != "p1" || *id.UserAssignedIdentities["/id"].ClientID != "c1" {
		t.Errorf("identity = %+v, want the principals %v", id, neu)
	}
	b.sim.Mutate("apim-neu", func(s *arm.Service) { s.Identity = arm.Identity{SystemAssigned: true, PrincipalID: "chosen"} })
	if got := b.sim.Principals("apim-neu"); len(got) != 1 || got[0] != "chosen" {
		t.Errorf("principals = %v, want the chosen one", got)
	}
	b.sim.Mutate("apim-neu", func(s *arm.Service) { s.Identity = arm.Identity{} })
	if shown, err = services(t, direct{b.sim}).Get(t.Context(), "rg", "apim-neu", nil); err != nil || shown.Identity != nil || b.sim.Principals("apim-neu") != nil {
		t.Errorf("identity = %+v, %v, want none", shown.Identity, err)
	}
	if b.sim.Principals("nobody") != nil {
		t.Error("a service that is not there has principals")
	}
}

func TestSnapshotKeepsRoleAssignments(t *testing.T) {
	first, second := setup(t), setup(t)
	want := []arm.RoleAssignment{{Principal: "p1", Role: arm.BlobDataOwner, Scope: account}}
	first.sim.SetRoleAssignments(want...)
	var file bytes.Buffer
	if err := first.sim.Snapshot(&file); err != nil {
		t.Fatal(err)
	}
	if err := second.sim.Restore(&file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, second.sim.RoleAssignments()); diff != "" {
		t.Errorf("role assignments (-want +got):\n%s", diff)
	}
	// A file that says nothing of them takes none away; one that says that
	// there are none does.
	if err := second.sim.Restore(strings.NewReader(`{"Services":[]}`)); err != nil || len(second.sim.RoleAssignments()) != 1 {
		t.Errorf("%d role assignments, %v, want those that were there", len(second.sim.RoleAssignments()), err)
	}
	first.sim.SetRoleAssignments()
	if err := first.sim.Snapshot(&file); err != nil {
		t.Fatal(err)
	}
	if err := second.sim.Restore(&file); err != nil || len(second.sim.RoleAssignments()) != 0 {
		t.Errorf("%d role assignments, %v, want none", len(second.sim.RoleAssignments()), err)
	}
}
