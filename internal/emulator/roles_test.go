package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"lifeboat/internal/emulator/arm"
)

// The sample services' identities may use the storage account, and the
// deployed role lets Lifeboat see that.
func TestSampleServicesMayUseTheStorageAccount(t *testing.T) {
	a := New(Options{Services: SampleServices()})
	defer a.Close()
	token, err := a.Credential().GetToken(t.Context(), armScope)
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range a.ARM.Services() {
		principals := a.ARM.Principals(service)
		if len(principals) != 2 {
			t.Errorf("%s has %d identities, want both kinds", service, len(principals))
		}
		for _, principal := range principals {
			r := get(t, InProcessARM+"/subscriptions/"+SampleSubscription+"/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter="+
				url.QueryEscape("assignedTo('"+principal+"')"))
			r.Header.Set("Authorization", "Bearer "+token.Token)
			answer, err := a.ARMTransport().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var page struct {
				Value []struct {
					Properties struct{ RoleDefinitionID, Scope string }
				}
			}
			body, _ := io.ReadAll(answer.Body)
			if err := json.Unmarshal(body, &page); err != nil || answer.StatusCode != http.StatusOK || len(page.Value) == 0 {
				t.Fatalf("%s: %s %s, want a role", principal, answer.Status, body)
			}
			want := "/subscriptions/" + SampleSubscription + "/providers/Microsoft.Authorization/roleDefinitions/" + arm.BlobDataContributor
			if p := page.Value[0].Properties; p.RoleDefinitionID != want || p.Scope != "/subscriptions/"+SampleSubscription+"/resourceGroups/"+SampleGroup {
				t.Errorf("%s has %s on %s, want Storage Blob Data Contributor on the resource group", principal, p.RoleDefinitionID, p.Scope)
			}
		}
	}
}
