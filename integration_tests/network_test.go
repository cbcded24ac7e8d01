package integration_tests

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestUnsolicitedBytes: what a server sends unasked does not reach standard
// error, where Go's HTTP package would write it.
func TestUnsolicitedBytes(t *testing.T) {
	t.Parallel()
	for _, unasked := range []string{"HTTP/1.1 400 Bad\r\n\r\nmade-up", "\x00\x01\x02", sandboxSecret + "\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "\r\n"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			body := `{"domain":"acme","settings":[]}`
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s", time.Now().UTC().Format(http.TimeFormat), len(body), body)
			time.Sleep(50 * time.Millisecond) // the connection is idle by then
			_, _ = io.WriteString(conn, unasked)
			_, _ = io.Copy(io.Discard, conn)
		}), ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
		config := file(t, "config.json", `{"subdomain":"acme","base_url":"http://`+listener.Addr().String()+`","credentials":{"auth_type":"api_key","email":"a@example.com","api_key":"k3y-of-acme"}}`)
		catalog := file(t, "catalog.json", catalogFile("full_refresh", "account"))
		for _, args := range [][]string{{"read", "--config", config, "--catalog", catalog}, {"check", "--config", config}} {
			if tr := (call{args: args, env: []string{"GODEBUG=http2debug=2"}}).run(t); len(tr.stderr) > 0 {
				t.Errorf("%q: %s", unasked, tr.stderr)
			}
		}
	}
}

// TestProxyErrors: an error on the way to a proxy names the proxy, not the
// account; a variable that cannot be understood stops the start.
func TestProxyErrors(t *testing.T) {
	t.Parallel()
	refusing := func(status int) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(srv.Close)
		return strings.TrimPrefix(srv.URL, "http://")
	}
	closed := httptest.NewServer(nil)
	nowhere := strings.TrimPrefix(closed.URL, "http://")
	closed.Close()
	auth, forbidden := refusing(407), refusing(403)
	config := file(t, "config.json", `{"subdomain":"acme","credentials":{"auth_type":"api_key","email":"a@example.com","api_key":"k3y-of-acme"}}`)
	for _, c := range []struct{ variable, value, says string }{
		{"HTTPS_PROXY", "http://user:s3cretpass@" + auth, "the proxy " + auth + " does not connect: it responded 407"},
		{"https_proxy", "user:s3cretpass@" + forbidden, "the proxy " + forbidden + " does not connect: it responded 403"},
		{"HTTPS_PROXY", "http://user:s3cretpass@" + nowhere, "the proxy " + nowhere + " cannot be reached: "},
		{"HTTPS_PROXY", "socks5://user:s3cretpass@" + nowhere, "the proxy " + nowhere + " cannot be reached: "},
		{"HTTPS_PROXY", "https://user:s3cretpass@" + auth, "the proxy " + auth + " cannot be reached: "},
		{"HTTPS_PROXY", "http://user:s3cretpass@proxy.invalid:3128", "the proxy proxy.invalid:3128 cannot be reached: "},
		{"HTTPS_PROXY", "http://user:s3cretpass@proxy:port", "the environment variable HTTPS_PROXY is not the address of a proxy"},
		{"http_proxy", "gopher://s3cretpass", "the environment variable http_proxy is not the address of a proxy"},
		{"NO_PROXY", "10.0.0.0/s3cretpass", "the environment variable NO_PROXY is not a list of hosts"},
	} {
		t.Run(c.variable+" "+c.value, func(t *testing.T) {
			t.Parallel()
			tr := call{args: []string{"check", "--config", config}, env: []string{c.variable + "=" + c.value}}.run(t)
			if out := string(tr.stdout); !strings.Contains(out, c.says) || strings.Contains(out, "s3cretpass") || strings.Contains(out, "subdomain") {
				t.Error(out)
			}
		})
	}
}

// TestDisguisedKeys: the message of a 401 tells the form of a key that is given
// in disguise.
func TestDisguisedKeys(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":{"msg":"Unauthorized"}}`)
	}))
	t.Cleanup(srv.Close)
	for key, says := range map[string]string{`"k3y5ecret"`: "quotation marks", "$K3Y5ECRET": "variable", "<k3y5ecret>": "placeholder", "********": "concealed",
		"YUBiLmV4YW1wbGU6azN5NWVjcmV0": "email address and the key", "k3y5\u200becret": "invisible", "k3y5ecret": ""} {
		tr := call{args: []string{"check", "--config", file(t, "config.json", configText(srv.URL, key))}}.inside(t)
		out := string(tr.stdout)
		if says == "" && strings.Contains(out, "The API key") || !strings.Contains(out, says) || !strings.Contains(out, "401") || strings.Contains(strings.ToLower(out), "5ecret") {
			t.Errorf("%q: %s", key, out)
		}
	}
}
