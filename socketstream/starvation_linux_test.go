package socketstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/socketstream"
)

const (
	fewFiles     = 40
	starvedPause = 250 * time.Millisecond
)

func init() { children["starve"] = starvingChild }

// A hungerReport is how a listener fares that has too few descriptors.
type hungerReport struct {
	Stats abc.ListenerStats
	CPU   time.Duration // of the whole process
	Since time.Duration // it was starved
}

// starvingChild serves with few descriptors. It reports when they have run out
// for the first time, and again when it was told to end.
func starvingChild() {
	check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: fewFiles, Max: fewFiles}))
	starved := make(chan time.Time, 1)
	opts := &socketstream.ListenOptions{
		Logger:     slog.New(slog.NewTextHandler(notifier{starved}, nil)),
		MinBackOff: starvedPause, MaxBackOff: starvedPause,
	}
	l := must(socketstream.Listen(bg, "tcp4", "127.0.0.1:0", opts))
	fmt.Println(l.Addr())
	served := serveIn(l, echoHandler)
	var since time.Time
	select {
	case since = <-starved:
	case err := <-served:
		panic(err)
	}
	report(l, since)
	must(io.Copy(io.Discard, os.Stdin))
	check(l.Close(context.Background()))
	report(l, since)
	fmt.Println(<-served)
}

// notifier is where the log goes. It tells when the first line of it came.
type notifier struct{ at chan time.Time }

func (n notifier) Write(line []byte) (int, error) {
	select {
	case n.at <- time.Now():
	default:
	}
	return len(line), nil
}

func report(l *socketstream.Listener, since time.Time) {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	check(json.NewEncoder(os.Stdout).Encode(hungerReport{
		l.Stats(), time.Duration(u.Utime.Nano() + u.Stime.Nano()), time.Since(since),
	}))
}

func (c *child) report() (r hungerReport) {
	require.NoError(c.t, json.Unmarshal([]byte(c.line()), &r))
	return r
}

func TestListenerSurvivesWithTooFewFiles(t *testing.T) {
	leavesNothing(t)
	const n = 50
	c := startChild(t, "starve", nil)
	address := c.line()
	var clients []*socketstream.Stream
	for range n { // those that are not accepted wait in the backlog
		s, err := socketstream.Dial(bg, "tcp4", address, nil)
		require.NoError(t, err)
		clients = append(clients, s)
	}
	starved := c.report()
	lucky := int(starved.Stats.Accepted)
	require.Greater(t, lucky, n/2, "so that the others fit in afterwards")
	require.Less(t, lucky, n)
	for _, s := range clients[:lucky] { // they were accepted in their order
		require.NoError(t, exchange(s, "served meanwhile"))
		require.NoError(t, end(s))
	}
	for _, s := range clients[lucky:] {
		require.NoError(t, exchange(s, "served afterwards"))
		require.NoError(t, end(s))
	}
	require.NoError(t, c.stdin.Close())
	ended := c.report()
	require.Contains(t, c.line(), abc.ErrClosed.Error())
	c.stop()

	require.EqualValues(t, n, ended.Stats.Accepted)
	require.Equal(t, ended.Stats.BackOffs, ended.Stats.AcceptErrors, "attempts without a pause")
	require.LessOrEqual(t, ended.Stats.BackOffs, 1+int64(ended.Since/starvedPause))
	require.Zero(t, ended.Stats.Active+ended.Stats.Forced)
	t.Logf("%d of %d connections fit into %d files; %d attempts failed in %v, in which the process used %v of CPU",
		lucky, n, fewFiles, ended.Stats.AcceptErrors, ended.Since.Round(time.Millisecond), ended.CPU-starved.CPU)
}
