package tlsstream_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/tlsstream"
)

// openssl changes its keys, and asks us to change ours, while we send.
func TestPeersChangeKeys(t *testing.T) {
	for peer, done := range map[*program][]byte{sClient: []byte("KEYUPDATE"), sServer: []byte("SSL_do_handshake -> 1")} {
		t.Run(peer.name, func(t *testing.T) {
			messages := filepath.Join(t.TempDir(), "messages")
			s, p := peer.meet(t, tls.VersionTLS13, nil, "-msg", "-msgfile", messages)
			greet(t, peer, s, p)
			const changes = 10
			data := lines(5000)
			sent := make(chan error, 1)
			go func() { sent <- s.SendAll(p.ctx, bytes.Repeat(data, 2)) }()
			line := lines(1)
			for i := range changes {
				p.say(t, []byte{"Kk"[i%2], '\n'})
				p.await(t, string(done), func(stdout, stderr []byte) bool {
					return bytes.Count(stdout, done)+bytes.Count(stderr, done) > i
				})
				p.say(t, line)
				got, err := receiveExactly(p.ctx, s, len(line))
				require.NoError(t, err)
				require.Equal(t, string(line), string(got))
			}
			require.NoError(t, <-sent)
			p.expectData(t, data)
			// The last answer has left when what is sent later has arrived.
			require.NoError(t, s.SendAll(p.ctx, []byte("the end")))
			p.expectData(t, []byte("the end"))
			require.NoError(t, s.Close(p.ctx))
			if peer.isServer { // it would wait for another client
				p.expect(t, peer.saysEnd)
				require.NoError(t, p.cmd.Process.Kill())
			}
			p.exit(t)
			log, err := os.ReadFile(messages)
			require.NoError(t, err)
			require.Equal(t, changes/2, strings.Count(string(log), "<<< TLS 1.3, Handshake [length 0005], KeyUpdate"))
		})
	}
}

func didResume(t *testing.T, s *tlsstream.Stream) bool {
	state, err := s.ConnectionState()
	require.NoError(t, err)
	return state.DidResume
}

func TestPeersResumeTheirSession(t *testing.T) {
	t.Run("s_client", func(t *testing.T) {
		forEachVersion(t, func(t *testing.T, version uint16) {
			cfg, session := selfsigned.Server(version), filepath.Join(t.TempDir(), "session")
			for i, option := range []string{"-sess_out", "-sess_in"} {
				s, p := sClient.meet(t, version, cfg, option, session)
				greet(t, sClient, s, p)
				require.Equal(t, i == 1, didResume(t, s))
				endInput(t, p)
				p.exit(t)
			}
		})
	})
	// These connect again by themselves.
	for peer, option := range map[*program]string{sClient: "-reconnect", gnutlsCli: "--resume"} {
		t.Run(peer.name+" "+option, func(t *testing.T) {
			forEachVersion(t, func(t *testing.T, version uint16) {
				args := []string{option}
				switch {
				case peer == sClient && version == tls.VersionTLS13:
					t.Skip("s_client -reconnect does not wait for the ticket of TLS 1.3")
				case peer == gnutlsCli && version == tls.VersionTLS13:
					args = append(args, "--waitresumption")
				}
				l, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				defer l.Close()
				cfg := selfsigned.Server(version)
				p, _ := peer.run(t, version, l.Addr().String(), args...)
				for i := range 2 {
					s := acceptPeer(t, p, l, cfg)
					require.NoError(t, s.Handshake(p.ctx))
					require.Equal(t, i == 1, didResume(t, s))
					if i == 0 {
						_, err := s.ReceiveSome(p.ctx, make([]byte, 1))
						require.Error(t, err)
						require.NoError(t, s.Close(p.ctx))
					}
				}
			})
		})
	}
}

func TestPeersResumeOurSession(t *testing.T) {
	forEachPeer(t, []*program{sServer, gnutlsServ}, func(t *testing.T, peer *program, version uint16) {
		cfg := selfsigned.Client(version)
		cfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		p, address := peer.run(t, version, "")
		for i := range 2 {
			s := dialPeer(t, p, address, cfg)
			greet(t, peer, s, p)
			require.Equal(t, i == 1, didResume(t, s))
			require.NoError(t, s.Close(p.ctx))
		}
	})
}
