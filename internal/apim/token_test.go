package apim_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// foreign are places that look like ARM's and are not. A token must reach none.
var foreign = map[string]string{
	"another host":          "https://elsewhere.test",
	"another scheme":        "http://" + host,
	"another port":          "https://" + host + ":8443",
	"another scheme's port": "https://" + host + ":80",
	"a host behind a user":  "https://" + host + "@elsewhere.test",
	"a host that begins so": "https://" + host + ".elsewhere.test",
	"a host below":          "https://sub." + host,
}

func TestForeignLocationOfAStart(t *testing.T) {
	for name, endpoint := range foreign {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sim.FailNext("apim-weu", arm.Fault{Endpoint: endpoint})
			_, err := w.client.StartBackup(t.Context(), weu(), blob)
			w.fails(err, job.AzureError{Kind: job.ErrUnanswered, Status: 202})
			if n := w.requests("POST"); n != 1 || !strings.Contains(err.Error(), "not the ARM endpoint") {
				t.Errorf("%d POSTs: %v, want 1 and the reason", n, err)
			}
			w.noStranger()
		})
	}
}

func TestForeignLocationOfAPoll(t *testing.T) {
	for name, endpoint := range foreign {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token := w.start()
			w.answer("GET", wire.Fault{Kind: wire.Instead, Status: 202, Header: http.Header{"Location": {endpoint + resource + "/operationresults/x"}}})
			_, err := w.client.Poll(t.Context(), weu(), token)
			w.fails(err, job.AzureError{Kind: job.ErrHandleLost})
			w.noStranger()
		})
	}
}

// Somebody who can write to the table must not get a token by it.
func TestTamperedTokens(t *testing.T) {
	for name, endpoint := range foreign {
		for kind, form := range map[string]string{
			"loc":   `{"type":"loc","pollURL":%q,"state":"InProgress"}`,
			"async": `{"type":"async","asyncURL":%q,"locURL":"","origURL":"","method":"POST","finalState":"","state":"InProgress"}`,
			"op":    `{"type":"Operation-Location","oplocURL":%q,"locURL":"","origURL":"","method":"POST","finalState":"","resultPath":"","state":"InProgress"}`,
			"body":  `{"type":"body","pollURL":%q,"state":"InProgress"}`,
		} {
			t.Run(kind+" with "+name, func(t *testing.T) {
				w := newWorld(t)
				token := fmt.Sprintf(`{"type":"ServiceClientBackupResponse","token":`+form+`}`, endpoint+resource+"/operationresults/x")
				_, err := w.client.Poll(t.Context(), weu(), token)
				w.fails(err, job.AzureError{Kind: job.ErrHandleLost})
				if n := w.requests("GET"); n != 0 || w.tokens != 0 {
					t.Errorf("%d requests, %d tokens, want none", n, w.tokens)
				}
				w.noStranger()
			})
		}
	}
}

// An empty token would make the SDK post again.
func TestCorruptTokens(t *testing.T) {
	here := "https://" + host + resource + "/operationresults/x"
	wrap := func(inner string) string { return `{"type":"ServiceClientBackupResponse","token":` + inner + `}` }
	for name, token := range map[string]string{
		"empty":               "",
		"half of it":          `{"type":"ServiceClientBackupRes`,
		"text":                `"` + here + `"`,
		"null":                "null",
		"of something else":   `{"type":"ServiceClientDeleteResponse","token":{"type":"loc","pollURL":"` + here + `","state":"InProgress"}}`,
		"without a type":      `{"token":{"type":"loc","pollURL":"` + here + `","state":"InProgress"}}`,
		"without a token":     `{"type":"ServiceClientBackupResponse"}`,
		"of an unknown kind":  wrap(`{"type":"carrier-pigeon","pollURL":"` + here + `"}`),
		"without a URL":       wrap(`{"type":"loc","state":"InProgress"}`),
		"with a path only":    wrap(`{"type":"loc","pollURL":"` + resource + `","state":"InProgress"}`),
		"with a bad URL":      wrap(`{"type":"loc","pollURL":"https://` + host + `:no-port/","state":"InProgress"}`),
		"with a number":       wrap(`{"type":"loc","pollURL":7,"state":"InProgress"}`),
		"of one that is over": wrap(`{"type":"loc","pollURL":"` + here + `","state":"Succeeded"}`),
		"of one that failed":  wrap(`{"type":"loc","pollURL":"` + here + `","state":"Failed"}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.client.Poll(t.Context(), weu(), token)
			w.fails(err, job.AzureError{Kind: job.ErrHandleLost})
			if posts, gets := w.requests("POST"), len(w.arm); posts != 0 || gets != 0 {
				t.Errorf("%d POSTs, %d others, want none", posts, gets)
			}
			w.noStranger()
		})
	}
}

// ARM may be written in more ways than one.
func TestOneHostInManySpellings(t *testing.T) {
	for _, spelled := range []string{strings.ToUpper(host), host + ":443", strings.ToUpper(host) + ":443", host + ":"} {
		w := newWorld(t)
		token := strings.Replace(w.start(), host, spelled, 1)
		if _, err := w.client.Poll(t.Context(), weu(), token); errors.Is(err, job.ErrHandleLost) {
			t.Errorf("error %v, want %s to be ARM", err, spelled)
		}
	}
}
