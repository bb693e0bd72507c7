package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

func build(t *testing.T) string {
	binary := filepath.Join(t.TempDir(), "chat.exe") // Windows wants that, nobody else minds
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

// pemFiles writes a certificate that expires then, and its key.
func pemFiles(t *testing.T, expires time.Time) (cert, key string) {
	pair := selfsigned.Server(0).Certificates[0]
	der := pair.Certificate[0]
	if !expires.IsZero() {
		private := pair.PrivateKey.(*ecdsa.PrivateKey)
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: expires}
		var err error
		der, err = x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
		require.NoError(t, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	return write("chat.pem", "CERTIFICATE", der), write("chat.key", "PRIVATE KEY", private)
}

func TestProgram(t *testing.T) {
	binary := build(t)
	t.Run("three transports, one room", func(t *testing.T) { testServes(t, binary) })
	t.Run("bad input", func(t *testing.T) { testBadInput(t, binary) })
	t.Run("help", func(t *testing.T) { testHelp(t, binary) })
}

func testServes(t *testing.T, binary string) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM")
	}
	cert, key := pemFiles(t, time.Time{})
	path := filepath.Join(t.TempDir(), "chat.sock")
	cmd := exec.Command(binary, "-tcp", "127.0.0.1:0", "-tls", "127.0.0.1:0", "-cert", cert, "-key", key, "-unix", path)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	log := bufio.NewReader(stderr)
	line, err := log.ReadString('\n')
	require.NoError(t, err)
	where := regexp.MustCompile(`^chat: listening for TCP at (\S+), TLS at (\S+), Unix at (\S+)\n$`).FindStringSubmatch(line)
	require.NotNil(t, where, line)

	dial := func(network, address string) abc.Stream {
		s, err := socketstream.Dial(t.Context(), network, address, nil)
		require.NoError(t, err)
		return s
	}
	ann := connect(t, dial("tcp", where[1]), "ann")
	ann.hears(hello("ann", "ann"))
	bob := connect(t, tlsstream.Client(dial("tcp", where[2]), selfsigned.Client(tls.VersionTLS13), nil), "bob")
	bob.hears(hello("bob", "ann, bob"))
	cyd := connect(t, dial("unix", where[3]), "cyd")
	cyd.hears(hello("cyd", "ann, bob, cyd"))
	ann.hears("* bob is here.", "* cyd is here.")
	bob.hears("* cyd is here.")
	cyd.says("hello")
	ann.hears("cyd: hello")
	bob.hears("cyd: hello")

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	for _, c := range []*client{ann, bob, cyd} {
		c.hears("* The room is closing. Good bye.")
		c.hearsNothingMore()
		require.NoError(t, c.Close(context.Background()))
	}
	rest, err := io.ReadAll(log)
	require.NoError(t, err)
	require.Empty(t, string(rest))
	require.NoError(t, cmd.Wait())
	require.NoFileExists(t, path)
}

func testBadInput(t *testing.T, binary string) {
	cert, key := pemFiles(t, time.Time{})
	expired, expiredKey := pemFiles(t, time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC))
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	for _, c := range []struct {
		args string
		says string
	}{
		{"", "nowhere to listen"},
		{"-port 1", "-port"},
		{"-tcp :0 now", `"now"`},
		{"-tcp " + busy.Addr().String(), "address already in use"},
		{"-tcp nonsense", "nonsense"},
		{"-tcp 127.0.0.1:0 -unix " + filepath.Join(t.TempDir(), "no", "such", "folder"), "no such file"},
		{"-tls 127.0.0.1:0", "-cert"},
		{"-tls 127.0.0.1:0 -cert /no/such.pem -key " + key, "/no/such.pem"},
		{"-tls 127.0.0.1:0 -cert " + key + " -key " + cert, key},
		{"-tls 127.0.0.1:0 -cert " + expired + " -key " + expiredKey, "2020-01-02"},
		{"-grace soon", "soon"},
	} {
		out, err := exec.Command(binary, strings.Fields(c.args)...).CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, c.args)
		require.Equal(t, 2, exit.ExitCode(), c.args)
		require.Regexp(t, `^chat: [^\n]+\n$`, string(out), c.args)
		require.Contains(t, string(out), c.says)
		t.Logf("%s", out)
	}
}

func testHelp(t *testing.T, binary string) {
	out, err := exec.Command(binary, "--help").Output()
	require.NoError(t, err)
	for _, word := range []string{"-tcp", "-tls", "-cert", "-key", "-unix", "-grace", "SIGTERM", "nc localhost"} {
		require.Contains(t, string(out), word)
	}
}
