package socketstream_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// systemd's own tool listens, and at the first connection becomes the child.
func TestSocketActivationBySystemd(t *testing.T) {
	tool, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		t.Skip("needs systemd-socket-activate, which comes with systemd: ", err)
	}
	path := filepath.Join(t.TempDir(), "s")
	cmd := exec.Command(tool, "--listen="+path, "--fdname=unix_"+path,
		"--setenv="+childVar+"=greet", "--setenv=GORACE=atexit_sleep_ms=0", os.Args[0])
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	_, err = bufio.NewReader(stderr).ReadString('\n') // "Listening on …"
	require.NoError(t, err)

	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer c.Close()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, path+"\n", line)
	pid, err := bufio.NewReader(c).ReadString(0)
	require.Equal(t, strconv.Itoa(cmd.Process.Pid), pid, err)
	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
	require.FileExists(t, path)
}
