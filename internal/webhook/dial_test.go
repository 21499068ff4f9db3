package webhook_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"lifeboat/internal/job"
	"lifeboat/internal/webhook"
)

// nameService answers every question for an address with at, and hears no
// other. It is DNS over TCP on a pipe: RFC 1035, 4.1 and 4.2.2.
func nameService(at netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go serveNames(there, at)
		return here, nil
	}}
}

func serveNames(conn net.Conn, at netip.Addr) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		reply := namesReply(question, at)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

// namesReply keeps the question and appends one record, if it fits.
func namesReply(question []byte, at netip.Addr) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	asked := binary.BigEndian.Uint16(question[end+1:])
	reply := append([]byte{}, question[:end+5]...)
	reply[2], reply[3] = 0x81, 0x80 // an answer
	copy(reply[4:12], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	kind := uint16(1)
	if at.Is6() {
		kind = 28
	}
	if asked != kind {
		return reply
	}
	reply[7] = 1
	reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0)
	reply = binary.BigEndian.AppendUint16(reply, uint16(len(at.AsSlice())))
	return append(reply, at.AsSlice()...)
}

const refusal = "the address is link-local or a metadata service's"

var forbiddenAddresses = []string{
	"169.254.169.254", "169.254.1.1", "168.63.129.16", "fe80::1", "fd00:ec2::254", "224.0.0.1", "ff02::1", "0.0.0.0", "255.255.255.255",
	"::ffff:169.254.169.254", "::ffff:168.63.129.16", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254", "::",
}

// Whether the setting has the number or a name that leads to it.
func TestNobodyPostsToAMetadataService(t *testing.T) {
	for _, address := range forbiddenAddresses {
		at := netip.MustParseAddr(address)
		for name, host := range map[string]string{"the number": address, "a name": "hook.contoso.example"} {
			if name == "a name" && at.Is4In6() {
				continue // no record holds one
			}
			settings := map[string]string{"OPS_URL": "https://" + net.JoinHostPort(host, "1") + "/path-s3cret"}
			c := webhook.New(webhook.Options{Getenv: func(s string) string { return settings[s] }, Resolver: nameService(at)})
			for call, err := range map[string]error{
				"a post": c.Post(t.Context(), ops, "id", "text/plain", []byte("body")), "a ping": c.Ping(t.Context(), "OPS_URL", job.BeatStart),
			} {
				if err == nil || !strings.Contains(err.Error(), refusal) {
					t.Errorf("%s to %s by %s: %v, want %q", call, address, name, err, refusal)
				}
				clean(t, err)
			}
		}
	}
}

// A proxy would connect on our behalf.
func TestNoProxyIsAskedForAMetadataService(t *testing.T) {
	for _, address := range forbiddenAddresses {
		r := httptest.NewRequest(http.MethodPost, "https://"+net.JoinHostPort(address, "443")+"/x", nil)
		if _, err := webhook.ProxyOf(r); err == nil {
			t.Errorf("a proxy is asked for %s", address)
		}
	}
	for _, address := range []string{"hook.contoso.example", "10.1.2.3", "[fd12::1]", "127.0.0.1"} {
		if _, err := webhook.ProxyOf(httptest.NewRequest(http.MethodPost, "https://"+address+"/x", nil)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A name that leads to loopback is on loopback only if it says so: plain HTTP
// stays for those. Over TLS nobody answers there, which is another error.
func TestOtherAddressesAreTried(t *testing.T) {
	at := netip.MustParseAddr("127.0.0.1")
	get := func(string) string { return "https://hook.contoso.example:1/x" }
	err := webhook.New(webhook.Options{Getenv: get, Resolver: nameService(at)}).Post(t.Context(), ops, "id", "text/plain", nil)
	if err == nil || strings.Contains(err.Error(), refusal) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v, want connection refused", err)
	}
}

// The plan may allow it. Nothing is sent beyond this machine: the address is
// the loopback's in a form that is refused otherwise.
func TestThePlanMayAllowLinkLocal(t *testing.T) {
	get := func(string) string { return "https://0.0.0.0:1/x" }
	for allow, want := range map[bool]string{true: "connection refused", false: refusal} {
		err := webhook.New(webhook.Options{Getenv: get, AllowLinkLocal: allow}).Post(t.Context(), ops, "id", "text/plain", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("allowed %v: %v, want %s", allow, err, want)
		}
	}
}

// Answers that send a notice elsewhere are errors.
func TestARedirectToAMetadataServiceIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		asked := 0
		err := client(map[string]string{"OPS_URL": secretURL}, redirecting(status, &asked)).Post(t.Context(), ops, "id", "text/plain", nil)
		if err == nil || asked != 1 || !strings.Contains(err.Error(), "redirects are not followed") {
			t.Errorf("%d: %d requests, %v", status, asked, err)
		}
	}
}

func redirecting(status int, asked *int) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		*asked++
		a := answer(status)
		a.Header.Set("Location", "http://169.254.169.254/metadata/instance")
		return a, nil
	}
}
