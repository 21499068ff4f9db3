package plan

import (
	"slices"
	"testing"
)

// shares has two services with one standby, and names that begin with another's.
func shares(t *testing.T) *Plan {
	t.Helper()
	p, err := Parse("shares.yaml", []byte(`version: 1
defaults: {storageAccount: stbackups, container: apim}
services:
  apim:
    resourceId: `+id+`apim
    standbys: {apim-weu: {resourceId: `+id+`apim-weu}}
  apim-neu:
    resourceId: `+id+`apim-neu
    container: north
    standbys: {apim-weu: {resourceId: `+id+`apim-weu}}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHomesOfAJob(t *testing.T) {
	p := shares(t)
	for id, want := range map[string][]string{
		"apim-20260301T010000Z-backup": {"apim"},
		"apim-weu-reqaa-restore":       {"apim-weu", "apim"},
		"apim-neu-reqaa-backup":        {"apim-neu", "apim"},
		"apim":                         nil,
		"other-reqaa-backup":           nil,
	} {
		if got := p.Homes(id); !slices.Equal(got, want) {
			t.Errorf("Homes(%s) = %v, want %v", id, got, want)
		}
	}
}

func TestSourcesOfAStandby(t *testing.T) {
	p := shares(t)
	for standby, want := range map[string][]string{"apim-weu": {"apim", "apim-neu"}, "apim": nil, "other": nil} {
		if got := p.Sources(standby); !slices.Equal(got, want) {
			t.Errorf("Sources(%s) = %v, want %v", standby, got, want)
		}
	}
}

func TestWhatThePlanNames(t *testing.T) {
	p := shares(t)
	for name, container := range map[string]string{"apim-neu": "north", "apim-weu": "apim", "other": ""} {
		got, ok := p.Named(name)
		if ok != (container != "") || got.Container != container || ok && got.Name != name {
			t.Errorf("Named(%s) = %+v, %v, want one with container %q", name, got, ok, container)
		}
	}
}
