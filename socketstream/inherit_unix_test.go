//go:build unix

package socketstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/socketstream"
)

func init() {
	children["inherit"] = inheritingChild
	children["descriptors"] = func() { check(json.NewEncoder(os.Stdout).Encode(descriptors())) }
	children["greet"] = greetingChild
}

// An inheritance is what inheritingChild found.
type inheritance struct {
	Names  []string // of the files that it got
	Err    string
	Again  int // how many a second call got
	Before []string
	After  []string // of a grandchild
}

// descriptors returns which of the low descriptors are sockets, and the
// variables of the protocol.
func descriptors() (found []string) {
	for fd := 3; fd < 10; fd++ {
		var st syscall.Stat_t
		if syscall.Fstat(fd, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFSOCK {
			found = append(found, strconv.Itoa(fd))
		}
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "LISTEN_") {
			found = append(found, v)
		}
	}
	return found
}

func inheritingChild() {
	if os.Getenv("LISTEN_PID") == "mine" {
		check(os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid())))
	}
	got := inheritance{Before: descriptors()}
	files, err := socketstream.Inherited()
	if err != nil {
		got.Err = err.Error()
	}
	for _, f := range files {
		got.Names = append(got.Names, f.Name())
	}
	got.Again = len(must(socketstream.Inherited()))
	grandchild := must(childCommand("descriptors", nil).Output())
	check(json.Unmarshal(grandchild, &got.After))
	check(json.NewEncoder(os.Stdout).Encode(got))
}

func TestInherited(t *testing.T) {
	l := listenTo(t, "tcp4", nil)
	defer l.Close(t.Context())
	f, err := l.File()
	require.NoError(t, err)
	defer f.Close()
	plain, err := os.Create(filepath.Join(t.TempDir(), "plain"))
	require.NoError(t, err)
	defer plain.Close()

	two := []*os.File{f, f}
	tests := map[string]struct {
		files []*os.File
		env   []string
		names []string
		err   string
	}{
		"nothing":              {nil, nil, nil, ""},
		"zero":                 {nil, []string{"LISTEN_FDS=0"}, nil, ""},
		"without a name":       {two[:1], []string{"LISTEN_FDS=1"}, []string{"LISTEN_FD_3"}, ""},
		"without two names":    {two, []string{"LISTEN_FDS=2"}, []string{"LISTEN_FD_3", "LISTEN_FD_4"}, ""},
		"two names":            {two, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:admin"}, []string{"web", "admin"}, ""},
		"for this process":     {two[:1], []string{"LISTEN_FDS=1", "LISTEN_PID=mine"}, []string{"LISTEN_FD_3"}, ""},
		"for another process":  {two, []string{"LISTEN_FDS=2", "LISTEN_PID=1"}, nil, ""},
		"fewer than there are": {two, []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=web"}, []string{"web"}, ""},
		"more than there are": {two, []string{"LISTEN_FDS=2000000000"}, nil,
			"socketstream: inherit: descriptor 5 (LISTEN_FD_5) of LISTEN_FDS=2000000000: "},
		"not a socket": {[]*os.File{f, plain}, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:log"}, nil,
			"socketstream: inherit: descriptor 4 (log) of LISTEN_FDS=2: " + syscall.ENOTSOCK.Error()},
		"not a number": {two, []string{"LISTEN_FDS=two"}, nil,
			`socketstream: inherit: LISTEN_FDS is "two", not how many sockets there are`},
		"negative": {two, []string{"LISTEN_FDS=-2"}, nil,
			`socketstream: inherit: LISTEN_FDS is "-2", not how many sockets there are`},
		"other names": {two, []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web"}, nil,
			"socketstream: inherit: LISTEN_FDS=2, but LISTEN_FDNAMES=web has 1 names"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := startChild(t, "inherit", test.files, test.env...)
			var got inheritance
			require.NoError(t, json.Unmarshal([]byte(c.line()), &got))
			require.Empty(t, c.stop())
			if strings.HasSuffix(test.err, ": ") {
				require.Contains(t, got.Err, test.err) // what is there is up to the runtime
			} else {
				require.Equal(t, test.err, got.Err)
			}
			require.Equal(t, test.names, got.Names)
			require.Zero(t, got.Again)
			for _, v := range got.After {
				require.NotContains(t, v, "LISTEN_", "a variable reached a child's child")
			}
			if test.names != nil && len(test.names) == len(test.files) {
				require.Subset(t, got.Before, []string{"3"}) // so that there is something to be seen
				require.Empty(t, got.After, "descriptors reached a child's child")
			}
		})
	}
}

// greetingChild serves what it inherited, and says who it is to everybody.
func greetingChild() {
	ctx := context.Background()
	var ls []abc.Listener
	for _, f := range must(socketstream.Inherited()) {
		network, address, _ := strings.Cut(f.Name(), "_")
		l := must(socketstream.Listen(ctx, network, strings.ReplaceAll(address, ";", ":"), &socketstream.ListenOptions{File: f}))
		fmt.Println(l.Addr())
		ls = append(ls, l)
	}
	all := listener.Join(ls...)
	go func() {
		must(io.Copy(io.Discard, os.Stdin))
		check(all.Close(ctx))
	}()
	fmt.Println(all.Serve(ctx, greet(os.Getpid())))
}

func greet(pid int) abc.Handler {
	return func(ctx context.Context, s abc.Stream) {
		_ = s.SendAll(ctx, []byte(strconv.Itoa(pid)))
		_ = s.Close(ctx)
	}
}

func TestListenersAreHandedOn(t *testing.T) {
	tcp, unix := listenTo(t, "tcp4", nil), listenTo(t, "unix", nil)
	both := listener.Join(tcp, unix)
	served := make(chan error, 1)
	go func() { served <- both.Serve(t.Context(), greet(os.Getpid())) }()
	answer := func(l *socketstream.Listener) func() string {
		s := dialTo(t, l)
		return func() string {
			defer s.Close(t.Context())
			pid, err := receiveAll(s)
			require.Equal(t, io.EOF, err)
			return pid
		}
	}
	mine := strconv.Itoa(os.Getpid())
	require.Equal(t, mine, answer(tcp)())
	require.Equal(t, mine, answer(unix)())

	var files []*os.File
	for _, l := range []*socketstream.Listener{tcp, unix} {
		f, err := l.File()
		require.NoError(t, err)
		defer f.Close()
		files = append(files, f)
	}
	// The last one passes what the first one inherited on to the second.
	require.NoError(t, both.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
	require.FileExists(t, unix.Addr().String())
	waiting := []func() string{answer(tcp), answer(unix)} // nobody accepts now
	for range 2 {
		names := strings.ReplaceAll("tcp4_"+tcp.Addr().String(), ":", ";") + ":unix_" + unix.Addr().String()
		c := startChild(t, "greet", files, "LISTEN_FDS=2", "LISTEN_FDNAMES="+names)
		require.Equal(t, tcp.Addr().String(), c.line())
		require.Equal(t, unix.Addr().String(), c.line())
		pid := strconv.Itoa(c.cmd.Process.Pid)
		for _, answer := range waiting {
			require.Equal(t, pid, answer())
		}
		require.Equal(t, pid, answer(tcp)())
		require.Equal(t, pid, answer(unix)())
		require.Contains(t, c.stop(), abc.ErrClosed.Error())
		require.FileExists(t, unix.Addr().String())
		waiting = []func() string{answer(tcp), answer(unix)}
	}
	for _, f := range files {
		require.NoError(t, f.Close())
	}
	_, err := socketstream.Dial(t.Context(), "tcp", tcp.Addr().String(), nil)
	require.ErrorIs(t, err, syscall.ECONNREFUSED, "somebody still holds the socket")
	_, err = socketstream.Dial(t.Context(), "unix", unix.Addr().String(), nil)
	require.ErrorIs(t, err, syscall.ECONNREFUSED, "somebody still holds the socket")
}

// os/exec asks for the descriptor of the file. What net's File method returns
// makes the socket block by that, in this process too.
func TestHandingOnDoesNotMakeTheSocketBlock(t *testing.T) {
	for _, network := range []string{"tcp4", "unix"} {
		t.Run(network, func(t *testing.T) {
			l := listenTo(t, network, nil)
			f, err := l.File()
			require.NoError(t, err)
			nonblocking := func(raw syscall.RawConn, err error) {
				require.NoError(t, err)
				require.NoError(t, raw.Control(func(fd uintptr) {
					_, _, err := syscall.Accept(int(fd))
					require.Equal(t, syscall.EAGAIN, err)
				}))
			}
			c := startChild(t, "descriptors", []*os.File{f})
			require.Contains(t, c.line(), "3")
			require.Empty(t, c.stop())
			nonblocking(f.SyscallConn())

			ctx, cancel := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() { served <- l.Serve(ctx, greet(1)) }()
			s := dialTo(t, l)
			_, err = receiveAll(s) // so that it serves
			require.Equal(t, io.EOF, err)
			require.NoError(t, s.Close(t.Context()))
			cancel()
			require.ErrorIs(t, <-served, context.Canceled)
			require.NoError(t, l.Close(t.Context()))
			require.NoError(t, f.Close())
		})
	}
}

func TestPathIsRemovedUnlessItWasHandedOn(t *testing.T) {
	l := listenTo(t, "unix", nil)
	require.NoError(t, l.Close(t.Context()))
	require.NoFileExists(t, l.Addr().String())
	_, err := l.File()
	require.ErrorIs(t, err, abc.ErrClosed)
	require.EqualError(t, err, "socketstream: file: closed on this side")

	l = listenTo(t, "unix", nil)
	f, err := l.File()
	require.NoError(t, err)
	next, err := socketstream.Listen(t.Context(), "unix", l.Addr().String(), &socketstream.ListenOptions{File: f})
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
	require.FileExists(t, l.Addr().String())
	require.NoError(t, next.Close(t.Context()))
	require.FileExists(t, l.Addr().String())
}

func TestFileAndCloseAtTheSameTime(t *testing.T) {
	for range 50 {
		l := listenTo(t, "unix", nil)
		path := l.Addr().String()
		filed := make(chan error)
		go func() {
			f, err := l.File()
			if err == nil {
				err = f.Close()
			}
			filed <- err
		}()
		require.NoError(t, l.Close(t.Context()))
		if err := <-filed; err == nil {
			require.FileExists(t, path)
		} else {
			require.ErrorIs(t, err, abc.ErrClosed)
			require.NoFileExists(t, path)
		}
		_ = os.Remove(path)
	}
}

func TestListenAtAnInheritedAddress(t *testing.T) {
	loopback, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer loopback.Close()
	everywhere, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	defer everywhere.Close()
	everywhere4, err := net.Listen("tcp4", ":0")
	require.NoError(t, err)
	defer everywhere4.Close()
	path := filepath.Join(t.TempDir(), "s")
	unix, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer unix.Close()
	port := func(ln net.Listener) string {
		_, port, err := net.SplitHostPort(ln.Addr().String())
		require.NoError(t, err)
		return port
	}

	leavesNothing(t)
	tests := []struct {
		ln               net.Listener
		network, address string
		ok               bool
	}{
		{loopback, "tcp", loopback.Addr().String(), true},
		{loopback, "tcp4", loopback.Addr().String(), true},
		{loopback, "tcp", "localhost:" + port(loopback), true},
		{loopback, "tcp", "[::ffff:127.0.0.1]:" + port(loopback), true},
		{loopback, "tcp", "127.0.0.1:0", true},
		{loopback, "tcp", "127.0.0.1:", true},
		{loopback, "tcp", "", true},
		{loopback, "tcp", "127.0.0.1:1", false},
		{loopback, "tcp", "127.0.0.1:http", false},
		{loopback, "tcp", "127.0.0.2:" + port(loopback), false},
		{loopback, "tcp", ":" + port(loopback), false},
		{loopback, "tcp", "0.0.0.0:" + port(loopback), false},
		{loopback, "tcp6", "", false},
		{loopback, "unix", "", false},
		{loopback, "unix", loopback.Addr().String(), false},
		{everywhere, "tcp", ":" + port(everywhere), true},
		{everywhere, "tcp", "0.0.0.0:" + port(everywhere), true},
		{everywhere, "tcp", "[::]:" + port(everywhere), true},
		{everywhere, "tcp", ":0", true},
		{everywhere, "tcp", "127.0.0.1:" + port(everywhere), false},
		{everywhere4, "tcp4", ":" + port(everywhere4), true},
		{everywhere4, "tcp6", ":" + port(everywhere4), false},
		{unix, "unix", path, true},
		{unix, "unix", "", true},
		{unix, "unix", path + "2", false},
		{unix, "tcp", "", false},
		{unix, "tcp", path, false},
	}
	for _, test := range tests {
		name := fmt.Sprintf("%s %s for %s %s", test.ln.Addr().Network(), test.ln.Addr(), test.network, test.address)
		f, err := test.ln.(interface{ File() (*os.File, error) }).File()
		require.NoError(t, err)
		l, err := socketstream.Listen(t.Context(), test.network, test.address, &socketstream.ListenOptions{File: f})
		require.ErrorIs(t, f.Close(), os.ErrClosed, "Listen owns it: %s", name)
		if test.ok {
			require.NoError(t, err, name)
			require.Equal(t, test.ln.Addr(), l.Addr())
			require.NoError(t, l.Close(t.Context()))
			continue
		}
		require.EqualError(t, err, fmt.Sprintf("socketstream: listen: inherited %s listens at %s %s, not at %s %s",
			f.Name(), test.ln.Addr().Network(), test.ln.Addr(), test.network, test.address))
	}
}

func TestListenRejectsWhatDoesNotListen(t *testing.T) {
	leavesNothing(t)
	dir := t.TempDir()
	files := map[string]func() (*os.File, error){
		"not a stream socket": func() (*os.File, error) {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			require.NoError(t, err)
			defer c.Close()
			return c.File()
		},
		"a socket that does not listen": func() (*os.File, error) {
			l := listenTo(t, "unix", nil)
			defer l.Close(t.Context())
			s := dialTo(t, l)
			defer s.Close(t.Context())
			return s.Conn().(*net.UnixConn).File()
		},
		"getsockopt: " + syscall.ENOTSOCK.Error(): func() (*os.File, error) { return os.Create(filepath.Join(dir, "plain")) },
		os.ErrClosed.Error(): func() (*os.File, error) {
			f, err := os.Create(filepath.Join(dir, "closed"))
			require.NoError(t, f.Close())
			return f, err
		},
	}
	for reason, open := range files {
		f, err := open()
		require.NoError(t, err)
		_, err = socketstream.Listen(t.Context(), "tcp", "127.0.0.1:0", &socketstream.ListenOptions{File: f})
		require.EqualError(t, err, fmt.Sprintf("socketstream: listen: inherited %s: %s", f.Name(), reason))
		require.ErrorIs(t, f.Close(), os.ErrClosed)
	}
}

func TestListenClosesTheFileWhateverHappens(t *testing.T) {
	l := listenTo(t, "tcp4", nil)
	defer l.Close(t.Context())
	done, cancel := context.WithCancel(t.Context())
	cancel()
	listen := func(ctx context.Context, network, address string) error {
		f, err := l.File()
		require.NoError(t, err)
		opts := &socketstream.ListenOptions{File: f}
		_, err = socketstream.Listen(ctx, network, address, opts)
		require.ErrorIs(t, f.Close(), os.ErrClosed)
		_, again := socketstream.Listen(t.Context(), "tcp4", "", opts)
		require.ErrorIs(t, again, os.ErrClosed, "a file that was used")
		return err
	}
	requireListenError(t, listen(done, "tcp4", ""), context.Canceled)
	requireListenError(t, listen(t.Context(), "udp", ""), net.UnknownNetworkError("udp"))
	var dns *net.DNSError
	require.ErrorAs(t, listen(t.Context(), "tcp4", "no.such.host.invalid:0"), &dns)
	var addr *net.AddrError
	require.ErrorAs(t, listen(t.Context(), "tcp4", "no port"), &addr)
	require.ErrorAs(t, listen(t.Context(), "tcp4", "127.0.0.1:no-such-service"), &dns)
}

// The last process to listen at a path removes it, if it is told to.
func TestInheritedPathIsRemovedOnDemand(t *testing.T) {
	path := filepath.Join(socketFolder(t), "s")
	first, err := socketstream.Listen(t.Context(), "unix", path, nil)
	require.NoError(t, err)
	f, err := first.File()
	require.NoError(t, err)
	second, err := socketstream.Listen(t.Context(), "unix", path, &socketstream.ListenOptions{File: f})
	require.NoError(t, err)
	second.SetUnlinkOnClose(true)
	require.NoError(t, first.Close(t.Context()))
	requireConnects(t, path)
	require.NoError(t, second.Close(t.Context()))
	require.NoFileExists(t, path)

	tcp, err := socketstream.Listen(t.Context(), "tcp", "127.0.0.1:0", nil)
	require.NoError(t, err)
	tcp.SetUnlinkOnClose(true) // has none
	require.NoError(t, tcp.Close(t.Context()))
}
