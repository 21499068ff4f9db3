package blobstore_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"lifeboat/internal/emulator/wire"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery/recoverytest"
)

// FuzzAnswer: whatever Blob storage answers, in XML or not, each call comes to
// an end, and an error is one line of bounded size.
func FuzzAnswer(f *testing.F) {
	for i := range uint8(6) {
		for _, body := range []string{
			"", "<html>", `<?xml version="1.0"?><Error><Code>BlobNotFound</Code><Message>No.` + "\nRequestId:x" + `</Message></Error>`, `<Error><Message>see ?sv=1&amp;sig=abc</Message></Error>`,
			`<EnumerationResults><Blobs><Blob><Name>apim-weu-x.apimbackup.lifeboat.json</Name><Properties><Content-Length>5</Content-Length></Properties></Blob></Blobs><NextMarker>1</NextMarker></EnumerationResults>`,
			`<EnumerationResults><Blobs><Blob></Blob></Blobs></EnumerationResults>`, `{"schema":1}`, "\xff\xfe<", strings.Repeat("<a>", 2000),
		} {
			f.Add(i, uint16(0), "", "", []byte(body))
			f.Add(i, uint16(204), "BlobNotFound", "-1", []byte(body))
			f.Add(i, uint16(209), "ConditionNotMet", "99999999999999999999", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, status uint16, code, length string, body []byte) {
		b := setup(t)
		header := http.Header{"Content-Type": {"application/xml"}, "Last-Modified": {"Sat, 01 Jan 2000 02:00:00 GMT"}, "Etag": {`"1"`}, "X-Ms-Blob-Type": {"BlockBlob"}}
		for name, value := range map[string]string{"X-Ms-Error-Code": code, "X-Ms-Meta-A": length} {
			if !strings.ContainsFunc(value, unicode.IsControl) {
				header.Set(name, value)
			}
		}
		// A list may lead to itself, so it ends.
		b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: 200 + int(status)%400, Header: header, Body: string(body), Times: 20})
		b.tap.Inject(wire.Fault{Kind: wire.Instead, Status: http.StatusServiceUnavailable})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		where := job.Service{Name: "apim-weu", Account: b.server.Account(), Container: "apim"}
		point := job.Point{Service: "apim-weu", Job: "j", Blob: "apim-weu-x.apimbackup", StartedAt: time.Unix(0, 0).UTC(), VerifiedAt: time.Unix(1, 0).UTC()}
		var err error
		switch which % 6 {
		case 0:
			_, err = b.Artefact(ctx, where, point.Blob)
		case 1:
			_, err = b.Record(ctx, where, point)
		case 2:
			err = b.Amend(ctx, where, point.Blob, recoverytest.Later(point))
		case 3:
			for _, e := range b.Recorded(ctx, where) {
				err = e
			}
		case 4:
			_, err = b.Authority(ctx, where)
		case 5:
			err = b.Remove(ctx, where, point.Blob)
		}
		if err != nil && (len(err.Error()) > 2<<10 || strings.ContainsFunc(err.Error(), unicode.IsControl)) {
			t.Errorf("no error for a log: %.300q", err)
		}
		if ctx.Err() != nil {
			t.Error("it does not come to an end")
		}
	})
}
