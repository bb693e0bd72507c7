package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A client is the other end of a connection to a room.
type client struct {
	t testing.TB
	abc.Stream
	in *bufstream.Receiver
}

// connect introduces itself, and returns when it was let in.
func connect(t testing.TB, s abc.Stream, name string) *client {
	c := &client{t, s, bufstream.NewReceiver(s, nil)}
	c.hears("* Who are you?")
	c.says(name)
	return c
}

func (c *client) says(line string) {
	require.NoError(c.t, c.SendAll(c.t.Context(), []byte(line+"\n")))
}

func (c *client) hears(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		got, err := c.in.ReceiveLine(c.t.Context())
		require.NoError(c.t, err)
		require.Equal(c.t, line, string(got))
	}
}

func (c *client) hearsNothingMore() {
	c.t.Helper()
	rest, err := c.in.ReceiveLine(c.t.Context())
	require.EqualError(c.t, err, "EOF", "%s", rest)
}

func hello(name, here string) string {
	return "* Hello, " + name + ". Here are: " + here + ". /who lists them, /quit leaves."
}

// A town is a room on a network, in virtual time.
type town struct {
	*memstream.Network
	t    *testing.T
	room *Room
	l    *memstream.HostListener
}

func inTown(t *testing.T, opts memstream.NetworkOptions, f func(*testing.T, *town)) {
	synctest.Test(t, func(t *testing.T) {
		n := memstream.NewNetwork(&opts)
		l, err := n.Host("room").Listen(t.Context(), ":4000", nil)
		require.NoError(t, err)
		here := &town{n, t, NewRoom(), l}
		served := make(chan error)
		go func() { served <- l.Serve(context.WithoutCancel(t.Context()), here.room.Serve) }()
		defer func() { // also where f fails
			require.NoError(t, closeutil.CloseForcefully(l))
			require.ErrorIs(t, <-served, abc.ErrClosed)
		}()
		f(t, here)
	})
}

// comes lets somebody in from a host of the same name.
func (w *town) comes(name string) *client {
	s, err := w.Host(name).Dial(w.t.Context(), "room:4000")
	require.NoError(w.t, err)
	return connect(w.t, s, name)
}

func (w *town) annAndBob() (ann, bob *client) {
	ann = w.comes("ann")
	ann.hears(hello("ann", "ann"))
	bob = w.comes("bob")
	bob.hears(hello("bob", "ann, bob"))
	ann.hears("* bob is here.")
	return ann, bob
}

var near = memstream.NetworkOptions{Link: memstream.Link{Latency: time.Millisecond}}

func TestEverybodyHearsEverybody(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		ann, bob := w.annAndBob()
		ann.says("hello")
		bob.hears("ann: hello")
		bob.says("  hi \r")
		ann.hears("bob: hi")
		ann.says("/who")
		ann.hears("* Here are: ann, bob.")
		bob.says("/quit")
		ann.hears("* bob left.")
		bob.hearsNothingMore()
		require.NoError(t, ann.SendEOF(t.Context()))
		ann.hearsNothingMore()
	})
}

func TestANameIsOfOneAlone(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		ann := w.comes("ann")
		ann.hears(hello("ann", "ann"))
		for _, bad := range []string{"", "ann and bob", strings.Repeat("x", 21), "\x1b[2J"} {
			s, err := w.Host("x").Dial(t.Context(), "room:4000")
			require.NoError(t, err)
			connect(t, s, bad).hears("* A name is up to 20 letters and digits. Who are you?")
		}
		second := w.comes("ann")
		second.hears("* ann is here already. Who are you?")
		second.says("Ann-Zoë")
		second.hears(hello("Ann-Zoë", "Ann-Zoë, ann"))
		ann.hears("* Ann-Zoë is here.")
	})
}

func TestWhoDoesNotSayANameIsNotWaitedFor(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		start := time.Now()
		silent, err := w.Host("silent").Dial(t.Context(), "room:4000")
		require.NoError(t, err)
		c := client{t, silent, bufstream.NewReceiver(silent, nil)}
		c.hears("* Who are you?")
		c.hearsNothingMore()
		require.Equal(t, patience+4*time.Millisecond, time.Since(start))
	})
}

func TestNobodyControlsTheTerminalOfOthers(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		ann, bob := w.annAndBob()
		ann.says("\x1b[31mred\x07\xff\u202e äöü")
		bob.hears("ann: [31mred\uFFFD äöü")
	})
}

func TestALineHasALimit(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		ann, bob := w.annAndBob()
		ann.says(strings.Repeat("x", lineLimit+1))
		bob.hears("* ann left: a line is up to 1000 bytes.")
		ann.hearsNothingMore()
	})
}

func TestAPartitionDelaysAndLosesNothing(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		ann, bob := w.annAndBob()
		w.Partition("room", "ann")
		for i := range 5 {
			bob.says(fmt.Sprint(i))
		}
		time.AfterFunc(time.Minute, func() { w.Heal("room", "ann") })
		start := time.Now()
		ann.hears("bob: 0", "bob: 1", "bob: 2", "bob: 3", "bob: 4")
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
	})
}

func TestALostConnectionIsToldToTheOthers(t *testing.T) {
	lossy := near
	lossy.Timeout = 2 * time.Minute
	inTown(t, lossy, func(t *testing.T, w *town) {
		ann, bob := w.annAndBob()
		w.Host("ann").Crash()
		bob.says("are you there?")
		start := time.Now()
		bob.hears("* ann left: the connection is lost.")
		require.InDelta(t, 2*time.Minute, time.Since(start), float64(time.Second))
		require.Error(t, ann.SendAll(t.Context(), []byte("I am not\n")))
	})
}

// Who receives nothing holds up nobody, and is waited for as long as patience
// lasts once the network holds no more.
func TestASlowMemberIsLeftBehind(t *testing.T) {
	slow := near
	slow.Link.Window = 100
	inTown(t, slow, func(t *testing.T, w *town) {
		_, bob := w.annAndBob()
		start := time.Now()
		for range 20 {
			bob.says("a line that is one of many")
		}
		bob.hears("* ann left: does not keep up.")
		require.InDelta(t, patience, time.Since(start), float64(time.Second))
	})
}

func TestABacklogHasALimit(t *testing.T) {
	slow := near
	slow.Link.Window = 100
	inTown(t, slow, func(t *testing.T, w *town) {
		ann, bob := w.annAndBob()
		start := time.Now()
		for range 2 * backlog {
			bob.says("a line that is one of many")
		}
		bob.hears("* ann left: does not keep up.")
		ann.says("am I?") // nobody hears that
		time.Sleep(time.Second)
		bob.says("/who")
		bob.hears("* Here are: bob.")
		require.Less(t, time.Since(start), patience)
	})
}

func TestClosingTellsEverybody(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		ann, bob := w.annAndBob()
		nameless, err := w.Host("nameless").Dial(t.Context(), "room:4000")
		require.NoError(t, err)
		(&client{t, nameless, bufstream.NewReceiver(nameless, nil)}).hears("* Who are you?")
		bob.says("one more")
		ann.hears("bob: one more")
		start := time.Now()
		w.room.Close()
		require.NoError(t, w.l.Close(t.Context()), "nobody was cut off")
		require.Less(t, time.Since(start), time.Second)
		for _, c := range []*client{ann, bob} {
			c.hears("* The room is closing. Good bye.")
			c.hearsNothingMore()
		}
	})
}

func TestALateGuestIsNotKept(t *testing.T) {
	inTown(t, near, func(t *testing.T, w *town) {
		w.room.Close()
		start := time.Now()
		s, err := w.Host("late").Dial(t.Context(), "room:4000")
		require.NoError(t, err)
		_, err = io.ReadAll(bridge.Reader(t.Context(), s))
		require.NoError(t, err)
		require.Less(t, time.Since(start), time.Second)
	})
}

// Who says a name in the moment of closing is in the room for as long as it
// takes to hear that.
func TestEnteringWhileItCloses(t *testing.T) {
	_, end := memstream.Pair(nil)
	m := newMember(end)
	m.name = "late"
	r := NewRoom()
	r.Close()
	require.True(t, r.enter(m))
	require.Equal(t, hello("late", "late"), <-m.lines)
	require.Equal(t, "* The room is closing. Good bye.", <-m.lines)
	require.Empty(t, <-m.lines, "closed")
	require.NoError(t, end.Close(t.Context()))
}
