//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A server answers only when it has seen the end of the request, so each of
// these half-closes.
func TestEachPairOfSchemes(t *testing.T) {
	s := newStore(t)
	connects := map[string]func() string{
		"tcp":  func() string { return backend(t, "tcp", nil, answer) },
		"unix": func() string { return backend(t, "unix", nil, answer) },
		"tls":  func() string { return backend(t, "tls", s.server(), answer) + "?ca=" + s.file("ca.pem") },
		"exec": func() string { return "exec:cat" },
	}
	listens := map[string]string{
		"tcp":  "tcp://127.0.0.1:0",
		"unix": "unix://" + filepath.Join(t.TempDir(), "front"),
		"tls":  "tls://127.0.0.1:0?cert=" + s.file("server.crt") + "&key=" + s.file("server.key"),
	}
	for connect, to := range connects {
		for listen, from := range listens {
			ways := [][]string{nil}
			if connect == listen || connect == "exec" {
				ways = append(ways, []string{"mem://between", "mem://between"})
			}
			for _, by := range ways {
				t.Run(fmt.Sprintf("%s to %s by %d", listen, connect, len(by)), func(t *testing.T) {
					p := start(t, append(append([]string{from}, by...), to())...)
					address := p.address()
					got, err := ask(dial(t, address, s.client()), request)
					require.NoError(t, err)
					require.True(t, string(request) == string(got), "%d of %d bytes", len(got), len(request))
					p.stop()
				})
			}
		}
		t.Run("- to "+connect, func(t *testing.T) {
			status, stdout, stderr := conclude(t, request, "-", to())
			require.Zero(t, status, stderr)
			require.Empty(t, stderr)
			require.True(t, string(request) == stdout)
		})
		t.Run("exec to "+connect, func(t *testing.T) {
			sent, got := filepath.Join(t.TempDir(), "sent"), filepath.Join(t.TempDir(), "got")
			require.NoError(t, os.WriteFile(sent, request, 0o600))
			client := fmt.Sprintf("exec:sh -c 'cat %s & exec >&-; cat >%s'", sent, got)
			status, stdout, stderr := conclude(t, nil, client, to())
			require.Zero(t, status, stderr)
			require.Empty(t, stdout+stderr)
			answer, err := os.ReadFile(got)
			require.NoError(t, err)
			require.True(t, string(request) == string(answer))
		})
	}
	for listen, from := range listens {
		t.Run(listen+" to -", func(t *testing.T) {
			cmd := exec.Command(binary, "-log", "json", from, "-")
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			p := startCommand(t, cmd)
			c := dial(t, p.address(), s.client())
			require.NoError(t, c.SendAll(bg, []byte("request")))
			require.NoError(t, c.SendEOF(bg))
			got, err := io.ReadAll(out)
			require.NoError(t, err)
			require.Equal(t, "request", string(got))
			_, err = io.WriteString(in, "answer")
			require.NoError(t, err)
			require.NoError(t, in.Close())
			require.Equal(t, "answer", receiveAll(t, c))
			status, rest := p.exit() // by itself
			require.Zero(t, status, rest)
			require.Empty(t, rest)
		})
	}
}
