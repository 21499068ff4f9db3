package tablestore

import (
	"strings"
	"testing"
	"time"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/job"
)

// recorded is Azure's answer to a transaction whose second change was an
// insert of a row that is there.
const recorded = "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_2\r\n\r\n" +
	"--changesetresponse_2\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
	"HTTP/1.1 409 Conflict\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\n" +
	"Content-Type: application/json;odata=minimalmetadata;streaming=true;charset=utf-8\r\n\r\n" +
	`{"odata.error":{"code":"EntityAlreadyExists","message":{"lang":"en-US","value":"1:The specified entity already exists.\nRequestId:3\nTime:2026-03-01T01:00:00.0000000Z"}}}` +
	"\r\n--changesetresponse_2--\r\n--batchresponse_1--\r\n"

const recordedType = "multipart/mixed; boundary=batchresponse_1"

func TestRefusal(t *testing.T) {
	number := strings.Replace(recorded, `"code":"Entity`, `"code":"1:Entity`, 1)
	for name, body := range map[string]string{
		"the number before the message":  recorded,
		"the number before the code":     strings.Replace(number, "1:The", "The", 1),
		"the number before both":         number,
		"an answer before it":            strings.Replace(recorded, "--changesetresponse_2\r\n", "--changesetresponse_2\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n--changesetresponse_2\r\n", 1),
		"an end that never came through": strings.TrimSuffix(recorded, "--batchresponse_1--\r\n"),
	} {
		got, ok := refusal(recordedType, []byte(body))
		want := answer{Answer: azureerror.Answer{Status: 409, Code: "EntityAlreadyExists", Message: "The specified entity already exists."}, change: 1}
		if !ok || got != want {
			t.Errorf("%s: refusal = %+v, %t, want %+v", name, got, ok, want)
		}
	}
	for name, body := range map[string]string{
		"nothing": "", "no parts": "--batchresponse_1--\r\n",
		"no refusal": strings.Replace(recorded, "409 Conflict", "204 No Content", 1),
	} {
		if got, ok := refusal(recordedType, []byte(body)); ok {
			t.Errorf("%s: refusal = %+v, want none", name, got)
		}
	}
	unnumbered, _ := refusal(recordedType, []byte(strings.Replace(recorded, "1:The", "The", 1)))
	if two := []change{{kind: jobChange}, {kind: leaseChange}}; unnumbered.about(two, jobChange) || unnumbered.about(two, leaseChange) {
		t.Errorf("an answer without a number is about some change")
	}
}

func FuzzRefusal(f *testing.F) {
	f.Add(recordedType, []byte(recorded))
	f.Add("multipart/mixed", []byte("----"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		a, ok := refusal(contentType, body)
		if ok && (a.Status < 400 || a.change < -1) {
			t.Errorf("refusal = %+v", a)
		}
	})
}

func FuzzReadJob(f *testing.F) {
	text, err := jobRow(job.NewBackup("apim-weu", time.Unix(0, 0), time.Unix(0, 0), job.Rules{}, time.Unix(0, 0))).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"PartitionKey":"s","RowKey":"job|1","Schema":2}`))
	f.Add([]byte(`{"Restore":"{\"firedAt\":\"9999-12-31T23:59:59-23:59\",\"attempted\":\"0000-01-01T00:00:00+23:59\",\"gates\":[{}],\"point\":{\"settings\":{\"\":\"\"}}}"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, err := readJob(text)
		if err != nil {
			return
		}
		again, err := jobRow(j).encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readJob(again); err != nil {
			t.Errorf("own row is not readable: %v", err)
		}
	})
}

func TestTimes(t *testing.T) {
	f := &fields{}
	if got := edmTime(time.Time{}); got != "1601-01-01T00:00:00.0000000Z" {
		t.Errorf("zero time is written as %s", got)
	}
	zone := time.FixedZone("", 3600)
	if got := edmTime(time.Date(2026, 3, 1, 1, 0, 0, 123456789, zone)); got != "2026-03-01T00:00:00.1234567Z" {
		t.Errorf("time is written as %s", got)
	}
	if got := f.time("Missing"); !got.IsZero() {
		t.Errorf("missing time is read as %v", got)
	}
}
