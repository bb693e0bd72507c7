package socketstream_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/socketstream"
)

// What CanSendEOF says is what SendEOF does.
func TestCanSendEOF(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	for _, tt := range []struct {
		name string
		mk   func(net.Conn) net.Conn
		want bool
	}{
		{"a socket", func(c net.Conn) net.Conn { return c }, true},
		{"a wrapper that lost CloseWrite", func(c net.Conn) net.Conn { return struct{ net.Conn }{c} }, false},
		{"a wrapper that kept it", func(c net.Conn) net.Conn { return struct{ *net.TCPConn }{c.(*net.TCPConn)} }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", listener.Addr().String())
			require.NoError(t, err)
			s := socketstream.New(tt.mk(conn))
			require.Equal(t, tt.want, s.CanSendEOF())
			err = s.SendEOF(context.Background())
			require.Equal(t, tt.want, err == nil)
			require.Equal(t, !tt.want, errors.Is(err, errors.ErrUnsupported))
			require.NoError(t, s.Close(context.Background()))
			require.Equal(t, tt.want, s.CanSendEOF(), "after Close too")
		})
	}
}
