package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// pipes returns how many ends of pipes the program has.
func (p *process) pipes() (n int) {
	folder := fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid)
	entries, err := os.ReadDir(folder)
	require.NoError(p.t, err)
	for _, e := range entries {
		if target, _ := os.Readlink(folder + "/" + e.Name()); strings.HasPrefix(target, "pipe:") {
			n++
		}
	}
	return n
}

// With an idle time-out and counts that are asked for, too.
func TestSocketsAreSpliced(t *testing.T) {
	for _, scheme := range []string{"tcp", "unix"} {
		p := start(t, "-idle", "1h", "-stats", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0", backend(t, scheme, nil, echo))
		front, stats := p.address(), p.address()
		c := dial(t, front, nil)
		exchange(t, c, "less than is worth a pipe")
		before := p.pipes()
		for range 4 { // beyond 64 KiB, from where on it is
			exchange(t, c, strings.Repeat("x", 50_000))
		}
		require.Equal(t, before+4, p.pipes(), "two each way")
		all := int64(4*50_000 + len("less than is worth a pipe"))
		until(t, stats, func(s snapshot) bool { return s.Received == all }) // what came back to us may be counted a moment later
		finish(t, c)
		p.stop()
	}
}

// openTerminal returns both ends of a terminal.
func openTerminal(t *testing.T) (user, program *os.File) {
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	var number, unlocked int32
	for request, arg := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, user.Fd(), request, uintptr(unsafe.Pointer(arg)))
		require.Zero(t, errno)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	return user, program
}

func TestStatusLineOnATerminal(t *testing.T) {
	for flag, shown := range map[string]bool{"-progress": true, "-progress=false": false} {
		user, program := openTerminal(t)
		cmd := exec.Command(binary, flag, "-level", "debug", "mem://a", "exec:cat", "exec:sh -c 'echo hello; exec >&-; cat >/dev/null'", "mem://a")
		cmd.Stderr = program
		require.NoError(t, cmd.Start())
		require.NoError(t, program.Close())
		out := bufio.NewReader(user)
		seen := ""
		for !strings.Contains(seen, "msg=conversation") || shown && !strings.Contains(seen, "open, ") {
			line, err := out.ReadString('m') // the ends of lines are drawn over
			require.NoError(t, err)
			seen += line
		}
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		for { // EIO is how a terminal ends
			line, err := out.ReadString('m')
			seen += line
			if err != nil {
				break
			}
		}
		require.NoError(t, cmd.Wait())
		require.Equal(t, shown, strings.Contains(seen, clearLine+"0 open, 0 ended") || strings.Contains(seen, "ended, in"), "%q", seen)
	}
}
