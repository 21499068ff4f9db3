package apim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
)

// FuzzAnswer: whatever ARM answers to whatever is asked, nothing goes to
// another host, an error is a job.AzureError that a wait is one that can be
// waited.
func FuzzAnswer(f *testing.F) {
	body := armBody("ServiceLocked", "The service is being updated, see https://st/?sv=1&sig="+storageKey)
	poll := "https://" + host + resource + "/operationresults/x"
	for _, wait := range []string{"17", "0", "-1", "99999999999999999999", "Sat, 01 Jan 2000 02:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "1.5", ""} {
		f.Add(uint8(0), uint16(202), wait, "", poll, "", []byte(nil))
		f.Add(uint8(2), uint16(429), wait, wait, "", "", []byte(body))
	}
	for _, to := range []string{"", "x", "//elsewhere.test/x", "https://user:" + bearer + "@" + host + "/x", poll + "?t=" + bearer} {
		f.Add(uint8(0), uint16(202), "1", "", to, "", []byte("{}"))
		f.Add(uint8(1), uint16(202), "1", "", "", to, []byte("{}"))
		f.Add(uint8(2), uint16(200), "1", "", to, to, []byte(`{"properties":{"provisioningState":"Updating"}}`))
	}
	for i := range uint8(6) {
		for _, said := range []string{
			body, `{"properties":{"provisioningState":"Succeeded"}}`, `{"error":null}`, `{"error":{"error":{"code":1}}}`, `{"value":[{}],"nextLink":"https://elsewhere.test/x"}`,
			`{"value":[null],"nextLink":"` + poll + `"}`, "<html>", `{"identity":{"type":"SystemAssigned","userAssignedIdentities":{"x":null}}}`, `"accessKey":"` + storageKey + `"`, "null", "[]",
		} {
			f.Add(i, uint16(200), "", "", "", "", []byte(said))
			f.Add(i, uint16(403), "", "", "", "", []byte(said))
		}
	}
	token := `{"type":"ServiceClientBackupResponse","token":{"type":"loc","pollURL":"` + poll + `","state":"InProgress"}}`
	f.Fuzz(func(t *testing.T, which uint8, status uint16, wait, waitMS, location, async string, body []byte) {
		w := newWorld(t)
		header := http.Header{"Content-Type": {"application/json"}}
		for name, value := range map[string]string{"Retry-After": wait, "X-Ms-Retry-After-Ms": waitMS, "Location": location, "Azure-Asyncoperation": async} {
			if value != "" {
				header.Set(name, value)
			}
		}
		// A list may lead to itself, so it ends.
		w.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 200 + (int(status)+200)%400, Header: header, Body: string(body), Times: 20})
		w.tap.Inject(wire.Fault{Kind: wire.Instead, Status: http.StatusServiceUnavailable})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var waits time.Duration
		var err error
		switch which % 6 {
		case 0:
			var got job.Started
			got, err = w.client.StartBackup(ctx, weu(), blob)
			waits = got.RetryAfter
		case 1:
			var got job.Started
			got, err = w.client.StartRestore(ctx, weu(), blob)
			waits = got.RetryAfter
		case 2:
			var got job.Progress
			got, err = w.client.Poll(ctx, weu(), token)
			waits = got.RetryAfter
		case 3:
			_, err = w.client.Observe(ctx, weu())
		case 4:
			_, err = w.client.Count(ctx, weu(), job.Resources{APIs: true, Products: true, NamedValues: true})
		case 5:
			s := weu()
			s.Access = job.Access{Mode: job.AccessSystemIdentity}
			w.client.Access(ctx, s)
		}
		w.noStranger()
		var known *job.AzureError
		switch {
		case err != nil && !errors.As(err, &known):
			t.Errorf("error %v, want a job.AzureError", err)
		case err != nil:
			waits = known.RetryAfter
		}
		if waits < 0 || waits > 24*time.Hour {
			t.Errorf("a wait of %s", waits)
		}
		if ctx.Err() != nil {
			t.Error("it does not come to an end")
		}
	})
}

// Words in which ARM repeats a secret are kept without it.
func TestNoErrorRepeatsASecret(t *testing.T) {
	for _, words := range []string{
		"see https://st.blob.core.windows.net/c/b?sv=1&sig=" + storageKey, "AccountName=st;AccountKey=" + storageKey + ";EndpointSuffix=x", "sent with Authorization: Bearer " + bearer,
		`the request was {"storageAccount":"st","accessKey":"` + storageKey + `"}`,
	} {
		w := newWorld(t)
		w.tap.Inject(wire.Fault{Kind: wire.Instead, Status: http.StatusForbidden, Body: armBody("Forbidden", "It can't be done:\n"+words)})
		_, err := w.client.StartBackup(t.Context(), weu(), blob)
		var known *job.AzureError
		if !errors.As(err, &known) || !strings.HasPrefix(known.Message, "It can't be done:\n"+words[:8]) {
			t.Errorf("error %v, want Azure's words", err)
		}
		fitForALog(t, fmt.Sprintf("%v %+v", err, known), 1<<10)
	}
}
