package gorgias

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// CheckProxies returns an error that names the environment variable of a proxy
// whose value cannot be understood. It does not contain the value, which may have
// a password.
func CheckProxies() error {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if value := os.Getenv(name); value != "" && !isProxy(value) { //rule:proxies-are-checked
			return fmt.Errorf("the environment variable %s is not the address of a proxy: expected http://host:port, with user:password@ before the host if the proxy requires it. Correct it, or unset it if there is no proxy", name)
		}
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		if slices.ContainsFunc(strings.Split(os.Getenv(name), ","), isNoHost) {
			return fmt.Errorf("the environment variable %s is not a list of hosts: expected hosts, domains, addresses or networks such as 10.0.0.0/8, separated by commas. Correct it, or unset it", name)
		}
	}
	return nil
}

func isProxy(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(u.Hostname(), " ${}<>*;,") {
		return false
	}
	port, err := strconv.Atoi(u.Port())
	return (u.Port() == "" && !strings.HasSuffix(u.Host, ":") || err == nil && port > 0 && port < 1<<16) &&
		slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}

// isNoHost reports whether an entry of NO_PROXY is neither a host nor a network.
func isNoHost(entry string) bool {
	entry = strings.TrimSpace(entry)
	if strings.Contains(entry, "/") {
		_, err := netip.ParsePrefix(entry)
		return err != nil
	}
	return strings.ContainsAny(entry, " ;\"'${}<>")
}

// A proxyRefusal is a proxy's response that is no connection.
type proxyRefusal struct{ status string }

func (p *proxyRefusal) Error() string { return "it responded " + p.status }

// onProxyConnect is called with the response of a proxy to CONNECT.
func onProxyConnect(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return &proxyRefusal{res.Status}
	}
	return nil
}

// blameProxy names the proxy in the error of a request to a URL if the proxy is
// the cause, and not the host behind it.
func (e *Error) blameProxy(to *url.URL) *Error {
	var op *net.OpError
	var refusal *proxyRefusal
	refused := errors.As(e.Cause, &refusal)
	if !refused && !(errors.As(e.Cause, &op) && (op.Op == "proxyconnect" || op.Op == "socks")) { //rule:proxies-are-named
		return e
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: to})
	if err != nil || proxy == nil { // a transport that was given another one
		return e
	}
	e.Proxy, e.temporary = proxy.Host, true
	if refused {
		e.Message = "the proxy " + e.Proxy + " does not connect: " + refusal.Error()
		e.temporary = !strings.HasPrefix(refusal.status, "407")
	} else {
		e.Message = "the proxy " + e.Proxy + " cannot be reached: " + op.Err.Error()
	}
	return e
}
