package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
)

// errForbidden: a connection would go where no webhook is.
var errForbidden = errors.New("forbidden address")

// transport makes a connection of its own for each request. What a name leads
// to is judged when the connection is made: the name may lead elsewhere than a
// moment before.
func transport(o Options) *http.Transport {
	dialer := &net.Dialer{Resolver: o.Resolver, Timeout: timeout}
	proxy := http.ProxyFromEnvironment
	if !o.AllowLinkLocal {
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return judge(address) }
		proxy = judged
	}
	return &http.Transport{Proxy: proxy, DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
}

// judge refuses an address that a connection is about to go to.
func judge(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || forbidden(at.Addr()) {
		return errForbidden
	}
	return nil
}

// judged is the proxy of a request, which must not be asked for a forbidden
// address: it would connect on our behalf.
func judged(r *http.Request) (*url.URL, error) {
	if at, err := netip.ParseAddr(r.URL.Hostname()); err == nil && forbidden(at) {
		return nil, errForbidden
	}
	return http.ProxyFromEnvironment(r)
}

// Where clouds answer a machine about itself beside the link-local addresses:
// Azure's platform address, and the IPv6 form of the metadata service.
var platform = []netip.Addr{netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("fd00:ec2::254")}

// Prefixes of IPv6 addresses that lead to the IPv4 address in their last four
// bytes, and the one that has it behind its first two.
var (
	embedding = []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("::/96")}
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// forbidden reports whether an address is link-local, a metadata service's, or
// no single machine's.
func forbidden(at netip.Addr) bool {
	at = at.WithZone("").Unmap()
	if at.IsLoopback() {
		return false
	}
	bytes := at.As16()
	for _, prefix := range embedding {
		if prefix.Contains(at) {
			at = netip.AddrFrom4([4]byte(bytes[12:]))
		}
	}
	if sixToFour.Contains(at) {
		at = netip.AddrFrom4([4]byte(bytes[2:6]))
	}
	for _, p := range platform {
		if at == p {
			return true
		}
	}
	return at.IsLinkLocalUnicast() || at.IsMulticast() || at.IsUnspecified() || at == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
