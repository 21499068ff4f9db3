package plan

import (
	"fmt"
	"strings"
	"testing"
)

func ownersPlan(t testing.TB, services ...string) *Plan {
	t.Helper()
	text := "version: 1\ndefaults: {storageAccount: stbackups, container: apim}\nservices:\n"
	for _, s := range services {
		name, more, _ := strings.Cut(s, ",")
		if more != "" {
			more = ", " + more
		}
		text += "  " + name + ": {resourceId: " + id + "R-" + name + more + "}\n"
	}
	p, err := Parse("x", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestByResourceFindsTheServiceAndWhatLiesBelow(t *testing.T) {
	p := ownersPlan(t, "apim-weu2", "apim-weu", "apim", "other")
	elsewhere, another := strings.Replace(id, "rg-apim", "rg-apim2", 1), strings.Replace(id, "0001", "0002", 1)
	for _, tt := range []struct{ name, id, want string }{
		{"the service", id + "r-apim-weu", "apim-weu"},
		{"the last of the plan", id + "r-other", "other"},
		{"an API", id + "r-apim-weu/apis/x;rev=1", "apim-weu"},
		{"a policy in a workspace", id + "R-apim/workspaces/w/apis/x/policies/policy", "apim"},
		{"in capitals", strings.ToUpper(id + "r-apim-weu/apis/x"), "apim-weu"},
		{"a longer name of the plan", id + "r-apim-weu2/apis/x", "apim-weu2"},
		{"a longer name outside the plan", id + "r-apim-weu3/apis/x", ""},
		{"a shorter name", id + "r-apim-we", ""},
		{"a name with a prefix", id + "xr-apim-weu", ""},
		{"another resource group", elsewhere + "r-apim-weu", ""},
		{"another subscription", another + "r-apim-weu", ""},
		{"the resource group", strings.TrimSuffix(id, "/providers/Microsoft.ApiManagement/service/"), ""},
		{"below something else", "/x" + id + "r-apim-weu", ""},
		{"nothing", "", ""},
		{"a letter that folds to another length", id + "r-apim-weu\u212a", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, ok := p.ByResource(tt.id)
			if s.Name != tt.want || ok != (tt.want != "") {
				t.Errorf("ByResource(%s) = %q, %t, want %q", tt.id, s.Name, ok, tt.want)
			}
		})
	}
	if s, ok := (&Plan{Services: []Service{{}}}).ByResource(""); ok {
		t.Errorf("a service without a resource was found: %+v", s)
	}
}

func TestHoldingFindsTheServiceOfABlob(t *testing.T) {
	p := ownersPlan(t, "apim-weu", "apim-weu-2", "apim", "x-y,container: other", "x", "z,storageAccount: stother")
	const rest = "-20260301T010000Z-backup-a1-0a1b2c.apimbackup"
	for _, tt := range []struct{ name, account, container, blob, want string }{
		{"a service", "stbackups", "apim", "apim" + rest, "apim"},
		{"a longer name", "stbackups", "apim", "apim-weu" + rest, "apim-weu"},
		{"the longest name", "stbackups", "apim", "apim-weu-2" + rest, "apim-weu-2"},
		{"another service's longer name", "stbackups", "apim", "apim-neu" + rest, "apim"},
		{"a name goes on", "stbackups", "apim", "apimweu" + rest, ""},
		{"a longer name goes on", "stbackups", "apim", "apim-weu2" + rest, "apim"},
		{"the longer name is in another container", "stbackups", "apim", "x-y" + rest, "x"},
		{"its container", "stbackups", "other", "x-y" + rest, "x-y"},
		{"another container", "stbackups", "other", "apim" + rest, ""},
		{"another account", "stother", "apim", "apim" + rest, ""},
		{"its account, in capitals", "STOTHER", "APIM", "z" + rest, "z"},
		{"a blob in capitals", "stbackups", "apim", "APIM" + rest, ""},
		{"a name alone", "stbackups", "apim", "apim", ""},
		{"in a folder", "stbackups", "apim", "old/apim" + rest, ""},
		{"nothing", "stbackups", "apim", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, ok := p.Holding(tt.account, tt.container, tt.blob)
			if s.Name != tt.want || ok != (tt.want != "") {
				t.Errorf("Holding(%s, %s, %s) = %q, %t, want %q", tt.account, tt.container, tt.blob, s.Name, ok, tt.want)
			}
		})
	}
}

// Both are asked for every change event.
func BenchmarkOwner(b *testing.B) {
	var names []string
	for n := range 1000 {
		names = append(names, fmt.Sprintf("apim-%04d", n))
	}
	p := ownersPlan(b, names...)
	b.Run("the last resource", func(b *testing.B) {
		for b.Loop() {
			p.ByResource(id + "r-apim-0999/apis/orders/policies/policy")
		}
	})
	b.Run("no resource", func(b *testing.B) {
		for b.Loop() {
			p.ByResource(id + "r-apim-1000/apis/orders/policies/policy")
		}
	})
	b.Run("the last blob", func(b *testing.B) {
		for b.Loop() {
			p.Holding("stbackups", "apim", "apim-0999-20260301T010000Z-backup-a1-0a1b2c.apimbackup")
		}
	})
}
