package gorgias

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
)

var (
	errPrivate = errors.New("its address is not on the public internet, and no other is connected to from here")
	errPlain   = errors.New("connections without TLS are not made from here")
)

// PublicTransport is [Transport] for a machine that reads for strangers, whose
// configuration must not lead into its own network: over TLS alone, and only to
// addresses of the public internet, whatever a name resolves to. Where the
// environment names a proxy for the origin, the proxy decides about addresses.
func PublicTransport(origin string) http.RoundTripper {
	t := Transport()
	to, err := url.Parse(origin)
	if err == nil {
		if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: to}); proxy != nil && err == nil {
			return encrypted{t}
		}
	}
	t.Proxy = nil
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	dialer.Control = func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !public(at.Addr()) {
			return errPrivate
		}
		return nil
	}
	t.DialContext = dialer.DialContext
	return encrypted{t}
}

type encrypted struct{ next http.RoundTripper }

func (e encrypted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errPlain
	}
	return e.next.RoundTrip(r)
}

// reserved are the addresses that look public and are not: IANA's registries of
// special-purpose addresses, and the ranges in which others are wrapped.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
}

// public reports whether an address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsGlobalUnicast() && !a.IsPrivate() &&
		!slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}
