package tlsstream_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/tlsstream"
)

// certificateOptions are the options by which a program shows a certificate.
var certificateOptions = map[*program][2]string{
	sClient:   {"-cert", "-key"},
	gnutlsCli: {"--x509certfile", "--x509keyfile"},
}

// demand makes a server that wants a certificate, a trusted one.
var demand = map[*program][]string{
	sServer:    {"-Verify", "1", "-verify_return_error"},
	gnutlsServ: {"--require-client-cert", "--verify-client-cert"},
}

// outcome returns what the handshake or, after it, a receive fails with. Under
// TLS 1.3 a client learns by receiving that the server refused it. It must not
// send: the server is gone, and that would be the error.
func outcome(s *tlsstream.Stream, p *process) error {
	_, err := s.ReceiveSome(p.ctx, make([]byte, 1))
	return err
}

func requireAlert(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, abc.ErrBroken)
	var alert tls.AlertError
	require.ErrorAs(t, err, &alert)
	t.Log(err)
}

func requireRefused(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, abc.ErrBroken)
	var verification *tls.CertificateVerificationError
	require.ErrorAs(t, err, &verification)
	t.Log(err)
}

// What a program says when it receives an alert.
const receivedAlert = `(SSL alert number|received alert|A TLS fatal alert has been received).*`

func TestPeersShowACertificate(t *testing.T) {
	forEachPeer(t, []*program{sClient, gnutlsCli}, func(t *testing.T, peer *program, version uint16) {
		cfg := selfsigned.Server(version)
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
		cfg.ClientCAs = selfsigned.Client(0).RootCAs
		show := func(cert tls.Certificate) []string {
			certFile, keyFile := files(t, cert)
			return []string{certificateOptions[peer][0], certFile, certificateOptions[peer][1], keyFile}
		}
		t.Run("right", func(t *testing.T) {
			s, p := peer.meet(t, version, cfg, show(trusted())...)
			greet(t, peer, s, p)
			state, err := s.ConnectionState()
			require.NoError(t, err)
			require.True(t, state.PeerCertificates[0].Equal(trusted().Leaf))
		})
		t.Run("wrong", func(t *testing.T) {
			cfg := cfg.Clone()
			cfg.ClientCAs = x509.NewCertPool() // names none: gnutls-cli shows only what is asked for
			s, p := peer.meet(t, version, cfg, show(stranger(t))...)
			requireRefused(t, s.Handshake(p.ctx))
			t.Log(p.expect(t, receivedAlert))
		})
		t.Run("absent", func(t *testing.T) {
			s, p := peer.meet(t, version, cfg)
			err := s.Handshake(p.ctx)
			require.ErrorIs(t, err, abc.ErrBroken)
			t.Log(err, p.expect(t, receivedAlert))
		})
	})
}

func TestPeersWantACertificate(t *testing.T) {
	forEachPeer(t, []*program{sServer, gnutlsServ}, func(t *testing.T, peer *program, version uint16) {
		t.Run("right", func(t *testing.T) {
			cfg := selfsigned.Client(version)
			cfg.Certificates = []tls.Certificate{trusted()}
			s, p := peer.meet(t, version, cfg, demand[peer]...)
			greet(t, peer, s, p)
		})
		t.Run("wrong", func(t *testing.T) {
			cfg, cert := selfsigned.Client(version), stranger(t)
			cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
			s, p := peer.meet(t, version, cfg, demand[peer]...)
			requireAlert(t, outcome(s, p))
		})
		t.Run("absent", func(t *testing.T) {
			s, p := peer.meet(t, version, nil, demand[peer]...)
			requireAlert(t, outcome(s, p))
		})
	})
}

func TestPeersAreRefused(t *testing.T) {
	forEachPeer(t, []*program{sServer, gnutlsServ}, func(t *testing.T, peer *program, version uint16) {
		cfg := selfsigned.Client(version)
		cfg.ServerName = "somebody.else.example"
		s, p := peer.meet(t, version, cfg)
		requireRefused(t, s.Handshake(p.ctx))
		t.Log(p.expect(t, receivedAlert))
	})
}

func TestPeersRefuseUs(t *testing.T) {
	forEachPeer(t, []*program{sClient, gnutlsCli}, func(t *testing.T, peer *program, version uint16) {
		cfg := selfsigned.Server(version)
		cfg.Certificates = []tls.Certificate{stranger(t)}
		s, p := peer.meet(t, version, cfg)
		err := outcome(s, p)
		if peer == sClient && version == tls.VersionTLS13 {
			// It sends the alert in the clear, where crypto/tls expects an
			// encrypted record and does not look.
			require.ErrorIs(t, err, abc.ErrBroken)
			t.Log(err)
			return
		}
		requireAlert(t, err)
	})
}
