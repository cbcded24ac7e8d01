package integration_tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"iter"
	numbers "math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/integration_tests/documents"
)

// A network is all that the programs of a document can reach: for every host, a
// sandbox responds. It is a proxy, and has a certificate for the hosts of
// accounts and of examples.
type network struct {
	certificate, proxy string
	box                atomic.Pointer[sandbox.Server]
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	n := &network{}
	n.serve(&sandbox.Server{})
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: numbers.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, DNSNames: []string{"*.gorgias.com", "*.example.com"},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	n.certificate = file(t, "certificate.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})))
	far := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { n.box.Load().ServeHTTP(rw, r) }))
	far.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{signed}, PrivateKey: key}}}
	far.StartTLS()
	t.Cleanup(far.Close)
	near := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(rw, "a proxy for CONNECT alone", http.StatusMethodNotAllowed)
			return
		}
		to, err := net.Dial("tcp", far.Listener.Addr().String())
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		from, buffered, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			_ = to.Close()
			return
		}
		_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(to, buffered)
			_ = to.Close()
		}()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	t.Cleanup(near.Close)
	n.proxy = near.URL
	return n
}

// serve sets the account behind every host.
func (n *network) serve(box *sandbox.Server) { n.box.Store(box) }

// env returns the variables that make a program use the network.
func (n *network) env() []string {
	return []string{"HTTPS_PROXY=" + n.proxy, "SSL_CERT_FILE=" + n.certificate, "SSL_CERT_DIR=/none"}
}

// everyTest returns the tests and benchmarks of each package, by its directory.
func everyTest(t testing.TB) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	for _, path := range repositoryFiles(t, ".go") {
		dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
		tests[dir] = append(tests[dir], "")
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for name := range functions(f) {
			if strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Benchmark") || strings.HasPrefix(name, "Fuzz") {
				tests[dir] = append(tests[dir], name)
			}
		}
	}
	return tests
}

// functions yields the names of a file's functions.
func functions(f *ast.File) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && !yield(fn.Name.Name) {
				return
			}
		}
	}
}

// everyFlag returns the flags of the program's commands, from their help.
func everyFlag(t testing.TB) map[string][]string {
	t.Helper()
	ask := func(args ...string) string {
		cmd := exec.Command(filepath.Join(filepath.Dir(program(t)), args[0]), append(args[1:], "--help")...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return string(out)
	}
	listed := func(help string) (names []string) {
		for _, m := range regexp.MustCompile(`(?m)(?:^   -|, )-([a-z-]+)`).FindAllStringSubmatch(help, -1) {
			names = append(names, m[1])
		}
		return names
	}
	flags := map[string][]string{"": listed(ask("tap-gorgias"))}
	for _, m := range regexp.MustCompile(`(?m)^   ([a-z]+)  +\S`).FindAllStringSubmatch(section(ask("source-gorgias"), "COMMANDS:"), -1) {
		flags[m[1]] = listed(ask("source-gorgias", m[1]))
	}
	if len(flags) < 6 || !slices.Contains(flags["read"], "state") || !slices.Contains(flags[""], "c") {
		t.Fatalf("these commands and flags were understood: %v", flags)
	}
	return flags
}

// section returns what follows a title in a help text.
func section(help, title string) string {
	_, rest, _ := strings.Cut(help, "\n"+title+"\n")
	rest, _, _ = strings.Cut(rest, "\n\n")
	return rest
}

// everyArgument returns the arguments of the Dockerfile.
func everyArgument(t testing.TB) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ARG (\w+)`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names
}

// everyTarget returns the targets of the Makefile.
func everyTarget(t testing.TB) (targets []string) {
	t.Helper()
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(text), -1) {
		targets = append(targets, m[1])
	}
	return targets
}

// checkName checks a name in back-ticks. looked is false if it is not of a kind
// that can be checked.
func (w *docRunner) checkName(dir, text string) (problem string, looked bool) {
	words := strings.Fields(strings.TrimPrefix(text, "bin/"))
	switch _, command := w.flags[words[0]]; {
	case words[0] == "source-gorgias" && len(words) > 1 && !strings.HasPrefix(words[1], "-"):
		return w.checkFlags(words[1], words[2:]), true
	case words[0] == "source-gorgias", words[0] == "tap-gorgias":
		return w.checkFlags("", words[1:]), true
	case command && len(words) > 1 && strings.HasPrefix(words[1], "-"):
		return w.checkFlags(words[0], words[1:]), true
	case strings.HasPrefix(words[0], "--"):
		for name := range w.flags {
			if w.checkFlags(name, words) == "" {
				return "", true
			}
		}
		return "no command has the flag " + text, true
	case words[0] == "go" || words[0] == "make":
		return w.exists(words)
	case testName.MatchString(words[0]) && len(words) == 1:
		name, _, _ := strings.Cut(text, "/")
		for _, tests := range w.tests {
			if slices.ContainsFunc(tests, func(t string) bool {
				return t == name || strings.HasSuffix(name, "…") && strings.HasPrefix(t, strings.TrimSuffix(name, "…"))
			}) {
				return "", true
			}
		}
		return "there is no " + text, true
	case ourFile.MatchString(text):
		for _, from := range []string{dir, ".."} {
			if _, err := os.Stat(filepath.Join(from, text)); err == nil {
				return "", true
			}
		}
		return "there is no file " + text, true
	}
	return "", false
}

var (
	testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz)[A-Z]`)
	ourFile  = regexp.MustCompile(`^[\w./-]+\.(go|sh|md|svg)$`)
)

// checkFlags returns the flags of a call that the command does not have, as a
// problem.
func (w *docRunner) checkFlags(command string, args []string) string {
	known, ok := w.flags[command]
	if !ok {
		return "there is no command " + command
	}
	for _, a := range args {
		if name, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "="); strings.HasPrefix(a, "-") && !slices.Contains(known, name) {
			return strings.TrimSpace(command + " has no flag " + a)
		}
	}
	return ""
}

// exists checks a call of go, make or docker build: whether what it names
// exists. known is false for other calls.
func (w *docRunner) exists(words []string) (problem string, known bool) {
	if words[0] == "make" {
		for _, target := range words[1:] {
			if !strings.Contains(target, "=") && !slices.Contains(w.targets, target) {
				return "the Makefile has no target " + target, true
			}
		}
		return "", true
	}
	if strings.HasPrefix(strings.Join(words, " "), "docker build ") { // packaging/image.sh does that
		for i, word := range words {
			name, _, _ := strings.Cut(word, "=")
			if words[i-min(i, 1)] == "--build-arg" && !slices.Contains(w.arguments, name) {
				return "the Dockerfile has no argument " + name, true
			}
		}
		return "", true
	}
	call := strings.Join(words, " ")
	if slices.Contains([]string{"go generate ./...", "go build", "go install ."}, call) {
		return "", true
	}
	if len(words) < 3 || words[1] != "test" && words[1] != "run" {
		return "", false
	}
	var packages, patterns []string
	for i, word := range words[2:] {
		if strings.HasPrefix(word, "./") || word == "." {
			packages = append(packages, strings.TrimPrefix(word, "./"))
		}
		if words[1] == "test" && (words[1+i] == "-run" || words[1+i] == "-bench") {
			patterns = append(patterns, strings.Trim(word, "'^$"))
		}
	}
	if len(packages) != 1 {
		return "", false
	}
	if packages[0] != "..." && packages[0] != "." && w.tests[packages[0]] == nil {
		return "there is no package " + packages[0], true
	}
	for _, pattern := range patterns {
		if !slices.ContainsFunc(w.tests[packages[0]], func(name string) bool { return name != "" && strings.HasPrefix(name, pattern) }) {
			return fmt.Sprintf("%s has no test %s", packages[0], pattern), true
		}
	}
	return "", true
}

// checkLink returns the problem of a link in a document; "" if there is none.
func checkLink(file string, d *documents.Document, to string) string {
	path, anchor, anchored := strings.Cut(to, "#")
	if path != "" {
		path = filepath.Join(filepath.Dir(file), path)
		if _, err := os.Stat(path); err != nil {
			return "there is no " + to
		}
		if anchored {
			var err error
			if d, err = documents.Read(path); err != nil {
				return err.Error()
			}
		}
	}
	if anchored && !slices.ContainsFunc(d.Headings, func(h documents.Heading) bool { return h.Anchor() == anchor }) {
		return "there is no heading " + to
	}
	return ""
}
