//go:build unix

package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

// greetings hands its connections out, and keeps them until the channel is
// closed.
func greetings(to chan abc.Stream) abc.Handler {
	return func(_ context.Context, s abc.Stream) {
		to <- s
		for range to {
		}
	}
}

// vars asks -stats for the routes.
func vars(t *testing.T, address string) []snapshot {
	t.Helper()
	body, status := get(t, address, "/debug/vars")
	require.Equal(t, http.StatusOK, status)
	var all struct {
		Relay    []snapshot      `json:"relay"`
		MemStats json.RawMessage `json:"memstats"`
	}
	require.NoError(t, json.Unmarshal(body, &all), "%s", body)
	require.NotEmpty(t, all.MemStats)
	return all.Relay
}

func get(t *testing.T, address, path string) (body []byte, status int) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		s, err := tryDial(address, nil)
		if err != nil {
			return nil, err
		}
		return bridge.Conn(s), nil
	}}
	answer, err := (&http.Client{Transport: transport}).Get("http://stats" + path)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	require.NoError(t, err)
	return body, answer.StatusCode
}

// until asks for the counts until they are as they should be: a conversation
// ends here before it ends there.
func until(t *testing.T, address string, ok func(snapshot) bool) snapshot {
	for {
		if s := vars(t, address)[0]; ok(s) {
			return s
		}
	}
}

func TestStatsAreDebugVarsAndNothingElse(t *testing.T) {
	for _, at := range []string{"tcp://127.0.0.1:0", "unix://" + t.TempDir() + "/stats"} {
		to := backend(t, "tcp", nil, echo)
		p := start(t, "-stats", at, "tcp://127.0.0.1:0", to, "mem://x", to, "exec:cat", "mem://x")
		front, stats := p.address(), p.address()
		c := dial(t, front, nil)
		exchange(t, c, "12345")
		// The client may have its bytes before the write of them has returned.
		until(t, stats, func(s snapshot) bool { return s.Sent > 0 })
		s := vars(t, stats)
		require.Len(t, s, 3)
		require.Equal(t, to, s[0].Connect)
		require.EqualValues(t, 1, s[0].Open)
		require.EqualValues(t, 5, s[0].Received) // of one that is open
		require.EqualValues(t, 5, s[0].Sent)
		require.EqualValues(t, 1, s[0].Listener.Active)
		finish(t, c)
		after := until(t, stats, func(s snapshot) bool { return s.Ended == 1 })
		require.Zero(t, after.Open)
		require.Zero(t, after.Failed)
		require.EqualValues(t, 12, after.Received)

		for _, path := range []string{"/", "/debug/pprof/", "/debug/vars/x"} {
			_, status := get(t, stats, path)
			require.Equal(t, http.StatusNotFound, status, path)
		}
	}
}

func TestMaxLetsOthersWait(t *testing.T) {
	accepted := make(chan struct{}, 3)
	to := backend(t, "tcp", nil, func(ctx context.Context, s abc.Stream) {
		accepted <- struct{}{}
		echo(ctx, s)
	})
	p := start(t, "-max", "2", "-stats", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0", to)
	front, stats := p.address(), p.address()
	var open []abc.Stream
	for range 2 {
		c := dial(t, front, nil)
		exchange(t, c, "first")
		open = append(open, c)
	}
	third := dial(t, front, nil)
	require.NoError(t, third.SendAll(bg, []byte("third")))
	exchange(t, open[0], "again")
	require.EqualValues(t, 2, vars(t, stats)[0].Listener.Accepted)
	<-accepted
	<-accepted
	require.Empty(t, accepted)

	finish(t, open[0])
	got := make([]byte, 5)
	_, err := io.ReadFull(bridge.Reader(bg, third), got)
	require.NoError(t, err)
	require.Equal(t, "third", string(got))
	finish(t, third)
	finish(t, open[1])
	p.stop()
}

func TestIdleConversationsAreBroken(t *testing.T) {
	s := newStore(t)
	for _, from := range []string{"tcp://127.0.0.1:0", "tls://127.0.0.1:0?cert=" + s.file("server.pem")} {
		p := start(t, "-idle", "200ms", "-stats", "tcp://127.0.0.1:0", from, backend(t, "tcp", nil, echo))
		front, stats := p.address(), p.address()
		c := dial(t, front, s.client())
		exchange(t, c, "something")
		requireBroken(t, c)
		after := until(t, stats, func(s snapshot) bool { return s.Ended == 1 })
		require.EqualValues(t, 1, after.Failed)
		require.EqualValues(t, 1, after.Idle)
		require.Contains(t, p.logged("conversation ended")["error"], "no byte moved for 200ms")
		p.stop()
	}
}

// What broke on one side must not look complete on the other.
func TestBrokenConnectionsArePassedOnAsBroken(t *testing.T) {
	s := newStore(t)
	for _, from := range []string{"tcp://127.0.0.1:0", "tls://127.0.0.1:0?cert=" + s.file("server.pem")} {
		p := start(t, from, backend(t, "tcp", nil, func(ctx context.Context, s abc.Stream) {
			_, _ = s.ReceiveSome(ctx, make([]byte, 1))
			_ = s.SendAll(ctx, []byte("half of an answer"))
			abort(s)
		}))
		c := dial(t, p.address(), s.client())
		require.NoError(t, c.SendAll(bg, []byte("question")))
		requireBroken(t, c)
		p.stop()
	}
}

func TestNoServerIsSaidAndCounted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	gone := "tcp://" + l.Addr().String()
	require.NoError(t, l.Close())
	p := start(t, "-stats", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0", gone)
	front, stats := p.address(), p.address()
	if c, err := tryDial(front, nil); err == nil { // else it is broken already
		requireBroken(t, c)
		require.NoError(t, c.Close(bg))
	}
	fields := p.logged("conversation ended")
	require.Equal(t, "WARN", fields["level"])
	require.Contains(t, fields["error"], "connection refused")
	require.EqualValues(t, 1, vars(t, stats)[0].NoServer)
	p.stop()

	status, _, stderr := conclude(t, nil, "-", gone)
	require.Equal(t, 1, status)
	require.Regexp(t, "^relay: .*connection refused\n$", stderr)
}

func TestStatusSaysWhetherTheOneConversationBroke(t *testing.T) {
	status, stdout, stderr := conclude(t, []byte("x"), "-", "exec:sh -c 'cat; exit 3'")
	require.Equal(t, 1, status)
	require.Equal(t, "x", stdout)
	require.Regexp(t, "^relay: .*exit status 3\n$", stderr)

	status, _, stderr = conclude(t, nil, "exec:sh -c 'exit 3'", "exec:cat")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "exit status 3")

	resets := backend(t, "tcp", nil, func(ctx context.Context, s abc.Stream) {
		_, _ = s.ReceiveSome(ctx, make([]byte, 1))
		abort(s)
	})
	status, _, stderr = conclude(t, []byte("x"), "-", resets)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "connection broken")

	cmd := exec.Command(binary, "-", "exec:yes") // a reader that goes away
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var errs strings.Builder
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.Error(t, cmd.Wait())
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
	require.Contains(t, errs.String(), "broken pipe")
}

func TestSocketMode(t *testing.T) {
	path := t.TempDir() + "/socket"
	p := start(t, "unix://"+path+"?mode=640", "exec:cat")
	p.address()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	p.stop()
	_, err = os.Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist)
}
