//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/socketstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var bg = context.Background()

// A server is the program, in all its generations: they share the output.
type server struct {
	t       *testing.T
	binary  string
	address string
	pid     int           // of the youngest
	out     *bufio.Reader // standard error as well
	wait    func() error  // for the eldest
}

func startServer(t *testing.T) *server {
	s := &server{t: t, binary: filepath.Join(t.TempDir(), "restart")}
	build, err := exec.Command("go", "build", "-o", s.binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", build)

	cmd := exec.Command(s.binary, "127.0.0.1:0")
	out, outIn, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = outIn, outIn
	require.NoError(t, cmd.Start())
	require.NoError(t, outIn.Close())
	s.out, s.wait = bufio.NewReader(out), cmd.Wait
	t.Cleanup(func() {
		if s.pid != 0 { // the test has failed
			_ = syscall.Kill(s.pid, syscall.SIGKILL)
		}
		_ = out.Close()
	})
	s.address = s.nextGeneration()
	return s
}

// nextGeneration waits until the next process listens, and returns where.
func (s *server) nextGeneration() (address string) {
	line, err := s.out.ReadString('\n')
	require.NoError(s.t, err)
	_, err = fmt.Sscanf(line, "%d listens at %s\n", &s.pid, &address)
	require.NoError(s.t, err, line)
	return address
}

func (s *server) signal(sig syscall.Signal) { require.NoError(s.t, syscall.Kill(s.pid, sig)) }

// stop ends the youngest process, and returns when all have ended. None of them
// has anything more to say.
func (s *server) stop() {
	s.signal(syscall.SIGTERM)
	s.pid = 0
	rest, err := io.ReadAll(s.out)
	require.NoError(s.t, err)
	require.Empty(s.t, string(rest))
	require.NoError(s.t, s.wait())
}

// A request is a connection that the server has accepted.
type request struct {
	stream *socketstream.Stream
	sent   []byte
}

// begin sends a part, and receives its echo.
func (s *server) begin(part string) (*request, error) {
	stream, err := socketstream.Dial(bg, "tcp", s.address, nil)
	if err != nil {
		return nil, err
	}
	r := &request{stream: stream}
	if err = r.send(part); err == nil {
		_, err = io.ReadFull(bridge.Reader(bg, stream), make([]byte, len(part)))
	}
	r.sent = nil
	return r, err
}

func (r *request) send(part string) error {
	r.sent = append(r.sent, part...)
	return r.stream.SendAll(bg, []byte(part))
}

// finish sends the last part, and returns who answered.
func (r *request) finish(part string) (pid int, err error) {
	defer r.stream.Close(bg)
	if err := r.send(part); err != nil {
		return 0, err
	}
	if err := r.stream.SendEOF(bg); err != nil {
		return 0, err
	}
	answer, err := io.ReadAll(bridge.Reader(bg, r.stream))
	if err != nil {
		return 0, err
	}
	name, found := bytes.CutPrefix(answer, append(r.sent, ' '))
	if !found {
		return 0, fmt.Errorf("the answer to %q is %q", r.sent, answer)
	}
	return strconv.Atoi(string(name))
}

func TestRestartsUnderLoadLoseNoRequest(t *testing.T) {
	const restarts, clients, inFlight, each = 4, 16, 20, 200
	s := startServer(t)

	var stopping atomic.Bool
	var load sync.WaitGroup
	answered := make(chan int, 100) // pids
	failed := make(chan error, clients)
	for range clients {
		load.Go(func() {
			for !stopping.Load() {
				stream, err := socketstream.Dial(bg, "tcp", s.address, nil)
				if err != nil {
					failed <- err
					return
				}
				pid, err := (&request{stream: stream}).finish("ping")
				if err != nil {
					failed <- err
					return
				}
				answered <- pid
			}
		})
	}
	counts := map[int]int{}
	// serve collects answers until the process pid has given n.
	serve := func(pid, n int) {
		for counts[pid] < n {
			select {
			case pid := <-answered:
				counts[pid]++
			case err := <-failed:
				require.NoError(t, err)
			}
		}
	}

	generations := []int{s.pid}
	serve(s.pid, each)
	for range restarts {
		var slow []*request
		for range inFlight {
			r, err := s.begin("accepted before the restart,")
			require.NoError(t, err)
			slow = append(slow, r)
		}
		s.signal(syscall.SIGHUP)
		require.Equal(t, s.address, s.nextGeneration())
		generations = append(generations, s.pid)
		serve(s.pid, each)
		for _, r := range slow {
			pid, err := r.finish("finished after it")
			require.NoError(t, err)
			require.NotEqual(t, s.pid, pid)
		}
	}
	stopping.Store(true)
	go func() {
		load.Wait()
		close(answered)
	}()
	for pid := range answered {
		counts[pid]++
	}
	require.Empty(t, failed)
	s.stop()

	total := restarts * inFlight
	for _, pid := range generations {
		require.GreaterOrEqual(t, counts[pid], each)
		total += counts[pid]
	}
	require.Len(t, counts, restarts+1)
	t.Logf("%d restarts, %d requests, none failed; by process: %v", restarts, total, counts)
}

func TestFailedRestartChangesNothing(t *testing.T) {
	s := startServer(t)
	pid := s.pid
	broken := s.binary + ".broken"
	require.NoError(t, os.WriteFile(broken, []byte("#!/bin/sh\nexit 7\n"), 0o700))
	require.NoError(t, os.Rename(broken, s.binary))
	s.signal(syscall.SIGHUP)
	line, err := s.out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "restart: the new process did not get ready: EOF (exit status 7)", strings.TrimSpace(line))
	r, err := s.begin("hello")
	require.NoError(t, err)
	served, err := r.finish("?")
	require.NoError(t, err)
	require.Equal(t, pid, served)
	s.stop()
}
