package wsstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/coder/websocket"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

// Messages is a stream of binary messages, each of which is one of WebSocket's.
// Make one with [NewMessages]. A Send and a Receive may run at the same time, and
// Close at any time; of two Sends the second gets [abc.ErrBusy], and so of two
// Receives.
//
// A nil from Send means that a copy of the message is on its way. There is one at
// a time, for which the next Send waits, and a graceful Close. If it fails, the
// next Send does, with [abc.ErrBroken].
type Messages struct {
	c                  *conn
	closer             abc.AsyncResource // of c
	sending, receiving abc.Guard
	closed             context.Context
	close              context.CancelFunc

	turn    chan struct{} // to write; who has it has sendErr
	sendErr error

	reading bool // what a cancelled Receive began; who is inside receiving has it
	read    chan message
	readErr error
}

type message struct {
	p   []byte
	err error
}

var _ abc.MessageStream[[]byte] = (*Messages)(nil)

// NewMessages makes a stream of ws, which it owns. A message that is larger than
// ws's read limit breaks it, and so does one of text.
func NewMessages(ws *websocket.Conn) *Messages {
	c := newConn(ws)
	m := &Messages{c: c, closer: bridge.FromReadWriter(c), turn: make(chan struct{}, 1), read: make(chan message, 1)}
	m.closed, m.close = context.WithCancel(context.Background())
	return m
}

// Send implements [abc.MessageSendStream].
func (m *Messages) Send(ctx context.Context, p []byte) error {
	if err := m.sending.Enter(ctx); err != nil {
		return opError("send", err)
	}
	defer m.sending.Leave()
	if err := m.takeTurn(ctx); err != nil {
		return opError("send", err)
	}
	p = slices.Clone(p)
	go func() {
		if _, err := m.c.Write(p); err != nil {
			m.sendErr = abc.Broken(err)
		}
		<-m.turn
	}()
	return nil
}

// takeTurn waits for the message before. Without an error the caller has the turn.
func (m *Messages) takeTurn(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return abc.ContextErr(ctx)
	case <-m.closed.Done():
		return abc.ErrClosed
	}
	err := m.sendErr
	if m.sending.Closed() {
		err = abc.ErrClosed
	}
	if err != nil {
		<-m.turn
	}
	return err
}

// Receive implements [abc.MessageReceiveStream].
func (m *Messages) Receive(ctx context.Context) ([]byte, error) {
	if err := m.receiving.Enter(ctx); err != nil {
		return nil, opError("receive", err)
	}
	defer m.receiving.Leave()
	p, err := m.receive(ctx)
	if m.receiving.Closed() {
		p, err = nil, abc.ErrClosed // it may be our own Close that ended the Read
	}
	return p, opError("receive", err)
}

func (m *Messages) receive(ctx context.Context) ([]byte, error) {
	if m.readErr != nil {
		return nil, m.readErr
	}
	if !m.reading {
		m.reading = true
		go m.readOne()
	}
	select {
	case got := <-m.read:
		m.reading, m.readErr = false, got.err
		return got.p, got.err
	case <-ctx.Done():
		return nil, abc.ContextErr(ctx)
	case <-m.closed.Done():
		return nil, abc.ErrClosed
	}
}

func (m *Messages) readOne() {
	typ, p, err := m.c.ws.Read(m.c.alive)
	if err == nil && typ != websocket.MessageBinary {
		p, err = nil, fmt.Errorf("a message of type %v", typ)
	}
	if err = ended(err); err != nil && err != io.EOF {
		err = abc.Broken(err)
	}
	m.read <- message{p, err}
}

// SendEOF implements [abc.MessageStream]. It is [errors.ErrUnsupported].
func (m *Messages) SendEOF(ctx context.Context) error {
	err := m.sending.Enter(ctx)
	if err == nil {
		m.sending.Leave()
		err = errors.ErrUnsupported
	}
	return opError("send EOF", err)
}

// CanSendEOF says that SendEOF is unsupported.
func (m *Messages) CanSendEOF() bool { return false }

// Close implements [abc.AsyncResource].
func (m *Messages) Close(ctx context.Context) error {
	m.receiving.Close()
	m.sending.Close()
	m.close()
	if ctx.Err() == nil {
		select {
		case m.turn <- struct{}{}: // the last message was written
			<-m.turn
		case <-ctx.Done():
		}
	}
	return m.closer.Close(ctx)
}

func opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &abc.OpError{Op: op, Transport: "wsstream", Err: err}
}
