package gorgias

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestIsPublicAddr(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "34.120.1.1": true, "2600:1901::1": true, "::ffff:8.8.8.8": true,
		"10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "127.0.0.1": false, "127.8.8.8": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "255.255.255.255": false, "224.0.0.1": false,
		"198.18.0.1": false, "192.0.0.8": false, "::": false, "::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false,
		"::ffff:10.0.0.1": false, "::ffff:127.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "::10.0.0.1": false, "ff02::1": false,
		"2001:db8::1": false,
	} {
		if got := isPublicAddr(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v", text, got)
		}
	}
}

// The public transport connects neither to an address of this machine nor to a
// name for it, and not without TLS. The request is not retried.
func TestPublicTransport(t *testing.T) {
	connected := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { connected = true }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	for _, origin := range []string{server.URL, "https://localhost:" + port, "http://127.0.0.1:" + port} {
		c, err := New(Options{Origin: origin, Auth: Basic("a", "b"), Transport: PublicTransport(origin)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.List(context.Background(), CursorList, "tags", nil, "")
		var e *Error
		if !errors.As(err, &e) || e.Kind != Network || e.Temporary() || connected {
			t.Errorf("%s: %v, connected: %v", origin, err, connected)
		}
	}
}

// Connections use a trusted certificate and TLS 1.2 or later.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	trusting := newTransport()
	trusting.TLSClientConfig.RootCAs = x509.NewCertPool()
	trusting.TLSClientConfig.RootCAs.AddCert(old.Certificate())
	for _, c := range []struct {
		origin    string
		transport http.RoundTripper
		want      string
	}{
		{server.URL, nil, "certificate is not trusted"},
		{old.URL, trusting, "protocol version not supported"},
	} {
		client, err := New(Options{Origin: c.origin, Auth: Basic("user@example.com", "secret-key"), Transport: c.transport, Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = client.List(context.Background(), CursorList, "tags", nil, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
