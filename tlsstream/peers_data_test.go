package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/tlsstream"
)

var allPeers = []*program{sClient, sServer, gnutlsCli, gnutlsServ}

// lines returns text of which no part looks like another, nor like a command of
// the programs', which begin with a letter.
func lines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "%063d\n", i*i)
	}
	return b.Bytes()
}

// receiveExactly receives n bytes.
func receiveExactly(ctx context.Context, s abc.ReceiveStream, n int) ([]byte, error) {
	got := make([]byte, 0, n)
	for len(got) < n {
		k, err := s.ReceiveSome(ctx, got[len(got):n])
		if err != nil {
			return got, err
		}
		got = got[:len(got)+k]
	}
	return got, nil
}

// exchange sends and receives a few hundred KiB at the same time.
func exchange(t *testing.T, s *tlsstream.Stream, p *process, echoes bool) {
	data := lines(5000)
	errs := make(chan error, 2)
	go func() { errs <- s.SendAll(p.ctx, data) }()
	go func() {
		var err error
		if !echoes {
			_, err = p.stdin.Write(data)
		}
		errs <- err
	}()
	got, err := receiveExactly(p.ctx, s, len(data))
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	if !echoes {
		p.expectData(t, data)
	}
}

func TestPeersExchangeData(t *testing.T) {
	forEachPeer(t, allPeers, func(t *testing.T, peer *program, version uint16) {
		s, p := peer.meet(t, version, nil)
		exchange(t, s, p, peer == gnutlsServ)
		state, err := s.ConnectionState()
		require.NoError(t, err)
		require.Equal(t, version, state.Version)
		require.NoError(t, s.Close(p.ctx))
	})
}

// greet makes sure that nothing is on its way in either direction.
func greet(t *testing.T, peer *program, s *tlsstream.Stream, p *process) {
	data := lines(1)
	require.NoError(t, s.SendAll(p.ctx, data))
	if peer != gnutlsServ {
		p.expectData(t, data)
		p.say(t, data)
	}
	got, err := receiveExactly(p.ctx, s, len(data))
	require.NoError(t, err)
	require.Equal(t, string(data), string(got))
}

func TestPeersEndCleanly(t *testing.T) {
	forEachPeer(t, []*program{sClient, gnutlsCli}, func(t *testing.T, peer *program, version uint16) {
		s, p := peer.meet(t, version, nil)
		greet(t, peer, s, p)
		endInput(t, p)
		_, err := s.ReceiveSome(p.ctx, make([]byte, 1))
		require.Equal(t, io.EOF, err)
		require.NoError(t, s.Close(p.ctx))
	})
	forEachPeer(t, []*program{sServer}, func(t *testing.T, peer *program, version uint16) {
		s, p := peer.meet(t, version, nil, "-www")
		require.NoError(t, s.SendAll(p.ctx, []byte("GET / HTTP/1.0\r\n\r\n")))
		got, err := receiveAll(s)
		require.Equal(t, io.EOF, err)
		require.Contains(t, string(got), "HTTP/1.0 200 ok")
		require.Contains(t, string(got), "</HTML>")
		require.NoError(t, s.Close(p.ctx))
	})
}

// s_server sends no close_notify when it is told to quit.
func TestPeersForgetTheirEnd(t *testing.T) {
	forEachPeer(t, []*program{sServer}, func(t *testing.T, peer *program, version uint16) {
		s, p := peer.meet(t, version, nil)
		greet(t, peer, s, p)
		p.say(t, []byte("Q\n"))
		_, err := s.ReceiveSome(p.ctx, make([]byte, 1))
		requireTruncated(t, err)
	})
}

func TestPeersAreKilled(t *testing.T) {
	forEachPeer(t, allPeers, func(t *testing.T, peer *program, version uint16) {
		s, p := peer.meet(t, version, nil)
		greet(t, peer, s, p)
		require.NoError(t, p.cmd.Process.Kill())
		_, err := s.ReceiveSome(p.ctx, make([]byte, 1))
		requireTruncated(t, err)
		for err = nil; err == nil; {
			err = s.SendAll(p.ctx, lines(100))
		}
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NoError(t, s.Close(p.ctx))
	})
}

func TestPeersTellOurEndFromOurBreak(t *testing.T) {
	forEachPeer(t, []*program{sClient, sServer, gnutlsCli}, func(t *testing.T, peer *program, version uint16) {
		t.Run("graceful", func(t *testing.T) {
			s, p := peer.meet(t, version, nil)
			greet(t, peer, s, p)
			require.NoError(t, s.Close(p.ctx))
			p.expect(t, peer.saysEnd)
			require.NotRegexp(t, peer.saysBreak, p.printed())
		})
		t.Run("forceful", func(t *testing.T) {
			s, p := peer.meet(t, version, nil)
			greet(t, peer, s, p)
			require.NoError(t, closeutil.CloseForcefully(s))
			p.expect(t, peer.saysBreak)
		})
	})
}

// gnutls-cli ends its direction when its input ends, and goes on receiving, with
// TLS 1.2 as well.
func TestPeersHalfClose(t *testing.T) {
	forEachPeer(t, []*program{gnutlsCli}, func(t *testing.T, peer *program, version uint16) {
		s, p := peer.meet(t, version, nil)
		greet(t, peer, s, p)
		endInput(t, p)
		_, err := s.ReceiveSome(p.ctx, make([]byte, 1))
		require.Equal(t, io.EOF, err)
		data := lines(5000)
		require.NoError(t, s.SendAll(p.ctx, data))
		p.expectData(t, data)
		require.NoError(t, s.Close(p.ctx))
		p.exit(t)
		require.True(t, p.cmd.ProcessState.Success())
	})
}

// The other way round: what gnutls-serv sends back arrives after our end.
func TestPeersReceiveOurEOF(t *testing.T) {
	s, p := gnutlsServ.meet(t, tls.VersionTLS13, nil)
	data := lines(5)
	require.NoError(t, s.SendAll(p.ctx, data))
	require.NoError(t, s.SendEOF(p.ctx))
	got, err := receiveExactly(p.ctx, s, len(data))
	require.NoError(t, err)
	require.Equal(t, string(data), string(got))
	_, err = s.ReceiveSome(p.ctx, make([]byte, 1))
	require.Equal(t, io.EOF, err)
}

func TestPeersALPN(t *testing.T) {
	forEachPeer(t, allPeers, func(t *testing.T, peer *program, version uint16) {
		cfg := ourConfig(peer, version)
		cfg.NextProtos = []string{"tributary/2", "tributary/1"}
		s, p := peer.meet(t, version, cfg, peer.alpn, "tributary/1")
		require.NoError(t, s.Handshake(p.ctx))
		state, err := s.ConnectionState()
		require.NoError(t, err)
		require.Equal(t, "tributary/1", state.NegotiatedProtocol)
	})
}
