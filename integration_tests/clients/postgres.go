//go:build clients

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A postgres is a PostgreSQL server of our own that no other program uses and that
// leaves nothing behind. Its time zone is UTC, as ours asks of a warehouse.
type postgres struct {
	harness        *harness
	psql           string // the path of the program that asks it
	server         *exec.Cmd
	port           int
	user, password string
}

// openPostgres makes a server and waits until it answers.
func openPostgres(ctx context.Context, b *harness) (p *postgres, err error) {
	initdb, err := serverProgram("initdb")
	if err != nil {
		return nil, err
	}
	postgresPath, err := serverProgram("postgres")
	if err != nil {
		return nil, err
	}
	psql, err := serverProgram("psql")
	if err != nil {
		return nil, err
	}
	as, err := unprivilegedUser()
	if err != nil {
		return nil, err
	}
	p = &postgres{harness: b, psql: psql, user: "clients", password: rand.Text()}
	home := filepath.Join(b.dir, "postgres")
	secret := filepath.Join(home, "password")
	if err := errors.Join(os.Mkdir(home, 0o700), os.WriteFile(secret, []byte(p.password), 0o600)); err != nil {
		return nil, err
	}
	if as != nil {
		if err := errors.Join(os.Chown(home, int(as.Uid), int(as.Gid)), os.Chown(secret, int(as.Uid), int(as.Gid))); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(home, "data")
	first := b.start(ctx, command{dir: home, args: []string{initdb, "-D", data, "-U", p.user, "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"}})
	first.SysProcAttr.Credential = as
	if out, err := first.CombinedOutput(); err != nil {
		return nil, commandError(ctx, command{args: []string{"initdb"}}, err, out)
	}
	for range 3 { // another program may take the port first
		if p.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = p.serve(ctx, as, postgresPath, home, data); err == nil {
			return p, nil
		}
	}
	return nil, err
}

func (p *postgres) serve(ctx context.Context, as *syscall.Credential, path, home, data string) error {
	// The context is not the server's: it is to stop after its clients did.
	p.server = p.harness.start(context.WithoutCancel(ctx), command{dir: home, args: []string{path, "-D", data, "-p", strconv.Itoa(p.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "timezone=UTC", "-c", "fsync=off"}})
	p.server.SysProcAttr.Credential = as
	var log bytes.Buffer
	p.server.Stderr = &log
	if err := p.server.Start(); err != nil {
		return err
	}
	var err error
	for range 100 {
		if _, err = p.query(ctx, "postgres", "SELECT 1"); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			p.close()
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	p.close()
	return fmt.Errorf("postgres does not answer: %w\n%s", err, tail(log.Bytes()))
}

// close stops the server at once and waits for its end.
func (p *postgres) close() {
	_ = p.server.Process.Signal(syscall.SIGQUIT) // its data is not needed any more
	_ = p.server.Wait()
}

// query runs a statement and returns what it prints, values in lines.
func (p *postgres) query(ctx context.Context, database, statement string) ([]byte, error) {
	return p.harness.run(ctx, command{
		args: []string{p.psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement},
		env:  append(p.variables(database), "PGCLIENTENCODING=UTF8"),
	})
}

// variables tell PostgreSQL's own programs where a database is.
func (p *postgres) variables(database string) []string {
	return []string{"PGHOST=127.0.0.1", "PGPORT=" + strconv.Itoa(p.port), "PGUSER=" + p.user, "PGPASSWORD=" + p.password, "PGDATABASE=" + database}
}

// create makes an empty database.
func (p *postgres) create(ctx context.Context, database string) error {
	_, err := p.query(ctx, "postgres", "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)")
	if err == nil {
		_, err = p.query(ctx, "postgres", "CREATE DATABASE "+database)
	}
	return err
}

// dump reads every table of a schema: what its columns are, and every row.
func (p *postgres) dump(ctx context.Context, database, schema string) (warehouse, error) {
	out, err := p.query(ctx, database, fmt.Sprintf(`SELECT json_build_object('table', table_name, 'columns', json_object_agg(column_name, udt_name))
		FROM information_schema.columns WHERE table_schema = '%s' GROUP BY table_name`, schema))
	if err != nil {
		return nil, err
	}
	w := warehouse{}
	for l := range bytes.Lines(out) {
		var t struct {
			Table   string
			Columns map[string]string
		}
		if err := json.Unmarshal(l, &t); err != nil {
			return nil, err
		}
		rows, err := p.query(ctx, database, fmt.Sprintf(`SELECT to_jsonb(t) FROM "%s"."%s" t`, schema, t.Table))
		if err != nil {
			return nil, err
		}
		s := &stored{columns: t.Columns}
		for l := range bytes.Lines(rows) {
			row, err := readRow(l)
			if err != nil {
				return nil, err
			}
			s.rows = append(s.rows, row)
		}
		w[t.Table] = s
	}
	return w, nil
}

// serverProgram finds one of PostgreSQL's own programs. Debian keeps them out
// of the PATH.
func serverProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is good
	if len(found) == 0 {
		return "", fmt.Errorf("there is no %s\nhint: install a PostgreSQL server; on Debian, apt-get install postgresql", name)
	}
	return found[len(found)-1], nil
}

// ordinary returns an account without privileges if we are root, as whom the
// server refuses to run; nil if we are ordinary ourselves.
func unprivilegedUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	unprivileged, err := user.Lookup("postgres")
	if err != nil {
		unprivileged, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(unprivileged.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(unprivileged.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

// freePort returns a port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// quoted spells a text as a JSON string, for configurations.
func quoted(text string) string {
	q, _ := json.Marshal(strings.ToValidUTF8(text, "")) // no error: it is a text
	return string(q)
}
