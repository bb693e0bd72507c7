//go:build unix

package main

import (
	"io"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
)

func TestDrainLetsConversationsEndAndAcceptsNoMore(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, "tcp://127.0.0.1:0", backend(t, "tcp", nil, echo))
		address := p.address()
		c := dial(t, address, nil)
		exchange(t, c, "before")
		p.signal(s)
		require.EqualValues(t, 1, p.logged("draining")["open"])
		untilRefused(t, address)
		exchange(t, c, "after")
		finish(t, c)
		status, rest := p.exit()
		require.Zero(t, status, rest)
		require.Empty(t, rest)
	}
}

// untilRefused dials until the listener is closed, which comes right behind the
// log line.
func untilRefused(t *testing.T, address string) {
	for {
		s, err := tryDial(address, nil)
		if err != nil {
			return
		}
		require.NoError(t, s.Close(bg))
	}
}

func TestSecondSignalCutsOff(t *testing.T) {
	p := start(t, "-grace", "1h", "tcp://127.0.0.1:0", backend(t, "tcp", nil, echo))
	c := dial(t, p.address(), nil)
	exchange(t, c, "before")
	p.signal(syscall.SIGTERM)
	p.logged("draining")
	p.signal(syscall.SIGTERM)
	requireBroken(t, c)
	status, rest := p.exit()
	require.Equal(t, 1, status)
	require.Contains(t, rest, "relay: conversations were cut off: 1 of them\n")
}

func TestGraceCutsOff(t *testing.T) {
	p := start(t, "-grace", "1ms", "tcp://127.0.0.1:0", backend(t, "tcp", nil, echo))
	c := dial(t, p.address(), nil)
	exchange(t, c, "before")
	p.signal(syscall.SIGTERM)
	requireBroken(t, c)
	status, rest := p.exit()
	require.Equal(t, 1, status, rest)
}

// Who started the program is who would have to be waited for.
func TestSignalEndsTheConversationOfStandardInputAtOnce(t *testing.T) {
	greeted := make(chan abc.Stream, 1)
	defer close(greeted)
	to := backend(t, "tcp", nil, greetings(greeted))
	cmd := exec.Command(binary, "-log", "json", "-", to)
	in, err := cmd.StdinPipe() // stays open
	require.NoError(t, err)
	p := startCommand(t, cmd)
	_, err = io.WriteString(in, "x")
	require.NoError(t, err)
	server := <-greeted
	_, err = server.ReceiveSome(bg, make([]byte, 1))
	require.NoError(t, err)
	p.signal(syscall.SIGINT)
	requireBroken(t, server)
	status, rest := p.exit()
	require.Equal(t, 1, status)
	require.Contains(t, rest, "cut off")
}

// requireBroken receives until the end, which must not look like a good one.
func requireBroken(t *testing.T, s abc.Stream) {
	t.Helper()
	for {
		if _, err := s.ReceiveSome(bg, make([]byte, 100)); err != nil {
			require.ErrorIs(t, err, abc.ErrBroken)
			return
		}
	}
}
