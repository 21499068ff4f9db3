package apim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lifeboat/internal/apim"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

const (
	sub     = "/subscriptions/" + subscription
	account = sub + "/resourceGroups/rg-data/providers/Microsoft.Storage/storageAccounts/stbackups"
	inBlobs = account + "/blobServices/default/containers/"
)

// byIdentity is weu with the access of a kind.
func byIdentity(mode job.AccessMode, client string) job.Service {
	s := weu()
	s.Access = job.Access{Mode: mode, ClientID: client}
	return s
}

func system() job.Service { return byIdentity(job.AccessSystemIdentity, "") }

// grant gives the system-assigned identity of weu a role.
func (w *world) grant(role, scope, condition string) {
	a := arm.RoleAssignment{Principal: w.sim.Principals("apim-weu")[0], Role: role, Scope: scope, Condition: condition}
	w.sim.SetRoleAssignments(append(w.sim.RoleAssignments(), a)...)
}

// is checks a grant: its state, and that its reason has all of the words.
func (w *world) is(got job.Grant, state job.GrantState, words ...string) {
	w.Helper()
	if got.State != state || (got.Reason == "") != (state == job.Granted) {
		w.Errorf("grant = %+v, want %s", got, state)
	}
	for _, word := range words {
		if !strings.Contains(got.Reason, word) {
			w.Errorf("reason %q does not say %q", got.Reason, word)
		}
	}
	if strings.Contains(got.Reason, bearer) || strings.Contains(got.Reason, storageKey) || strings.ContainsAny(got.Reason, "\n\r") || strings.Contains(got.Reason, "..") {
		w.Errorf("reason %q betrays a secret, or is no line of sentences", got.Reason)
	}
}

func TestAccessByKey(t *testing.T) {
	w := newWorld(t)
	s := weu()
	w.is(w.client.Access(t.Context(), s), job.Granted)
	s.Access.KeySetting = "KEY_NEU"
	w.is(w.client.Access(t.Context(), s), job.NotGranted, "KEY_NEU", "stbackups", "set it")
	s.Access.KeySetting = "KEY_REF"
	w.is(w.client.Access(t.Context(), s), job.NotGranted, "KEY_REF", "stbackups", "not resolved")
	o := w.options(wire.Transport{Handler: w.network()})
	o.Secret = nil
	without, err := apim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.is(without.Access(t.Context(), weu()), job.NotGranted, "KEY_WEU")
	if n := w.requests("GET"); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestAccessWithoutTheIdentity(t *testing.T) {
	for _, tt := range []struct {
		name     string
		service  job.Service
		identity arm.Identity
		words    []string
	}{
		{"no identity at all", system(), arm.Identity{}, []string{"system-assigned identity of apim-weu is not enabled", "Enable it", "Storage Blob Data Contributor", "stbackups"}},
		{"the other kind", system(), arm.Identity{UserAssigned: []arm.UserIdentity{{ResourceID: "/id", ClientID: "client-1", PrincipalID: "p"}}}, []string{"is not enabled"}},
		{"another client id", byIdentity(job.AccessUserIdentity, "client-2"), arm.Identity{SystemAssigned: true, UserAssigned: []arm.UserIdentity{{ResourceID: "/id", ClientID: "client-1", PrincipalID: "p"}}}, []string{"client id client-2 of apim-weu is not assigned", "Assign it"}},
		{"no user-assigned one", byIdentity(job.AccessUserIdentity, "client-1"), arm.Identity{SystemAssigned: true}, []string{"client-1", "is not assigned"}},
		{"a plan without a client id", byIdentity(job.AccessUserIdentity, ""), arm.Identity{UserAssigned: []arm.UserIdentity{{ResourceID: "/id", PrincipalID: "p"}}}, []string{"is not assigned"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.sim.SetRoleAssignments(arm.RoleAssignment{Principal: "p", Role: arm.BlobDataOwner, Scope: sub})
			w.sim.Mutate("apim-weu", func(s *arm.Service) { s.Identity = tt.identity })
			w.is(w.client.Access(t.Context(), tt.service), job.NotGranted, tt.words...)
			if n := w.requests("GET"); n != 1 {
				t.Errorf("%d requests, want only that of the service", n)
			}
		})
	}
}

// Which role, where, makes a grant.
func TestAccessByRoles(t *testing.T) {
	const contributor, owner, reader = arm.BlobDataContributor, arm.BlobDataOwner, arm.BlobDataReader
	const plainOwner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" // manages accounts, reads no blob
	for _, tt := range []struct {
		name, role, scope, condition string
		want                         job.GrantState
		words                        []string
	}{
		{"contributor on the account", contributor, account, "", job.Granted, nil},
		{"in another case", strings.ToUpper(contributor), strings.ToUpper(account), "", job.Granted, nil},
		{"owner on the container", owner, inBlobs + "apim", "", job.Granted, nil},
		{"on a resource group", contributor, sub + "/resourceGroups/any", "", job.Granted, nil},
		{"on the subscription", contributor, sub, "", job.Granted, nil},
		{"on a management group", contributor, "/providers/Microsoft.Management/managementGroups/mg", "", job.Granted, nil},
		{"on everything", contributor, "/", "", job.Granted, nil},
		{"on another account", contributor, account + "2", "", job.NotGranted, []string{
			"system-assigned identity of apim-weu", "no role in subscription " + subscription, "stbackups", "Grant it Storage Blob Data Contributor"}},
		{"on another container", contributor, inBlobs + "apim2", "", job.NotGranted, nil},
		{"on something else of that name", contributor, sub + "/resourceGroups/rg/providers/Microsoft.Sql/servers/stbackups", "", job.NotGranted, nil},
		{"on a part of the account", contributor, account + "/queueServices/default/queues/apim", "", job.NotGranted, nil},
		{"on a part of the container's path", contributor, account + "/blobServices/default", "", job.NotGranted, nil},
		{"the role that is called Owner alone", plainOwner, account, "", job.NotGranted, nil},
		{"reader", reader, account, "", job.GrantUnknown, []string{"only Storage Blob Data Reader", "not document", "grant it Storage Blob Data Contributor"}},
		{"under a condition", contributor, account, "@Resource[x] StringEquals 'y'", job.GrantUnknown, []string{"under a condition", "container apim"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.grant(tt.role, tt.scope, tt.condition)
			w.is(w.client.Access(t.Context(), system()), tt.want, tt.words...)
			if n := w.requests("GET"); n != 2 {
				t.Errorf("%d requests, want 2", n)
			}
		})
	}
}

// The best of several roles counts, in any order.
func TestAccessByTheBestRole(t *testing.T) {
	roles := []arm.RoleAssignment{
		{Role: arm.BlobDataContributor, Scope: account + "2"},
		{Role: arm.BlobDataReader, Scope: account},
		{Role: arm.BlobDataOwner, Scope: account, Condition: "c"},
		{Role: arm.BlobDataContributor, Scope: account},
	}
	for n, want := range []struct {
		state job.GrantState
		word  string
	}{{job.NotGranted, "no role"}, {job.NotGranted, "no role"}, {job.GrantUnknown, "Reader"}, {job.GrantUnknown, "condition"}, {job.Granted, ""}} {
		for _, backwards := range []bool{false, true} {
			w := newWorld(t)
			for i := range n {
				if backwards {
					i = n - 1 - i
				}
				w.grant(roles[i].Role, roles[i].Scope, roles[i].Condition)
			}
			w.is(w.client.Access(t.Context(), system()), want.state, want.word)
		}
	}
}

// Every identity is judged by its own roles, a group's among them.
func TestAccessAsksForTheRightPrincipal(t *testing.T) {
	w := newWorld(t)
	w.sim.SetRoleAssignments(arm.RoleAssignment{Principal: "p", Group: "g", Role: arm.BlobDataOwner, Scope: account})
	w.is(w.client.Access(t.Context(), byIdentity(job.AccessUserIdentity, "CLIENT-1")), job.Granted)
	u, err := url.Parse(w.last().url)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"api-version": {"2022-04-01"}, "$filter": {"assignedTo('p')"}}
	if diff := cmp.Diff(want, u.Query()); diff != "" || u.Path != sub+"/providers/Microsoft.Authorization/roleAssignments" || w.last().authorization != "Bearer "+bearer {
		t.Errorf("asked %s with %q (-want +got):\n%s", u.Path, w.last().authorization, diff)
	}
	w.is(w.client.Access(t.Context(), system()), job.NotGranted, w.sim.Principals("apim-weu")[0])
}

// What can't be seen is unknown, in Azure's own words.
func TestAccessThatCannotBeSeen(t *testing.T) {
	forbidden := armBody("AuthorizationFailed", "No authorization.\r\nAsk somebody.")
	for _, tt := range []struct {
		name  string
		fault wire.Fault
		words []string
	}{
		{"403", wire.Fault{Status: 403, Body: forbidden}, []string{"AuthorizationFailed: No authorization. Ask somebody."}},
		{"401", wire.Fault{Status: 401, Body: armBody("InvalidAuthenticationToken", "Expired")}, []string{"InvalidAuthenticationToken: Expired."}},
		{"404", wire.Fault{Status: 404, Body: armBody("ResourceNotFound", "Gone.")}, []string{"Gone."}},
		{"429", wire.Fault{Status: 429}, []string{"HTTP 429"}},
		{"500", wire.Fault{Status: 500}, []string{"HTTP 500"}},
		{"302", wire.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.test"}}}, []string{"HTTP 302"}},
		{"a page", wire.Fault{Status: 200, Body: "<html>"}, nil},
		{"null", wire.Fault{Status: 200, Body: "null"}, nil},
		{"an error with a 200", wire.Fault{Status: 200, Body: armBody("Oops", "Oops.")}, nil},
		{"nothing", wire.Fault{Status: 200}, nil},
		{"a long story", wire.Fault{Status: 400, Body: armBody("Long", strings.Repeat("é", 10000))}, []string{"Long"}},
		{"a connection that drops", wire.Fault{Kind: wire.Reset}, nil},
	} {
		for skip, what := range []string{"which identity apim-weu has", "which roles the system-assigned identity of apim-weu has"} {
			t.Run(tt.name+", "+what, func(t *testing.T) {
				w := newWorld(t)
				w.grant(arm.BlobDataOwner, account, "")
				fault := tt.fault
				if fault.Kind == wire.None {
					fault.Kind = wire.Instead
				}
				fault.Skip, fault.Times = skip, 1
				w.tap.Inject(fault)
				got := w.client.Access(t.Context(), system())
				w.is(got, job.GrantUnknown, append(tt.words, what)...)
				if len(got.Reason) > 1300 {
					t.Errorf("reason of %d bytes", len(got.Reason))
				}
				if hint := strings.Contains(got.Reason, "Microsoft.Authorization/roleAssignments/read on subscription"); hint != (tt.name == "403" && skip == 1) {
					t.Errorf("reason = %q, want the way out for a 403 alone", got.Reason)
				}
				if n := w.requests("GET"); n != skip+1 {
					t.Errorf("%d requests, want %d: none is repeated", n, skip+1)
				}
				w.noStranger()
			})
		}
	}
}

// The deployed role allows the look; a role on the service alone does not.
func TestAccessNeedsTheRolesAction(t *testing.T) {
	w := newWorld(t)
	w.grant(arm.BlobDataOwner, account, "")
	w.is(w.client.Access(t.Context(), system()), job.Granted)
	w.sim.SetActions([]string{"Microsoft.ApiManagement/service/read"})
	w.is(w.client.Access(t.Context(), system()), job.GrantUnknown, "AuthorizationFailed", "Grant Lifeboat's own identity Microsoft.Authorization/roleAssignments/read on subscription "+subscription)
}

func TestAccessWithoutAToken(t *testing.T) {
	w := newWorld(t)
	w.tokenErr = errors.New("no identity")
	w.is(w.client.Access(t.Context(), system()), job.GrantUnknown, "no identity")
	if n := w.requests("GET"); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// Whatever the service's answer lacks, nothing panics.
func TestAccessOfOddAnswers(t *testing.T) {
	for identity, want := range map[string]job.GrantState{
		`null`:                      job.NotGranted,
		`{}`:                        job.NotGranted,
		`{"type":"SystemAssigned"}`: job.GrantUnknown,
		`{"type":"UserAssigned","userAssignedIdentities":{"/id":null,"/other":{}}}`: job.NotGranted,
	} {
		for _, s := range []job.Service{system(), byIdentity(job.AccessUserIdentity, "client-1")} {
			w := newWorld(t)
			w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 200, Body: `{"name":"apim-weu","properties":{"provisioningState":"Succeeded"},"identity":` + identity + `}`})
			state, word := want, "principal id"
			if s.Access.Mode == job.AccessUserIdentity {
				state = job.NotGranted
			}
			if state == job.NotGranted {
				word = "grant it"
			}
			w.is(w.client.Access(t.Context(), s), state, word)
		}
	}
	w := newWorld(t)
	w.is(w.client.Access(t.Context(), byIdentity("Magic", "")), job.GrantUnknown, "Magic")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.is(w.client.Access(ctx, system()), job.GrantUnknown, "canceled")
}

// pages makes every list of role assignments go on as next says, from its
// number on; the last holds the one that is enough.
func (w *world) pages(n int, next func(page int) string) {
	for i := range n {
		body, link := `[]`, fmt.Sprintf(`,"nextLink":%q`, next(i+1))
		if i == n-1 {
			link, body = "", `[null,{},{"properties":{"roleDefinitionId":"/x/`+arm.BlobDataOwner+`","scope":"`+account+`","condition":null}}]`
		}
		w.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 200, Times: 1, Body: `{"value":` + body + link + `}`, Match: func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "roleAssignments") && r.URL.Query().Get("$skipToken") == skipToken(i)
		}})
	}
}

func skipToken(page int) string {
	if page == 0 {
		return ""
	}
	return fmt.Sprint("page ", page)
}

func TestAccessFollowsPages(t *testing.T) {
	const list = "https://" + host + sub + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$skipToken="
	for n, want := range map[int]job.GrantState{1: job.Granted, 2: job.Granted, 10: job.Granted, 11: job.GrantUnknown} {
		w := newWorld(t)
		w.pages(n, func(page int) string { return list + skipToken(page) }) // with the blank that some links have
		w.is(w.client.Access(t.Context(), system()), want)
		if strings.Contains(w.last().url, " ") {
			t.Errorf("asked %q, which is no URL", w.last().url)
		}
		if got := w.requests("GET"); got != 1+min(n, 10) {
			t.Errorf("%d pages took %d requests, want %d", n, got, 1+min(n, 10))
		}
		w.noStranger()
	}
}

// A link to another host gets no token, and does not undo what was found.
func TestAccessAndForeignLinks(t *testing.T) {
	for name, endpoint := range foreign {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.pages(2, func(int) string { return endpoint + sub + "/x" })
			w.is(w.client.Access(t.Context(), system()), job.GrantUnknown, "not the ARM endpoint")
			w.noStranger()
			enough := `{"value":[{"properties":{"roleDefinitionId":"` + arm.BlobDataOwner + `","scope":"` + account + `"}}],"nextLink":"` + endpoint + `/x"}`
			w.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 200, Body: enough, Times: 1, Match: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "roleAssignments") }})
			w.is(w.client.Access(t.Context(), system()), job.Granted)
			w.noStranger()
		})
	}
}
