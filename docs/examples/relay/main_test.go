//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var (
	bg     = context.Background()
	binary string // the program, built once
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "relay")
	if err != nil {
		panic(err)
	}
	// Else each process stays for a second, in case it has a race to report.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	binary = filepath.Join(folder, "relay")
	build := exec.Command("go", "build", "-race", "-o", binary, ".")
	if build.Run() != nil { // there is no C compiler
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			panic(string(out))
		}
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		_ = os.RemoveAll(folder)
		os.Exit(status)
	}))
}

// A process is the program at work.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr *bufio.Reader
	ended  bool
}

// start runs the program with logs as JSON.
func start(t *testing.T, args ...string) *process {
	return startCommand(t, exec.Command(binary, append([]string{"-log", "json"}, args...)...))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stderr = w
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	p := &process{t: t, cmd: cmd, stderr: bufio.NewReader(r)}
	t.Cleanup(func() {
		if !p.ended { // the test has failed, or has no interest in the end
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = r.Close()
	})
	return p
}

// logged returns the next log line with this message.
func (p *process) logged(message string) map[string]any {
	p.t.Helper()
	for {
		line, err := p.stderr.ReadBytes('\n')
		require.NoError(p.t, err, "instead of %q: %q", message, line)
		fields := map[string]any{}
		require.NoError(p.t, json.Unmarshal(line, &fields), "%s", line)
		if fields["msg"] == message {
			return fields
		}
	}
}

// address is where the program says next that it listens.
func (p *process) address() string { return p.logged("listening")["address"].(string) }

func (p *process) signal(s os.Signal) { require.NoError(p.t, p.cmd.Process.Signal(s)) }

// exit waits for the end, and returns the status and what else was said.
func (p *process) exit() (status int, rest string) {
	all, err := io.ReadAll(p.stderr)
	require.NoError(p.t, err)
	p.ended = true
	err = p.cmd.Wait()
	if !errors.As(err, new(*exec.ExitError)) {
		require.NoError(p.t, err)
	}
	return p.cmd.ProcessState.ExitCode(), string(all)
}

// stop drains the program, which has nobody left.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	status, rest := p.exit()
	require.Zero(p.t, status, rest)
}

// conclude runs the program to its end.
func conclude(t *testing.T, stdin []byte, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	if err := cmd.Run(); !errors.As(err, new(*exec.ExitError)) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}
