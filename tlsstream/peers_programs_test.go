package tlsstream_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A program is a TLS implementation in one of the two roles.
type program struct {
	name     string
	isServer bool

	// run starts it. A server listens on address's port, or one of its own, and
	// returns its address. A client connects to address. It has a trusted
	// certificate to show if it is a server, and trusts ours.
	run func(t *testing.T, version uint16, address string, args ...string) (p *process, listening string)

	alpn      string // the option that offers a protocol
	saysEnd   string // when we close gracefully
	saysBreak string // when we close forcefully, at least with TLS 1.3
}

var opensslVersion = map[uint16]string{tls.VersionTLS12: "-tls1_2", tls.VersionTLS13: "-tls1_3"}

func endInput(t *testing.T, p *process) { require.NoError(t, p.stdin.Close()) }

var sClient = &program{
	name: "s_client", alpn: "-alpn",
	saysEnd: `closed`, saysBreak: `unexpected eof while reading`,
	run: func(t *testing.T, version uint16, address string, args ...string) (*process, string) {
		certFile, _ := files(t, trusted())
		return start(t, "openssl", "openssl", append([]string{"s_client", "-connect", address, opensslVersion[version],
			"-CAfile", certFile, "-verify_return_error", "-verify_hostname", selfsigned.ServerName}, args...)...), ""
	},
}

var sServer = &program{
	name: "s_server", isServer: true, alpn: "-alpn",
	saysEnd: `DONE`, saysBreak: `unexpected eof while reading`,
	run: func(t *testing.T, version uint16, _ string, args ...string) (*process, string) {
		certFile, keyFile := files(t, trusted())
		p := start(t, "openssl", "openssl", append([]string{"s_server", "-accept", "127.0.0.1:0", opensslVersion[version],
			"-cert", certFile, "-key", keyFile, "-CAfile", certFile}, args...)...)
		return p, p.expect(t, `ACCEPT (127\.0\.0\.1:\d+)`)[1]
	},
}

var gnutlsVersion = map[uint16]string{
	tls.VersionTLS12: "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2",
	tls.VersionTLS13: "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3",
}

var gnutlsCli = &program{
	name: "gnutls-cli", alpn: "--alpn",
	saysEnd: `Peer has closed the GnuTLS connection`, saysBreak: `The TLS connection was non-properly terminated`,
	run: func(t *testing.T, version uint16, address string, args ...string) (*process, string) {
		certFile, _ := files(t, trusted())
		host, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		return start(t, "gnutls-bin", "gnutls-cli", append([]string{gnutlsVersion[version], "--x509cafile", certFile,
			"--verify-hostname", selfsigned.ServerName, "--port", port, host}, args...)...), ""
	},
}

// It sends back what it receives.
var gnutlsServ = &program{
	name: "gnutls-serv", isServer: true, alpn: "--alpn",
	run: func(t *testing.T, version uint16, _ string, args ...string) (*process, string) {
		certFile, keyFile := files(t, trusted())
		for {
			port := freePort(t)
			p := start(t, "gnutls-bin", "gnutls-serv", append([]string{gnutlsVersion[version], "--echo", "--port", port,
				"--x509certfile", certFile, "--x509keyfile", keyFile, "--x509cafile", certFile}, args...)...)
			if p.expect(t, `(bind\(\) failed|listening on IPv4 .*done)`)[1] != "bind() failed" {
				return p, "127.0.0.1:" + port
			}
		}
	},
}

// forEachPeer runs f with each program and version.
func forEachPeer(t *testing.T, programs []*program, f func(t *testing.T, peer *program, version uint16)) {
	for _, peer := range programs {
		t.Run(peer.name, func(t *testing.T) {
			forEachVersion(t, func(t *testing.T, version uint16) { f(t, peer, version) })
		})
	}
}

// ourConfig returns what we talk to the peer with.
func ourConfig(peer *program, version uint16) *tls.Config {
	if peer.isServer {
		return selfsigned.Client(version)
	}
	return selfsigned.Server(version)
}

// meet starts the program and returns our side of a connection to it. cfg is
// for our role; nil is what the peer trusts and is trusted with.
func (peer *program) meet(t *testing.T, version uint16, cfg *tls.Config, args ...string) (*tlsstream.Stream, *process) {
	if cfg == nil {
		cfg = ourConfig(peer, version)
	}
	if peer.isServer {
		p, address := peer.run(t, version, "", args...)
		return dialPeer(t, p, address, cfg), p
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	p, _ := peer.run(t, version, l.Addr().String(), args...)
	return acceptPeer(t, p, l, cfg), p
}

func acceptPeer(t *testing.T, p *process, l net.Listener, cfg *tls.Config) *tlsstream.Stream {
	deadline, _ := p.ctx.Deadline()
	require.NoError(t, l.(*net.TCPListener).SetDeadline(deadline))
	conn, err := l.Accept()
	require.NoError(t, err)
	return closed(t, tlsstream.Server(socketstream.New(conn), cfg, nil))
}

func dialPeer(t *testing.T, p *process, address string, cfg *tls.Config) *tlsstream.Stream {
	transport, err := socketstream.Dial(p.ctx, "tcp", address, nil)
	require.NoError(t, err)
	return closed(t, tlsstream.Client(transport, cfg, nil))
}

// closed has s closed forcefully after the test.
func closed(t *testing.T, s *tlsstream.Stream) *tlsstream.Stream {
	t.Cleanup(func() { closeutil.CloseForcefully(s) })
	return s
}
