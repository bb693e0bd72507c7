//go:build unix

package main

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/tlsstream"
)

func TestClientCertificates(t *testing.T) {
	s := newStore(t)
	plain := backend(t, "tcp", nil, echo)
	inner := start(t, "tls://127.0.0.1:0?cert="+s.file("server.pem")+"&ca="+s.file("ca.pem"), plain)
	address := inner.address()
	with := func(params string) *process {
		return start(t, "tcp://127.0.0.1:0", address+"?ca="+s.file("ca.pem")+params)
	}
	outer := with("&cert=" + s.file("client.pem"))
	c := dial(t, outer.address(), nil)
	exchange(t, c, "who is there")
	finish(t, c)
	outer.stop()
	for _, params := range []string{"", "&cert=" + s.file("stranger.pem")} {
		outer := with(params)
		requireBroken(t, dial(t, outer.address(), nil))
		require.NotEmpty(t, inner.logged("no TLS handshake")["error"])
		outer.stop()
	}
	inner.stop()
}

func TestServerIsVerified(t *testing.T) {
	s := newStore(t)
	ca := "?ca=" + s.file("ca.pem")
	to := backend(t, "tls", s.server(), echo)
	for params, ok := range map[string]bool{
		ca: true, ca + "&servername=server.test": true, ca + "&servername=other.test": false,
		"": false, "?verify=off": true, "?ca=" + s.file("stranger.pem"): false,
	} {
		status, stdout, stderr := conclude(t, []byte("x"), "-", to+params)
		if ok {
			require.Zero(t, status, "%s: %s", params, stderr)
			require.Equal(t, "x", stdout)
		} else {
			require.Equal(t, 1, status, params)
			require.Contains(t, stderr, "certificate", params)
		}
	}
}

func TestALPNAndVersions(t *testing.T) {
	s := newStore(t)
	p := start(t, "tls://127.0.0.1:0?alpn=echo,other&min=1.3&cert="+s.file("server.pem"), backend(t, "tcp", nil, echo))
	address := p.address()
	cfg := s.client()
	cfg.NextProtos = []string{"none", "other"}
	c := dial(t, address, cfg)
	state, err := c.(*tlsstream.Stream).ConnectionState()
	require.NoError(t, err)
	require.Equal(t, "other", state.NegotiatedProtocol)
	exchange(t, c, "hello")
	finish(t, c)

	cfg = s.client()
	cfg.MaxVersion = tls.VersionTLS12
	_, err = tryDial(address, cfg)
	require.ErrorIs(t, err, abc.ErrBroken)
	p.stop()
}

// TLS 1.2 cannot end one direction alone. Who ends it has all that came before.
func TestTLS12EndsInGoodOrder(t *testing.T) {
	s := newStore(t)
	p := start(t, "tls://127.0.0.1:0?cert="+s.file("server.pem"), "exec:echo whole")
	cfg := s.client()
	cfg.MaxVersion = tls.VersionTLS12
	c := dial(t, p.address(), cfg)
	require.Equal(t, "whole\n", receiveAll(t, c))
	require.NoError(t, c.Close(bg))
	p.stop()
}

// A peer that says nothing is in nobody's way.
func TestSlowHandshakesHoldNobodyUp(t *testing.T) {
	s := newStore(t)
	p := start(t, "tls://127.0.0.1:0?cert="+s.file("server.pem"), backend(t, "tcp", nil, echo))
	address := p.address()
	for range 50 {
		dial(t, "tcp"+address[len("tls"):], nil)
	}
	c := dial(t, address, s.client())
	exchange(t, c, "past them")
	finish(t, c)
}
