// Package storagetest says what Lifeboat expects of Azure Table and Blob
// storage, once, through the SDK's own clients. The development stand-in has
// to pass it, and so has Azurite, which is the second opinion.
package storagetest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// Case is one expectation, named by a sentence. It makes its own tables and
// containers, so cases can share an account.
type Case[Client any] struct {
	Name string
	Run  func(t *testing.T, client Client)
}

// Peer is an implementation that is known to differ from Azure somewhere.
type Peer struct {
	Name    string
	Differs map[string]string // why, by the name of the case
}

// Azurite 3.35.0, where it differs from what Azure documents.
var Azurite = Peer{Name: "Azurite 3.35.0", Differs: map[string]string{
	"a table's name is checked":                    "it refuses the name, but with an empty error code",
	"keys may not hold some characters":            "it says InvalidInput, not OutOfRangeInput",
	"an entity has at most 252 properties":         "it does not count properties",
	"a property's name has at most 255 characters": "it does not measure names",
	"an entity may not exceed 1 MiB":               "it does not measure entities",
	"a transaction takes at most 100 changes":      "its answer is malformed",
	"a transaction stays in one partition":         "it changes several partitions in one transaction",
	"checksums are compared":                       "it says InvalidOperation, not Md5Mismatch",
	"a range beyond the end is refused":            "it sends nothing, as a success, for a range that begins at the end",
	"a whole upload discards staged blocks":        "it keeps them",
}}

// Tables checks a Table service. Cases in which a peer differs are skipped, with the reason.
func Tables(t *testing.T, client *aztables.ServiceClient, peers ...Peer) {
	run(t, TableCases(), client, peers)
}

// Blobs checks a Blob service, likewise.
func Blobs(t *testing.T, client *azblob.Client, peers ...Peer) {
	run(t, BlobCases(), client, peers)
}

func run[C any](t *testing.T, cases []Case[C], client C, peers []Peer) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			for _, peer := range peers {
				if why, differs := peer.Differs[c.Name]; differs {
					t.Skipf("%s differs from Azure: %s", peer.Name, why)
				}
			}
			c.Run(t, client)
		})
	}
}

// wantError checks that err is the service's refusal with this status and code.
func wantError(t *testing.T, err error, status int, code string) {
	t.Helper()
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		t.Fatalf("got error %v, want %d %s", err, status, code)
	}
	if response.StatusCode != status || response.ErrorCode != code {
		t.Fatalf("got %d %s, want %d %s\n%v", response.StatusCode, response.ErrorCode, status, code, err)
	}
}

// wantInner checks that a transaction was answered 202 with this failure inside.
func wantInner(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var response *azcore.ResponseError
	if !errors.As(err, &response) || response.StatusCode != http.StatusAccepted {
		t.Fatalf("got error %v, want a 202 with a failure inside", err)
	}
	text := response.Error()
	for _, want := range []string{statusLine(status), `"code":"` + code + `"`, `"value":"` + message} {
		if !strings.Contains(text, want) {
			t.Fatalf("transaction failed with\n%s\nwant %s in it", text, want)
		}
	}
}

func statusLine(status int) string {
	return fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unique returns a name that no other case uses.
func unique(prefix string) string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}
