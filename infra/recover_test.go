package infra_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// After the loss of a region a new deployment finds the rows where a person's
// rebuild has put them.
func checkState(t tree, m *mistakes) {
	for name, want := range map[string]string{
		"makesState": "empty(stateAccount)",
		"stateName":  "makesState ? 'stlbstate${token}' : stateAccount",
		"stateGroup": "makesState ? group.name : stateResourceGroup",
	} {
		if s := t[mainFile].one("variable", name); s.Parts == nil || s.last().String() != want {
			m.add(mainFile, s.Line, "%s: want %s", name, want)
		}
	}
	const file = "modules/state.bicep"
	if scope := t[mainFile].one("module", "state").body().at("scope").String(); scope != "resourceGroup(stateGroup)" {
		m.add(mainFile, 1, "the state table is in %s", scope)
	}
	if made := t[file].one("resource", "made"); !strings.Contains(made.Text, "= if (make) {") || made.body().at("name").String() != "name" {
		m.add(file, made.Line, "an account that is there already is made again")
	}
	if uri := t[file].one("output", "tableUri").last().String(); uri != "'https://${account.name}.table.${environment().suffixes.storage}/'" || t[file].one("resource", "account").body().at("name").String() != "name" {
		m.add(file, 1, "the table's address %s is not the account's", uri)
	}
	if p := t[mainFile].one("module", "stateRole").body().at("params"); p.at("accountName").String() != "state.outputs.name" || p.at("tableName").String() != "state.outputs.tableName" {
		m.add(mainFile, 1, "the app's role is on another table")
	}
	if needs := t[mainFile].one("module", "functionapp").body().at("dependsOn").String(); !strings.Contains(needs, "stateRole") {
		m.add(mainFile, 1, "the app starts before it may use its table")
	}
}

func TestTheRowsThatAreThereAreUsed(t *testing.T) {
	var got struct {
		Values struct {
			MakesState            bool
			StateName, StateGroup string
		}
	}
	evaluate(t, mainFile, []byte(keyed), map[string]any{"stateAccount": "stother", "stateResourceGroup": "rg-other"}, &got)
	if v := got.Values; v.MakesState || v.StateName != "stother" || v.StateGroup != "rg-other" {
		t.Errorf("with stateAccount stother in rg-other: %+v", v)
	}
}

// rights are who may write where.
type rights struct{ Grants, AllPaths []string }

func rightsIn(t *testing.T, file string, parameters map[string]any) rights {
	t.Helper()
	var got struct{ Values rights }
	evaluate(t, file, []byte(tangled), parameters, &got)
	slices.Sort(got.Values.Grants)
	slices.Sort(got.Values.AllPaths)
	return got.Values
}

// miscopied says where who may use the plan's first account may not use its
// copy in the same way. The first, by its services' names, is stone.
func miscopied(t *testing.T, file string) (diffs []string) {
	t.Helper()
	want := rightsIn(t, file, nil)
	copies := map[string]any{"secondAccount": "stcopy", "createBackupStorage": false}
	if diff := cmp.Diff(want, rightsIn(t, file, copies)); diff != "" {
		diffs = append(diffs, "roles on a second account that is not made (-want +got):\n"+diff)
	}
	for _, grant := range want.Grants {
		if f := strings.Split(grant, "|"); f[1] == "stone" {
			want.Grants = append(want.Grants, strings.Join([]string{f[0], "stcopy", f[2], f[3]}, "|"))
		}
	}
	want.AllPaths = append(want.AllPaths, "stcopy/c-one", "stcopy/c-two")
	slices.Sort(want.Grants)
	slices.Sort(want.AllPaths)
	copies["createBackupStorage"] = true
	if diff := cmp.Diff(want, rightsIn(t, file, copies)); diff != "" {
		diffs = append(diffs, "roles with a second account (-want +got):\n"+diff)
	}
	return diffs
}

func TestTheCopyCanBeUsedInPlaceOfTheFirst(t *testing.T) {
	for _, diff := range miscopied(t, mainFile) {
		t.Error(diff)
	}
}
