package trace_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/abc/trace"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// tshark runs tshark on a capture.
func tshark(t *testing.T, file string, args ...string) string {
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	var problems bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-n", "-r", file,
		"-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}, args...)...)
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, problems.String())
	require.NotContains(t, problems.String(), "appears to", "damaged or cut short")
	return string(out)
}

// suspicious is what Wireshark flags in a capture that is not of a healthy network.
const suspicious = `tcp.analysis.flags || tcp.checksum.status == "Bad" || ip.checksum.status == "Bad" || _ws.malformed || tcp.option.len.invalid`

// follow returns the bytes of both directions of the first n streams.
func follow(t *testing.T, file string, n int) (client, server [][]byte) {
	args := []string{"-q"}
	for i := range n {
		args = append(args, "-z", fmt.Sprintf("follow,tcp,raw,%d", i))
	}
	client, server = make([][]byte, n), make([][]byte, n)
	i := -1
	for text := range strings.Lines(tshark(t, file, args...)) {
		line, fromServer := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "\t")
		if number, ok := strings.CutPrefix(line, "Filter: tcp.stream eq "); ok {
			var err error
			i, err = strconv.Atoi(number)
			require.NoError(t, err)
		}
		data, err := hex.DecodeString(line)
		switch {
		case err != nil || len(data) == 0: // a headline
		case fromServer:
			server[i] = append(server[i], data...)
		default:
			client[i] = append(client[i], data...)
		}
	}
	return client, server
}

// A capture with a stream of each kind, and what went through them.
func TestTshark(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace.pcapng")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	rec := trace.New(&trace.Options{Pcapng: f, Buffer: 64 << 20})
	ctx := t.Context()
	var clients, servers [][]byte
	record := func(client, server []byte) { clients, servers = append(clients, client), append(servers, server) }

	// Memory, with more than the window of an acknowledgement one way.
	a, b := memstream.Pair(nil)
	request, answer := noise(1, 1000), noise(2, 3<<20+1)
	converse(t, rec.Stream("memory", a), b, request, answer)
	record(request, answer)

	// Both ends of a TCP connection, and the TLS on top of them.
	x, y := tcpPair(t)
	s, c := rec.Stream("socket", x), rec.Stream("socket", y)
	plain := rec.Stream("plain", tlsstream.Client(s, selfsigned.Client(0), nil))
	converse(t, plain, tlsstream.Server(c, selfsigned.Server(0), nil), request, answer)
	record(nil, nil)
	record(nil, nil)
	record(request, answer)

	// IPv6.
	a, b = memstream.Pair(nil)
	converse(t, rec.Stream("v6", addressed{a, "[2001:db8::1%eth0]:1234", "[2001:db8::2]:5432"}), b, answer[:99_999], nil)
	record(answer[:99_999], nil)

	// A listener: the peer is the client.
	l := memstream.NewListener(nil)
	serving := rec.Listener("listener", l)
	handled := make(chan error, 1)
	go func() {
		handled <- serving.Serve(ctx, func(ctx context.Context, s abc.Stream) {
			if _, err := abc.Copy(ctx, s, s); err == nil {
				_ = s.Close(ctx)
			}
		})
	}()
	dialled, err := l.Dial(ctx)
	require.NoError(t, err)
	converse(t, dialled, nil, request, request)
	require.NoError(t, serving.Close(ctx))
	require.ErrorIs(t, <-handled, abc.ErrClosed)
	record(request, request)

	// Troubles.
	a, b = memstream.Pair(nil)
	s = rec.Stream("cancelled", a)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.ReceiveSome(cancelled, make([]byte, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.SendAll(ctx, []byte("before")))
	require.NoError(t, closeutil.CloseForcefully(s))
	require.NoError(t, b.Close(ctx))
	record([]byte("before"), nil)

	a, b = memstream.Pair(nil)
	s = rec.Stream("broken", fault.FailReceiveAfter(a, 4, syscall.ECONNRESET))
	require.NoError(t, b.SendAll(ctx, []byte("half of it")))
	require.Equal(t, "half", receive(t, s, 10))
	_, err = s.ReceiveSome(ctx, make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.NoError(t, s.SendAll(ctx, []byte("too late")))
	require.NoError(t, s.Close(ctx))
	require.NoError(t, b.Close(ctx))
	record([]byte("too late"), []byte("half"))

	require.NoError(t, rec.Close(ctx))
	require.Zero(t, rec.Dropped())

	found := map[string]bool{}
	for line := range strings.Lines(tshark(t, file, "-Y", "tcp", "-T", "fields", "-e", "tcp.stream")) {
		found[strings.TrimSpace(line)] = true
	}
	require.Len(t, found, len(clients))
	require.Empty(t, tshark(t, file, "-Y", suspicious))
	require.Empty(t, tshark(t, file, "-Y", "tcp.analysis.bytes_in_flight > 1200000"), "acknowledged now and then")
	gotClients, gotServers := follow(t, file, len(clients))
	for i := range clients {
		if clients[i] != nil || servers[i] != nil { // nil are the encrypted ones
			require.True(t, bytes.Equal(clients[i], gotClients[i]), "stream %d: %d bytes of the client", i, len(gotClients[i]))
			require.True(t, bytes.Equal(servers[i], gotServers[i]), "stream %d: %d bytes of the server", i, len(gotServers[i]))
		}
	}
	comments := tshark(t, file, "-T", "fields", "-e", "frame.interface_name", "-e", "tcp.flags.str", "-e", "frame.comment", "-Y", "frame.comment")
	require.Contains(t, comments, "cancelled\t\tReceiveSome: trace: receive: context canceled")
	require.Contains(t, comments, "cancelled\t·······A·R··\tClose: forceful")
	require.Contains(t, comments, "connection reset by peer")
}

// noise returns n bytes that repeat nowhere.
func noise(seed uint64, n int) []byte {
	p := make([]byte, n)
	chacha := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = chacha.Read(p)
	return p
}

// converse sends the request from a, receives it at b, if there is one, and
// answers, and closes both.
func converse(t *testing.T, a, b abc.Stream, request, answer []byte) {
	ctx := t.Context()
	served := make(chan string, 1)
	go func() {
		if b == nil {
			served <- ""
			return
		}
		got, err := receiveAll(ctx, b)
		if err == nil {
			err = b.SendAll(ctx, answer)
		}
		if err == nil {
			err = b.Close(ctx)
		}
		if err != nil {
			got = []byte(err.Error())
		}
		served <- string(got)
	}()
	require.NoError(t, a.SendAll(ctx, request))
	require.NoError(t, a.SendEOF(ctx))
	got, err := receiveAll(ctx, a)
	require.NoError(t, err)
	require.True(t, bytes.Equal(answer, got), "%d bytes", len(got))
	require.NoError(t, a.Close(ctx))
	if got := <-served; b != nil {
		require.True(t, string(request) == got, "%.100q", got)
	}
}

func receiveAll(ctx context.Context, r abc.ReceiveStream) (all []byte, err error) {
	for chunk, err := range abc.Chunks(ctx, r, make([]byte, 64<<10)) {
		if err != nil {
			return all, err
		}
		all = append(all, chunk...)
	}
	return all, nil
}

func receive(t *testing.T, r abc.ReceiveStream, size int) string {
	p := make([]byte, size)
	n, err := r.ReceiveSome(t.Context(), p)
	require.NoError(t, err)
	return string(p[:n])
}

// addressed is a stream that says that it has these addresses.
type addressed struct {
	abc.Stream
	local, remote address
}

func (a addressed) LocalAddr() net.Addr  { return a.local }
func (a addressed) RemoteAddr() net.Addr { return a.remote }

type address string

func (address) Network() string  { return "test" }
func (a address) String() string { return string(a) }
