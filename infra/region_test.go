package infra_test

import "strings"

// checkRegion wants every service that is protected to be looked at, and
// nothing to be made before.
func checkRegion(t tree, m *mistakes) {
	f := t[mainFile]
	if got := f.one("variable", "plan"); got.Parts == nil || got.last().String() != "any(loadYamlContent('../lifeboat.yaml'))" ||
		t[afterFile].one("variable", "plan").last().String() != got.last().String() {
		m.add(mainFile, 1, "want the plan that the app reads: lifeboat.yaml")
	}
	if !strings.Contains(t["modules/region.bicep"].decorated("mistake"), "@maxLength(0)") {
		m.add("modules/region.bicep", 1, "a mistake has to be refused: want @maxLength(0)")
	}
	s := f.one("module", "region")
	const compared = "!allowSourceRegion && seen[i].outputs.location == toLower(replace(location, ' ', '')) ? 'Choose"
	if !strings.HasPrefix(s.body().at("params/mistake").String(), compared) || !strings.Contains(s.Text, "[for (id, i) in sourceIds: {") {
		m.add(mainFile, s.Line, "the region is not compared with each service's")
	}
	for _, first := range []string{"identity", "storage", "state", "servicebus", "backup", "second", "monitoring", "secrets"} {
		if one := f.one("module", first); !strings.Contains(one.body().at("dependsOn").String(), "region") {
			m.add(mainFile, one.Line, "%s is made before the region is looked at", first)
		}
	}
}
