package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/tributary-go/tributary/socketstream"
)

const (
	patience = 10 * time.Second // until the new process has to be ready
	readyVar = "RESTART_READY"  // is set in the new process, where
	readyFD  = 4                // is the pipe to say so
)

// startSuccessor returns when the new process listens on l's socket as well.
func startSuccessor(l *socketstream.Listener) error {
	socket, err := l.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	ready, tell, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()

	// os.Args[0], not os.Executable, which may name the file that was replaced.
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{socket, tell} // are descriptors 3 and 4
	cmd.Env = append(cmd.Environ(), "LISTEN_FDS=1", readyVar+"=1")
	err = cmd.Start()
	tell.Close()
	if err != nil {
		return err
	}
	ready.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(ready, make([]byte, 1)); err != nil {
		cmd.Process.Kill()
		return fmt.Errorf("the new process did not get ready: %w (%v)", err, cmd.Wait())
	}
	return cmd.Process.Release()
}

// tellPredecessor says that this process is ready, if somebody waits for it.
func tellPredecessor() error {
	if os.Getenv(readyVar) == "" {
		return nil
	}
	os.Unsetenv(readyVar)
	f := os.NewFile(readyFD, "ready")
	defer f.Close()
	_, err := f.Write([]byte{1})
	return err
}
