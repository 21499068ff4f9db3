package apim_test

import (
	"errors"
	"fmt"
	"testing"

	"lifeboat/internal/job"
)

// FuzzResumeToken: whatever the table holds in a token's place, no request
// goes to another host than ARM's, none starts anything, none carries the app's
// token elsewhere, and no error betrays a secret or the token itself.
func FuzzResumeToken(f *testing.F) {
	here := "https://" + host + resource + "/operationresults/x"
	for _, url := range []string{here, "HTTPS://" + host + "/x", "https://user:password@" + host + "/x", "//elsewhere.test/x", "https:elsewhere.test", `https:\\elsewhere.test`} {
		for _, form := range []string{
			`{"type":"loc","pollURL":%q,"state":"InProgress"}`,
			`{"type":"async","asyncURL":%q,"locURL":"` + here + `","origURL":"","method":"POST","finalState":"","state":"InProgress"}`,
			`{"type":"async","asyncURL":"` + here + `","locURL":%q,"origURL":"","method":"POST","finalState":"location","state":"InProgress"}`,
			`{"type":"Operation-Location","oplocURL":%q,"locURL":"","origURL":"` + here + `","method":"PUT","finalState":"","resultPath":"","state":"InProgress"}`,
			`{"type":"body","pollURL":%q,"state":"InProgress"}`,
		} {
			f.Add(fmt.Sprintf(`{"type":"ServiceClientBackupResponse","token":`+form+`}`, url))
		}
	}
	for name := range foreign {
		f.Add(`{"type":"ServiceClientRestoreResponse","token":{"type":"loc","pollURL":"` + foreign[name] + `","state":"InProgress"}}`)
	}
	f.Fuzz(func(t *testing.T, token string) {
		w := newWorld(t)
		_, err := w.client.Poll(t.Context(), weu(), token)
		w.noStranger()
		for _, s := range w.arm {
			if s.method != "GET" {
				t.Errorf("%s %s by a token", s.method, s.url)
			}
		}
		var known *job.AzureError
		if err != nil && !errors.As(err, &known) {
			t.Errorf("error %v, want a job.AzureError", err)
		}
		if err != nil {
			fitForALog(t, err.Error(), 4<<10)
		}
	})
}
