package tlsstream_test

import (
	"crypto/tls"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// Once the handshake is over, what CanSendEOF says is what SendEOF does.
func TestCanSendEOF(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version uint16) {
		client, server := overMemory(t, 0, version, nil)
		require.True(t, client.CanSendEOF(), "nobody knows yet")
		shake(t, client, server)
		can := version == tls.VersionTLS13
		require.Equal(t, can, client.CanSendEOF())
		require.Equal(t, can, server.CanSendEOF())
		err := client.SendEOF(bg)
		require.Equal(t, can, err == nil)
		require.Equal(t, !can, errors.Is(err, errors.ErrUnsupported))
		require.NoError(t, server.Close(bg))
		require.NoError(t, client.Close(bg))
		require.Equal(t, can, client.CanSendEOF(), "after Close too")
	})
}
