package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/internal/selfsigned"
)

// A process is a TLS peer that somebody else wrote. Whatever waits for it has a
// bound, after which it is killed.
type process struct {
	ctx   context.Context
	cmd   *exec.Cmd
	stdin io.WriteCloser

	mu             sync.Mutex
	stdout, stderr []byte
	changed        chan struct{} // closed when there is more of them, or the end
	ended          bool
	exited         chan struct{}
}

const peerBound = time.Minute // far more than any test needs

// start runs a program of a Debian package. Without it the test is skipped.
func start(t *testing.T, debian, program string, args ...string) *process {
	path := lookPath(t, debian, program)
	stdbuf := lookPath(t, "coreutils", "stdbuf") // s_server keeps some of what it says in a buffer
	args = append([]string{"-oL", path}, args...)
	ctx, cancel := context.WithTimeout(bg, peerBound)
	p := &process{ctx: ctx, cmd: exec.CommandContext(ctx, stdbuf, args...), changed: make(chan struct{}), exited: make(chan struct{})}
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	p.cmd.Stdout, p.cmd.Stderr = output{p, &p.stdout}, output{p, &p.stderr}
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		p.mu.Lock()
		p.ended = true
		close(p.changed)
		p.mu.Unlock()
		close(p.exited)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.exited
		if t.Failed() {
			t.Logf("%v\n%.3000s\n%.3000s", p.cmd.Args, p.stdout, p.stderr)
		}
	})
	return p
}

func lookPath(t *testing.T, debian, program string) string {
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed; it is in the Debian package %s", program, debian)
	}
	return path
}

type output struct {
	process *process
	buf     *[]byte
}

func (o output) Write(b []byte) (int, error) {
	o.process.mu.Lock()
	defer o.process.mu.Unlock()
	*o.buf = append(*o.buf, b...)
	close(o.process.changed)
	o.process.changed = make(chan struct{})
	return len(b), nil
}

// printed returns all that was printed until now.
func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.stdout) + string(p.stderr)
}

// await waits until found says that it was printed, or the process ends.
func (p *process) await(t *testing.T, what string, found func(stdout, stderr []byte) bool) {
	t.Helper()
	for {
		p.mu.Lock()
		ok, ended, changed := found(p.stdout, p.stderr), p.ended, p.changed
		p.mu.Unlock()
		switch {
		case ok:
			return
		case ended:
			require.Fail(t, "the peer ended without saying", what)
		}
		<-changed
	}
}

// expect waits until the peer says what the expression matches.
func (p *process) expect(t *testing.T, expression string) (submatches []string) {
	t.Helper()
	re := regexp.MustCompile(expression)
	p.await(t, expression, func(stdout, stderr []byte) bool {
		for _, b := range [][]byte{stdout, stderr} {
			if submatches = nil; re.Match(b) {
				for _, m := range re.FindSubmatch(b) {
					submatches = append(submatches, string(m))
				}
				return true
			}
		}
		return false
	})
	return submatches
}

// interjections are what s_client and s_server print among the data.
var interjections = regexp.MustCompile(`read R BLOCK\n|Read BLOCK\n|SSL_do_handshake -> 1\n`)

// expectData waits until the peer printed data.
func (p *process) expectData(t *testing.T, data []byte) {
	t.Helper()
	p.await(t, "the data", func(stdout, _ []byte) bool {
		return len(stdout) >= len(data) && bytes.Contains(interjections.ReplaceAll(stdout, nil), data)
	})
}

func (p *process) say(t *testing.T, data []byte) {
	t.Helper()
	_, err := p.stdin.Write(data)
	require.NoError(t, err)
}

func (p *process) exit(t *testing.T) {
	t.Helper()
	<-p.exited
	require.NoError(t, p.ctx.Err(), "it ended by itself")
}

// files writes a certificate and its key, for a peer.
func files(t *testing.T, cert tls.Certificate) (certFile, keyFile string) {
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	write := func(name, typ string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600))
		return path
	}
	return write("cert.pem", "CERTIFICATE", cert.Certificate[0]), write("key.pem", "PRIVATE KEY", key)
}

func trusted() tls.Certificate { return selfsigned.Server(0).Certificates[0] }

// stranger returns a certificate that nobody trusts, otherwise the same.
func stranger(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "a stranger"},
		DNSNames:     trusted().Leaf.DNSNames,
		NotBefore:    trusted().Leaf.NotBefore,
		NotAfter:     trusted().Leaf.NotAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}
