package interop

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// protocols is what runs over each of the transports.
var protocols = []struct {
	name string
	does string
	run  func(t *testing.T, n network)
}{
	{"net/http, HTTP/1.1", "keep-alive; a response and a request cancelled midway; `Shutdown`", testHTTP1},
	{"net/http, HTTP/2", "one connection for all requests; the same", testHTTP2},
	{"net/http/httptest", "a `Server` on our listener", testHTTPTest},
	{"net/http/httptest, TLS", "`crypto/tls` and HTTP/2 by ALPN on our conn", testHTTPTestTLS},
	{"gRPC", "unary and server streaming, each cancelled midway; `GracefulStop`", testGRPC},
	{"x/crypto/ssh", "commands whose stdin or stdout ends first, over several windows", testSSH},
	{"yamux", "20 streams at a time, each half-closed by its client", testYamux},
	{"coder/websocket", "messages up to 1 MiB; a closing handshake; a read cancelled", testWebSocket},
	{"go-redis, miniredis", "pipelining; a blocking command; pub/sub with a time-out between", testRedis},
	{"pgx, pgproto3", "a query cancelled by deadline, and one by a cancel request", testPgx},
	{"net/rpc", "50 calls at a time; a call that hangs, ended by `Close`", testRPC},
	{"net/smtp", "STARTTLS of `crypto/tls` on our conn; a mail", testSMTP},
}

func TestInterop(t *testing.T) {
	for _, p := range protocols {
		t.Run(strings.ReplaceAll(p.name, "/", " "), func(t *testing.T) {
			for _, tr := range transports {
				t.Run(tr.name, func(t *testing.T) {
					t.Parallel() // most wait
					p.run(t, tr.network(t))
				})
			}
		})
	}
}

var update = flag.Bool("update", false, "write the tables of the README anew")

// The README has one row for each protocol and one column for each transport.
// A cell is what TestInterop runs, and in the last row TestConn: where one does
// not pass, that fails.
func TestREADME(t *testing.T) {
	var b strings.Builder
	row := func(first string, cell func(transport) string, last string) {
		fmt.Fprintf(&b, "| %s |", first)
		for _, tr := range transports {
			fmt.Fprintf(&b, " %s |", cell(tr))
		}
		fmt.Fprintf(&b, " %s |\n", last)
	}
	row("protocol", func(tr transport) string { return tr.name }, "what it does")
	row("---", func(transport) string { return "---" }, "---")
	for _, p := range protocols {
		row(p.name, func(transport) string { return "passes" }, p.does)
	}
	row("x/net/nettest", func(transport) string { return fmt.Sprintf("%d of %[1]d", nettestSubtests) }, "`TestConn`, all of its subtests")
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	const begin, end = "<!-- table -->\n", "<!-- end of table -->\n"
	before, rest, ok := strings.Cut(string(readme), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := before + begin + b.String() + end + after
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(readme), "run: go test -run TestREADME -update")
}
