package sandbox

import (
	"context"
	"net"
	"sync"
)

// A Listener is a network of its own, in memory: what is dialled through it is
// accepted by the server that listens on it. It takes no port, no time and
// nothing outside the process, and a test may keep it in a synctest bubble.
type Listener struct {
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Listen returns a Listener that nobody dials yet.
func Listen() *Listener {
	return &Listener{calls: make(chan net.Conn), closed: make(chan struct{})}
}

// DialContext has the form http.Transport asks for; it calls this listener
// whatever the address.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.calls <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for the next call.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends all waiting; connections that stand are left alone.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr names the listener; there is no address behind it.
func (l *Listener) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "sandbox" }
