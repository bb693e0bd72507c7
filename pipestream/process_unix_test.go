//go:build unix

package pipestream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/pipestream"
)

func init() {
	// stubborn does not care for the end of its input.
	children["stubborn"] = func(string) {
		fmt.Println("ready")
		onLeash()
	}
	// endless writes, whatever happens to its input.
	children["endless"] = func(string) {
		for {
			must(os.Stdout.Write(make([]byte, 4<<10)))
		}
	}
	// polite ends at SIGTERM with the status arg, after a last word.
	children["polite"] = func(arg string) {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Println("ready")
		<-asked
		must(os.Stdout.Write(make([]byte, 1<<20)))
		children["exit"](arg)
	}
	// parent exits at once, and leaves an heir that has all its files.
	children["parent"] = func(string) {
		cmd := command("heir", "")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.ExtraFiles = []*os.File{os.NewFile(3, "leash")}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		fmt.Fprint(os.Stderr, "parent complains")
	}
	children["heir"] = func(string) {
		fmt.Println("heir")
		onLeash()
	}
	// broken sends to a reader that is gone, when it has got its first byte. If
	// arg says so it ignores SIGPIPE.
	children["broken"] = func(arg string) {
		if arg == "ignore" {
			signal.Ignore(syscall.SIGPIPE)
		}
		s := pipestream.Stdio()
		must(s.ReceiveSome(bg, make([]byte, 1)))
		err := s.SendAll(bg, []byte("x"))
		fmt.Fprint(os.Stderr, err)
	}
}

// onLeash blocks until the test ends, so that no child outlives it.
func onLeash() { must(io.Copy(io.Discard, os.NewFile(3, "leash"))) }

// leash has descriptor 3 of cmd's child end when the test does.
func leash(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.ExtraFiles = []*os.File{r}
	t.Cleanup(func() {
		_ = r.Close()
		_ = w.Close()
	})
	return cmd
}

func onEachPipe(t *testing.T, test func(t *testing.T, mk pipeMaker)) {
	for kind, mk := range pipeMakers {
		t.Run(kind, func(t *testing.T) {
			leavesNothing(t)
			test(t, mk)
		})
	}
}

func requireKilled(t *testing.T, p *pipestream.Process) {
	t.Helper()
	var exit *exec.ExitError
	require.ErrorAs(t, p.Wait(bg), &exit)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
	require.ErrorIs(t, p.Cmd().Process.Signal(syscall.Signal(0)), os.ErrProcessDone, "it was reaped")
}

func TestCloseKillsAChildThatDoesNotEnd(t *testing.T) {
	for _, name := range []string{"stubborn", "endless"} {
		t.Run(name, func(t *testing.T) {
			onEachPipe(t, func(t *testing.T, mk pipeMaker) {
				p := startCommand(t, mk, leash(t, command(name, "")), nil)
				_, err := p.ReceiveSome(bg, make([]byte, 1)) // it runs
				require.NoError(t, err)
				ctx, cancel := context.WithCancelCause(bg)
				closed := make(chan error, 1)
				go func() { closed <- p.Close(ctx) }()
				buf := make([]byte, 10)
				for err == nil {
					_, err = p.ReceiveSome(bg, buf)
				}
				require.ErrorIs(t, err, abc.ErrClosed)
				require.Empty(t, closed, "it gives the child its time")
				cancel(io.ErrNoProgress)
				err = <-closed
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, io.ErrNoProgress)
				require.NotErrorIs(t, err, abc.ErrBroken, "it was no failure of the child")
				requireKilled(t, p)
				require.NoError(t, p.Close(ctx), "it is closed")
			})
		})
	}
}

func TestForcefulCloseKillsAtOnce(t *testing.T) {
	for _, name := range []string{"stubborn", "endless", "echo"} {
		t.Run(name, func(t *testing.T) {
			onEachPipe(t, func(t *testing.T, mk pipeMaker) {
				p := startCommand(t, mk, leash(t, command(name, "")), nil)
				require.NoError(t, closeutil.CloseForcefully(p))
				requireKilled(t, p)
			})
		})
	}
}

func TestForcefulCloseCutsAGracefulOneShort(t *testing.T) {
	onEachPipe(t, func(t *testing.T, mk pipeMaker) {
		p := startCommand(t, mk, leash(t, command("stubborn", "")), nil)
		require.Equal(t, "ready", line(t, p))
		received := occupy(t, p)
		closed := make(chan error, 1)
		go func() { closed <- p.Close(bg) }()
		require.ErrorIs(t, <-received, abc.ErrClosed, "the graceful one has begun")
		require.NoError(t, closeutil.CloseForcefully(p))
		err := <-closed
		require.ErrorIs(t, err, abc.ErrClosed)
		require.ErrorContains(t, err, "cut short")
		requireKilled(t, p)
	})
}

// What the child has left behind holds up neither Wait nor Close, although it
// has the child's output and errors open (AnyIO's issue 1174).
func TestADescendantHoldsNobodyUp(t *testing.T) {
	graceful := func(p abc.AsyncResource) error { return p.Close(bg) }
	for name, tt := range map[string]struct {
		close func(abc.AsyncResource) error
		wait  bool
	}{
		"graceful":          {graceful, true},
		"graceful, at once": {graceful, false},
		"forceful":          {closeutil.CloseForcefully, true},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := leash(t, command("parent", ""))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			cmd.WaitDelay = time.Nanosecond
			p := startCommand(t, os.Pipe, cmd, nil)
			if tt.wait {
				require.NoError(t, p.Wait(bg))
			}
			require.Equal(t, "heir", line(t, p), "its output is still to be had")
			require.NoError(t, tt.close(p))
		})
	}
	t.Run("killed", func(t *testing.T) {
		cmd := leash(t, command("stubborn", ""))
		r, w, err := os.Pipe()
		require.NoError(t, err)
		cmd.Stderr = struct{ io.Writer }{w} // so that it is copied
		cmd.WaitDelay = 1 << 62             // never
		p := startCommand(t, os.Pipe, cmd, nil)
		require.Equal(t, "ready", line(t, p))
		// The test is the one that has the pipe open, in place of a descendant.
		held, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/2", cmd.Process.Pid), os.O_WRONLY, 0)
		if err == nil { // Linux
			defer held.Close()
		}
		require.NoError(t, closeutil.CloseForcefully(p))
		require.NoError(t, r.Close())
		require.NoError(t, w.Close())
	})
}

func TestSignal(t *testing.T) {
	onEachPipe(t, func(t *testing.T, mk pipeMaker) {
		opts := &pipestream.Options{Signal: syscall.SIGTERM}
		for name, tt := range map[string]struct {
			child, arg string
			status     int
		}{
			"ends well":          {"polite", "0", 0},
			"ends badly":         {"polite", "3", 3},
			"dies of the signal": {"stubborn", "", 0},
		} {
			t.Run(name, func(t *testing.T) {
				p := startCommand(t, mk, leash(t, command(tt.child, tt.arg)), opts)
				require.Equal(t, "ready", line(t, p))
				err := p.Close(bg)
				if tt.status != 0 {
					requireExit(t, err, tt.status, fmt.Sprint("pipestream: close: exit status ", tt.status))
				} else {
					require.NoError(t, err)
				}
			})
		}
	})
}

// A signal that came from elsewhere is the child's failure.
func TestChildKilledByOthers(t *testing.T) {
	onEachPipe(t, func(t *testing.T, mk pipeMaker) {
		p := startCommand(t, mk, leash(t, command("stubborn", "")), nil)
		require.NoError(t, p.Cmd().Process.Kill())
		_, err := io.Copy(io.Discard, bridge.Reader(bg, p))
		require.NoError(t, err, "the end of the output does not tell")
		requireExit(t, p.Wait(bg), -1, "pipestream: wait: signal: killed")
		requireExit(t, closeutil.CloseForcefully(p), -1, "pipestream: close: signal: killed")
	})
}

func TestStdioWhoseReaderIsGone(t *testing.T) {
	for _, arg := range []string{"", "ignore"} {
		t.Run("SIGPIPE "+arg, func(t *testing.T) {
			leavesNothing(t)
			cmd := command("broken", arg)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			require.NoError(t, stdout.Close())
			_, err = stdin.Write([]byte("x"))
			require.NoError(t, err)
			err = cmd.Wait()
			if arg == "ignore" {
				require.NoError(t, err)
				require.Contains(t, stderr.String(), "pipestream: send: connection broken: write /dev/stdout: broken pipe")
				return
			}
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, syscall.SIGPIPE, exit.Sys().(syscall.WaitStatus).Signal())
		})
	}
}
