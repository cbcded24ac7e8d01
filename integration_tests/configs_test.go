package integration_tests

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	bignum "math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/streams"
)

// The account of the configurations in testdata/configs.
const foreignHost, foreignMail, foreignKey = "fjordshop.gorgias.com", "mari@fjordshop.example", "4f1c0ffee0b5e55ed0d15ea5ed0ddba1"

// proxyFor serves an account at foreignHost, behind a proxy that terminates TLS.
// It returns the environment variables that lead a program there, so that no
// configuration has to be changed.
func proxyFor(t *testing.T, box http.Handler) (env []string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: bignum.NewInt(1), DNSNames: []string{foreignHost}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	trusted := file(t, "trusted.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	tunnel := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	inner := &http.Server{Handler: box}
	arrivals := &tunnelListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	go func() { _ = inner.Serve(arrivals) }()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != foreignHost+":443" {
			t.Errorf("the program asked for %s %s", r.Method, r.Host)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n") // who has gone needs no answer
		select {
		case arrivals.conns <- tls.Server(bufferedConn{conn, buffered.Reader}, tunnel):
		case <-arrivals.closed:
			_ = conn.Close()
		}
	}))
	t.Cleanup(func() {
		_ = inner.Close()
		proxy.Close()
	})
	return []string{"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + trusted}
}

// A tunnelListener is a listener for connections that come through the proxy.
type tunnelListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *tunnelListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *tunnelListener) Close() error   { close(l.closed); return nil }
func (l *tunnelListener) Addr() net.Addr { return &net.TCPAddr{} }

// A bufferedConn is a connection whose first bytes may be in a buffer.
type bufferedConn struct {
	net.Conn
	first *bufio.Reader
}

func (c bufferedConn) Read(p []byte) (int, error) { return c.first.Read(p) }

// fjordshop is the account of the configurations: 300 days up to June 2026.
func fjordshop() *sandbox.Server {
	epoch := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	return &sandbox.Server{Email: foreignMail, APIKey: foreignKey, Subdomain: "fjordshop", Limit: unlimited, Epoch: epoch, ClockOffset: time.Until(epoch.Add(time.Hour)),
		Size: sandbox.Size{Tickets: 300, Messages: 600, Customers: 50, Events: 300, Surveys: 300}}
}

// TestImportedConfigs runs the files of other connectors unchanged: their
// credentials and dates apply, and the sync resumes from their states.
func TestImportedConfigs(t *testing.T) {
	t.Parallel()
	january := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	may := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	longAgo := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	const overlap, window = 10 * time.Minute, 7 * 24 * time.Hour
	for _, c := range []struct {
		name        string
		start, end  time.Time
		state       string               // "": that connector has none
		resumesFrom map[string]time.Time // with the state: from when on each stream is read
		tap         bool
		warnings    int // settings that were not used
	}{
		{name: "airbyte.json", start: january, state: "airbyte.state.json",
			resumesFrom: map[string]time.Time{"tickets": may.Add(-overlap), "ticket_messages": may.Add(-window), "events": may.Add(-overlap)}},
		{name: "sling.json", start: january},
		{name: "sling-variable.json", start: longAgo},
		{name: "ingestr.uri", start: longAgo},
		{name: "ingestr-plain.uri", start: longAgo},
		{name: "ingestr-interval.uri", start: january, end: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)},
		{name: "ingestr-interval.json", start: january, end: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)},
		{name: "tap-pathlight.json", start: january, tap: true, warnings: 1, state: "tap-pathlight.state.json",
			resumesFrom: map[string]time.Time{"tickets": may.Add(-overlap), "ticket_messages": may.Add(-window), "events": may.Add(-overlap)}},
		{name: "tap-brooklyn.json", start: january, tap: true, warnings: 1, state: "tap-brooklyn.state.json",
			resumesFrom: map[string]time.Time{"tickets": may.Add(-overlap), "ticket_messages": january, "events": january}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, err := filepath.Abs("testdata/configs")
			if err != nil {
				t.Fatal(err)
			}
			config := filepath.Join(dir, c.name)
			if strings.HasSuffix(c.name, ".uri") {
				raw, err := os.ReadFile(config)
				if err != nil {
					t.Fatal(err)
				}
				config = strings.TrimSpace(string(raw))
			}
			box := fjordshop()
			env := proxyFor(t, box)
			if tr := (call{args: []string{"check", "--config", config}, env: env}).run(t); !strings.Contains(string(tr.stdout), `"SUCCEEDED"`) {
				t.Fatalf("check: %s", tr.stdout)
			}
			other := fjordshop()
			other.APIKey = "of another account"
			if tr := (call{args: []string{"check", "--config", config}, env: proxyFor(t, other)}).run(t); !strings.Contains(string(tr.stdout), `401`) {
				t.Errorf("an account with another key accepts it: %s", tr.stdout)
			}

			names := []string{"tickets", "ticket_messages", "events"}
			read := func(state string) map[string][]string {
				t.Helper()
				args := []string{"read", "--config", config, "--catalog", file(t, "catalog.json", catalogFile("incremental", names...))}
				if c.tap {
					args = []string{"--config", config, "--catalog", file(t, "catalog.json", `{"streams":[{"tap_stream_id":"tickets"},{"tap_stream_id":"ticket_messages"},{"tap_stream_id":"events"}]}`)}
				}
				if state != "" {
					args = append(args, "--state", filepath.Join(dir, state))
				}
				tr := call{tap: c.tap, args: args, env: env}.run(t)
				if tr.code != 0 {
					t.Fatalf("exit code %d: %s%s", tr.code, tail(tr.stdout), tr.stderr)
				}
				if n := strings.Count(string(tr.stdout)+string(tr.stderr), "was not used"); n != c.warnings {
					t.Errorf("%d settings were not used, expected %d: %s", n, c.warnings, tr.stderr)
				}
				rows := map[string][]string{}
				for name, all := range records(tr.messages()) {
					for _, raw := range all {
						rows[name] = append(rows[name], string(raw))
					}
				}
				if c.tap {
					rows = map[string][]string{}
					for name, all := range tapRecords(tr) {
						for _, raw := range all {
							rows[name] = append(rows[name], string(raw))
						}
					}
				}
				return rows
			}
			// compare compares the output with the records of the account
			// between two timestamps. The change feed can add a few records.
			compare := func(rows map[string][]string, since map[string]time.Time, more float64) {
				t.Helper()
				for _, name := range names {
					s := streams.Find(name)
					want := map[string]bool{}
					for key, raw := range expectedRecords(box, s) {
						if at := cursorOf(s, []byte(raw)); !at.Before(since[name]) && (c.end.IsZero() || !at.After(c.end)) {
							want[key] = true
						}
					}
					got := map[string]bool{}
					for _, raw := range rows[name] {
						got[keyOf(s, []byte(raw))] = true
					}
					shared := 0
					for key := range want {
						if got[key] {
							shared++
						}
					}
					if shared < len(want) || float64(len(got)-shared) > more*float64(len(want)) || len(want) == 0 && name == "tickets" {
						t.Errorf("%s: %d records, of which %d are among the account's %d since %v", name, len(got), shared, len(want), since[name])
					}
				}
			}
			started := map[string]time.Time{}
			for _, name := range names {
				started[name] = c.start
			}
			first := read("")
			compare(first, started, 0.1)
			if c.state != "" {
				compare(read(c.state), c.resumesFrom, 0.1)
			}
			if !c.end.IsZero() { // an interval gives the same records every time
				again := read("")
				for _, name := range names {
					slices.Sort(first[name])
					slices.Sort(again[name])
					if !slices.Equal(first[name], again[name]) {
						t.Errorf("%s: the same interval gave %d records and then %d", name, len(first[name]), len(again[name]))
					}
				}
			}
		})
	}
}
