package memstream

import "context"

// Ends is of how many ends of connections the network knows.
func (n *Network) Ends() int { return len(n.conns) }

// Accept accepts one connection that nobody serves, so that tests have both ends
// and no goroutine beside them.
func (l *HostListener) Accept(ctx context.Context) (*Conn, error) {
	s, err := l.acceptor.Accept(ctx)
	if err != nil {
		return nil, err
	}
	return s.(*Conn), nil
}
