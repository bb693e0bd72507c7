//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A program is a process and its descendants at work.
type program struct {
	cmd    *exec.Cmd
	errs   *bytes.Buffer
	exited chan struct{}
}

// start returns when the program accepts connections at listen. It is the leader
// of a process group, and has as many descriptors as it may.
func start(command []string, listen string) (*program, error) {
	args := append([]string{"-c", `ulimit -n "$(ulimit -H -n)"; exec "$@"`, "sh"}, command...)
	p := &program{cmd: exec.Command("sh", args...), errs: &bytes.Buffer{}, exited: make(chan struct{})}
	p.cmd.Stderr = p.errs
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = p.cmd.Wait(); close(p.exited) }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", listen)
		if err == nil {
			return p, c.Close()
		}
		select {
		case <-p.exited:
			return nil, fmt.Errorf("%s ended: %s", command[0], strings.TrimSpace(p.errs.String()))
		default:
		}
		if time.Now().After(deadline) {
			p.stop()
			return nil, fmt.Errorf("%s does not listen: %w", command[0], err)
		}
	}
}

// stop ends the whole group, the children of socat and nginx too.
func (p *program) stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
}

// tree returns the process ids of the program and its descendants.
func (p *program) tree() (pids []int) {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		fields := statFields(file)
		if len(fields) < 2 {
			continue // it has ended meanwhile
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], pid)
	}
	pids = []int{p.cmd.Process.Pid}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
	}
	return pids
}

// statFields returns the fields of a stat file behind the name, the state first.
func statFields(file string) []string {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	_, behind, _ := bytes.Cut(content, []byte(") "))
	return strings.Fields(string(behind))
}

// cpu returns how long the threads of the tree have computed, in the kernel too.
// What the processes themselves report counts ticks of 10 ms: a child of socat
// that carries a little is at none.
func (p *program) cpu() (sum time.Duration) {
	for _, pid := range p.tree() {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, file := range files {
			content, _ := os.ReadFile(file) // nothing if it has ended meanwhile
			field, _, _ := strings.Cut(string(content), " ")
			nanos, _ := strconv.ParseInt(field, 10, 64)
			sum += time.Duration(nanos)
		}
	}
	return sum
}

var errNoPSS = errors.New("no Pss in smaps_rollup")

// memory returns the memory of the tree in bytes. What processes share counts
// once (it is the PSS): the children of socat share most of theirs.
func (p *program) memory() (sum int64, err error) {
	err = errNoPSS
	for _, pid := range p.tree() {
		content, readErr := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if readErr != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				sum, err = sum+n<<10, nil
			}
		}
	}
	return sum, err
}
