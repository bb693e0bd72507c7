package pipestream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/pipestream"
)

func TestProcessEchoes(t *testing.T) {
	overEachPipe(t, "echo", "", func(t *testing.T, p *pipestream.Process) {
		want := make([]byte, 256<<10)
		for i := range want {
			want[i] = byte(i % 251)
		}
		var wg sync.WaitGroup
		var sent error
		wg.Go(func() { sent = errors.Join(p.SendAll(bg, want), p.SendEOF(bg)) })
		got, err := io.ReadAll(bridge.Reader(bg, p))
		wg.Wait()
		require.NoError(t, err)
		require.NoError(t, sent)
		require.True(t, bytes.Equal(want, got))
		require.NoError(t, p.SendEOF(bg), "it is idempotent")
		require.ErrorIs(t, p.SendAll(bg, want), abc.ErrClosed)
		require.NoError(t, p.Wait(bg))
		require.True(t, p.Cmd().ProcessState.Success())
		require.NoError(t, p.Close(bg))
	})
}

func TestProcessInteractively(t *testing.T) {
	overEachPipe(t, "echo", "", func(t *testing.T, p *pipestream.Process) {
		require.NoError(t, p.SendAll(bg, []byte("hello\n")))
		require.Equal(t, "hello", line(t, p))

		ctx, cancel := context.WithCancel(bg)
		go cancel()
		_, err := p.ReceiveSome(ctx, make([]byte, 10))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, p.Wait(ctx), context.Canceled)

		require.NoError(t, p.SendAll(bg, []byte("good")))
		require.NoError(t, p.SendAll(bg, []byte("bye\n")))
		require.Equal(t, "goodbye", line(t, p))
		require.NoError(t, p.Close(bg))
		require.NoError(t, p.Wait(bg))
	})
}

func TestProcessExitStatusIsTheError(t *testing.T) {
	overEachPipe(t, "exit", "3", func(t *testing.T, p *pipestream.Process) {
		for range 2 {
			requireExit(t, p.Wait(bg), 3, "pipestream: wait: exit status 3")
		}
		_, err := p.ReceiveSome(bg, make([]byte, 1))
		require.Equal(t, io.EOF, err)
		requireExit(t, p.Close(bg), 3, "pipestream: close: exit status 3")
		require.NoError(t, p.Close(bg))
		requireExit(t, p.Wait(bg), 3, "pipestream: wait: exit status 3")
	})
}

func requireExit(t *testing.T, err error, status int, text string) {
	t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, status, exit.ExitCode())
	require.ErrorIs(t, err, abc.ErrBroken)
	require.NotErrorIs(t, err, abc.ErrClosed)
	require.EqualError(t, err, text)
}

func TestForcefulCloseReportsHowAChildHadFailed(t *testing.T) {
	overEachPipe(t, "exit", "3", func(t *testing.T, p *pipestream.Process) {
		require.Error(t, p.Wait(bg))
		requireExit(t, closeutil.CloseForcefully(p), 3, "pipestream: close: exit status 3")
	})
}

func TestSendToAChildThatHasExited(t *testing.T) {
	overEachPipe(t, "exit", "0", func(t *testing.T, p *pipestream.Process) {
		require.NoError(t, p.Wait(bg))
		err := p.SendAll(bg, []byte("anybody?"))
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NoError(t, p.Close(bg))
		require.ErrorIs(t, p.SendAll(bg, []byte("x")), abc.ErrClosed)
	})
}

func TestChildExitsWhileASendIsBlocked(t *testing.T) {
	overEachPipe(t, "exit", "0", func(t *testing.T, p *pipestream.Process) {
		const size = 4 << 20 // more than a pipe takes
		err := p.SendAll(bg, make([]byte, size))
		require.ErrorIs(t, err, abc.ErrBroken)
		require.Less(t, abc.Sent(err), size)
		require.NoError(t, p.Close(bg), "what it does not read is its business")
	})
}

// The child does not get as far as to notice that its input has ended before
// somebody receives its output (AnyIO's issue 1166).
func TestCloseOfAChildThatIsBlockedOnAFullPipe(t *testing.T) {
	overEachPipe(t, "flood", "", func(t *testing.T, p *pipestream.Process) {
		n, err := p.ReceiveSome(bg, make([]byte, 1))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.NoError(t, p.Close(bg), "it ended by itself, neither killed nor by a broken pipe")
	})
}

// The status of a child that ends because Close ended its input is reported,
// what it has said is not.
func TestCloseReportsTheStatusOfAChildThatEndsThen(t *testing.T) {
	overEachPipe(t, "last", "goodbye", func(t *testing.T, p *pipestream.Process) {
		received := make(chan error, 1)
		go func() {
			_, err := p.ReceiveSome(bg, make([]byte, 10))
			received <- err
		}()
		requireExit(t, p.Close(bg), 3, "pipestream: close: exit status 3")
		require.ErrorIs(t, <-received, abc.ErrClosed)
	})
}

// A receive is inside when Close begins to drain: it is woken, and does not
// take part.
func TestCloseWakesAReceive(t *testing.T) {
	overEachPipe(t, "farewell", "", func(t *testing.T, p *pipestream.Process) {
		received := occupy(t, p)
		require.NoError(t, p.Close(bg))
		require.ErrorIs(t, <-received, abc.ErrClosed)
	})
}

// occupy returns once a ReceiveSome is inside.
func occupy(t *testing.T, p *pipestream.Process) <-chan error {
	t.Helper()
	received := make(chan error, 1)
	go func() {
		for {
			_, err := p.ReceiveSome(bg, make([]byte, 1))
			if !errors.Is(err, abc.ErrBusy) { // with the one below
				received <- err
				return
			}
		}
	}()
	for {
		ctx, cancel := context.WithCancel(bg)
		go cancel()
		_, err := p.ReceiveSome(ctx, make([]byte, 1))
		if errors.Is(err, abc.ErrBusy) {
			return received
		}
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestStderrGoesWhereTheCommandSays(t *testing.T) {
	for kind, mk := range pipeMakers {
		t.Run("a writer/"+kind, func(t *testing.T) {
			leavesNothing(t)
			cmd := command("complain", "oh no")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			p := startCommand(t, mk, cmd, nil)
			require.Same(t, &stderr, cmd.Stderr, "the command is as it was")
			require.NoError(t, p.Wait(bg))
			require.Equal(t, "oh no", stderr.String())
			out, err := io.ReadAll(bridge.Reader(bg, p))
			require.NoError(t, err)
			require.Equal(t, "out ", string(out))
			require.NoError(t, p.Close(bg))
		})
	}
	t.Run("a file", func(t *testing.T) {
		leavesNothing(t)
		r, w, err := os.Pipe()
		require.NoError(t, err)
		cmd := command("complain", "oh no")
		cmd.Stderr = w
		p := startCommand(t, os.Pipe, cmd, nil)
		require.NoError(t, w.Close())
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, "oh no", string(got))
		require.NoError(t, r.Close())
		require.NoError(t, p.Close(bg))
	})
	t.Run("the output", func(t *testing.T) {
		leavesNothing(t)
		cmd := command("complain", "oh no")
		cmd.Stderr = nil
		p := startCommand(t, os.Pipe, cmd, &pipestream.Options{StderrToStdout: true})
		got, err := io.ReadAll(bridge.Reader(bg, p))
		require.NoError(t, err)
		require.Equal(t, "out oh no", string(got))
		require.NoError(t, p.Close(bg))
	})
	t.Run("a writer that fails", func(t *testing.T) {
		leavesNothing(t)
		cmd := command("complain", "oh no")
		cmd.Stderr = failingWriter{}
		p := startCommand(t, os.Pipe, cmd, nil)
		require.ErrorIs(t, p.Wait(bg), io.ErrNoProgress)
		require.ErrorIs(t, p.Close(bg), abc.ErrBroken)
	})
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrNoProgress }

func TestStartThatFailsLeavesNothing(t *testing.T) {
	cancelled, cancel := context.WithCancel(bg)
	cancel()
	nowhere := exec.Command("/does/not/exist")
	withStderr := command("echo", "")
	withStderr.Path, withStderr.Stderr = "/does/not/exist", new(bytes.Buffer)
	started := command("exit", "0")
	require.NoError(t, started.Run())
	started.Stdin, started.Stdout = nil, nil
	withStdin, withStdout := command("echo", ""), command("echo", "")
	withStdin.Stdin, withStdout.Stdout = new(bytes.Buffer), new(bytes.Buffer)
	for name, tt := range map[string]struct {
		ctx  context.Context
		cmd  *exec.Cmd
		opts *pipestream.Options
		want error
		text string
	}{
		"done context":      {ctx: cancelled, cmd: command("echo", ""), want: context.Canceled},
		"no such file":      {cmd: nowhere, want: os.ErrNotExist},
		"not in PATH":       {cmd: exec.Command("does-not-exist-anywhere"), want: exec.ErrNotFound},
		"with stderr":       {cmd: withStderr, want: os.ErrNotExist},
		"twice":             {cmd: started, text: "pipestream: start: exec: already started"},
		"stdin":             {cmd: withStdin, text: "pipestream: start: the command's Stdin is set, which is to be the stream"},
		"stdout":            {cmd: withStdout, text: "pipestream: start: the command's Stdout is set, which is to be the stream"},
		"both stderrs":      {cmd: command("echo", ""), opts: &pipestream.Options{StderrToStdout: true}, text: "pipestream: start: the command's Stderr is set, and Options.StderrToStdout too"},
		"command's context": {cmd: exec.CommandContext(cancelled, os.Args[0]), want: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			ctx := tt.ctx
			if ctx == nil {
				ctx = bg
			}
			p, err := pipestream.Start(ctx, tt.cmd, tt.opts)
			require.Nil(t, p)
			var op *abc.OpError
			require.ErrorAs(t, err, &op)
			require.Equal(t, "start", op.Op)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			} else {
				require.EqualError(t, err, tt.text)
			}
		})
	}
	t.Run("no pipe", func(t *testing.T) {
		for made := range 3 {
			leavesNothing(t)
			cmd := command("echo", "")
			cmd.Stderr = new(bytes.Buffer)
			_, err := pipestream.StartWith(bg, cmd, nil, func() (r, w *os.File, err error) {
				if made--; made < 0 {
					return nil, nil, io.ErrNoProgress
				}
				return os.Pipe()
			})
			require.ErrorIs(t, err, io.ErrNoProgress)
		}
	})
	require.PanicsWithValue(t, "pipestream: Start of a nil *exec.Cmd", func() { _, _ = pipestream.Start(bg, nil, nil) })
}
