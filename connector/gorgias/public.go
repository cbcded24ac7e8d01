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
	errNotPublic = errors.New("its address is not on the public internet, and connections to other addresses are disabled")
	errNoTLS     = errors.New("connections without TLS are disabled")
)

// PublicTransport is [Transport] for a host that reads the accounts of third
// parties: their configurations must not lead into its own network. It connects
// over TLS only, and only to addresses of the public internet, whatever a name
// resolves to. If the environment names a proxy for the origin, the proxy has to
// restrict the addresses.
func PublicTransport(origin string) http.RoundTripper {
	t := newTransport()
	if u, err := url.Parse(origin); err == nil {
		if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); proxy != nil && err == nil {
			return tlsOnly{unzipper{t}}
		}
	}
	t.Proxy = nil
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	dialer.Control = func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !isPublicAddr(a.Addr()) {
			return errNotPublic
		}
		return nil
	}
	t.DialContext = dialer.DialContext
	return tlsOnly{unzipper{t}}
}

type tlsOnly struct{ next http.RoundTripper }

func (t tlsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errNoTLS
	}
	return t.next.RoundTrip(r)
}

// notPublic are address ranges that netip takes for public: IANA's registries of
// special-purpose addresses, and ranges that embed IPv4 addresses.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
}

// isPublicAddr reports whether an address belongs to the public internet.
func isPublicAddr(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsGlobalUnicast() && !a.IsPrivate() &&
		!slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}
