package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryTransportPasses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a file")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("tributary "), 30_000), 0o600))
	var stdout, stderr strings.Builder
	status := run([]string{file}, &stdout, &stderr, transports())
	require.Zero(t, status, stdout.String())
	require.Empty(t, stderr.String())
	lines := strings.Split(stdout.String(), "\n")
	for i, tr := range transports() {
		row := lines[3+i]
		require.True(t, strings.HasPrefix(row, tr.name+" "), row)
		for _, check := range []string{"300000", "sha256", "graceful", "cancel", "half-close", "forceful"} {
			require.Contains(t, row, check)
		}
		if strings.HasPrefix(tr.name, "TLS") {
			require.Contains(t, row, "truncation refused")
		}
	}
}

func TestOwnSources(t *testing.T) {
	data, name, err := load(nil)
	require.NoError(t, err)
	require.Contains(t, name, "own source files")
	require.Contains(t, string(data[:10_000]), "package main")
}

// A transport that flips one bit is found out, and so is one whose forceful
// close looks like an end.
func TestFaultyTransportsFail(t *testing.T) {
	memory := transports()[0]
	faulty := transport{"faulty", func(ctx context.Context) (abc.Listener, dialer, error) {
		l, dial, err := memory.open(ctx)
		return l, func(ctx context.Context) (abc.Stream, error) {
			s, err := dial(ctx)
			return &flipper{Stream: s}, err
		}, err
	}}
	var stdout, stderr strings.Builder
	status := run(nil, &stdout, &stderr, []transport{faulty, memory})
	require.Equal(t, 1, status)
	require.Contains(t, stdout.String(), "FAILED: sha256: the other side has SHA-256 ")
	require.Contains(t, stdout.String(), "\nmemory ", "the others are visited all the same")
}

type flipper struct {
	abc.Stream
	flipped bool
}

func (f *flipper) SendAll(ctx context.Context, p []byte) error {
	if !f.flipped && len(p) > 100 {
		f.flipped = true
		p = bytes.Clone(p)
		p[50] ^= 1
	}
	return f.Stream.SendAll(ctx, p)
}

func TestBadArguments(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"/nonexistent"}, "tour: open /nonexistent: no such file or directory\n"},
		{[]string{"a", "b"}, "tour: give one FILE or none\n"},
	} {
		t.Run(fmt.Sprint(test.args), func(t *testing.T) {
			var stdout, stderr strings.Builder
			require.Equal(t, 2, run(test.args, &stdout, &stderr, nil))
			require.Equal(t, test.want, stderr.String())
			require.Empty(t, stdout.String())
		})
	}
}
