package memstream_test

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

func TestCrashedHostIsSilent(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		ln, err := l.b.Listen(bg, ":80", nil)
		require.NoError(l, err)
		idle, _ := connect(t, l.a, l.b)
		l.start = time.Now()
		l.send(l.server, "last words")
		l.send(l.client, "x")
		served, gone := make(chan error, 1), make(chan struct{})
		go func() {
			served <- ln.Serve(bg, func(ctx context.Context, s abc.Stream) {
				<-ctx.Done()
				close(gone)
			})
		}()
		_, err = l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		l.at(31 * ms)
		l.b.Crash()
		l.b.Crash()

		// There:
		<-gone
		err = <-served
		require.ErrorIs(l, err, abc.ErrBroken)
		require.EqualError(l, err, "memstream: serve: connection broken: this host crashed")
		l.receiveFails(l.server, abc.ErrBroken, 31*ms)
		require.ErrorIs(l, l.server.SendAll(bg, nil), abc.ErrBroken)
		_, err = l.b.Dial(bg, "a:1")
		require.ErrorIs(l, err, syscall.ENETUNREACH)
		_, err = l.b.Listen(bg, ":81", nil)
		require.ErrorIs(l, err, syscall.ENETDOWN)
		require.NoError(l, l.server.Close(bg))

		// Here:
		l.receives(l.client, "last words", 31*ms)
		l.send(l.client, "is anybody there?")
		l.silent(l.client, 3600*sec)
		ctx, cancel := context.WithTimeout(bg, 400*sec)
		defer cancel()
		_, err = l.a.Dial(ctx, "b:80")
		require.ErrorIs(l, err, context.DeadlineExceeded)

		l.at(5000 * sec)
		l.b.Restart()
		l.b.Restart()
		_, err = l.a.Dial(bg, "b:80")
		require.ErrorIs(l, err, syscall.ECONNREFUSED)
		l.after(5000*sec + 20*ms)
		l.receiveFails(l.client, syscall.ECONNRESET, 5000*sec+20*ms) // what was held is answered
		l.sendFails(l.client, syscall.ECONNRESET)
		l.silent(idle, 6000*sec) // has asked nothing, is told nothing
		l.send(idle, "x")
		l.receiveFails(idle, syscall.ECONNRESET, 6000*sec+20*ms)

		ln, err = l.b.Listen(bg, ":80", nil) // the port is free again
		require.NoError(l, err)
		c, err := l.a.Dial(bg, ln.Addr().String())
		require.NoError(l, err)
		s, err := ln.Accept(bg)
		require.NoError(l, err)
		l.send(c, "x")
		l.receives(s, "x", 6000*sec+60*ms)
	})
}

// The end is something to be answered as well, unless it had come before.
func TestCrashedHostAnswersAnEndWhenItIsBack(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		before, _ := connect(t, l.a, l.b)
		l.start = time.Now()
		require.NoError(l, before.SendEOF(bg))
		l.at(10 * ms)
		require.NoError(l, l.client.SendEOF(bg))
		l.b.Crash()
		l.at(sec)
		l.b.Restart()
		l.receiveFails(l.client, syscall.ECONNRESET, sec+20*ms)
		l.silent(before, 2*sec)
	})
}

// Bytes that the crashed host had, and not received, are not sent again.
func TestCrashedHostForgetsWhatItHad(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		l.send(l.client, "x")
		l.at(10 * ms)
		l.b.Crash()
		l.b.Restart()
		l.silent(l.client, sec)
		l.send(l.client, "y")
		l.receiveFails(l.client, syscall.ECONNRESET, sec+20*ms)
	})
}

func TestCrashWakesWhoIsBlocked(t *testing.T) {
	inLab(t, &memstream.NetworkOptions{Link: memstream.Link{Window: 1}}, func(l *lab) {
		l.net.Partition("a", "b")
		ops := map[string]func() error{
			"receive": func() error { return receiveByte(l.client)(bg) },
			"send":    func() error { return l.client.SendAll(bg, []byte("xy")) },
			"dial":    func() error { _, err := l.a.Dial(bg, "b:80"); return err },
		}
		errs := map[string]chan error{}
		for name, op := range ops {
			done := make(chan error, 1)
			errs[name] = done
			go func() { done <- op() }()
		}
		synctest.Wait()
		l.a.Crash()
		require.ErrorIs(l, <-errs["receive"], abc.ErrBroken)
		require.ErrorIs(l, <-errs["send"], abc.ErrBroken)
		require.ErrorIs(l, <-errs["dial"], syscall.ENETUNREACH)
	})
}

func TestDialToAHostThatCrashes(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		go func() {
			l.at(5 * ms)
			l.b.Crash()
			l.at(6 * ms)
			l.b.Restart()
			ln, _ := l.b.Listen(bg, ":80", nil)
			l.at(90 * ms)
			ln.Close(bg)
		}()
		first, err := l.a.Dial(bg, "b:80")
		require.NoError(l, err)
		l.after(26 * ms)
		require.NoError(l, first.Close(bg))
		l.at(100 * ms)
		_, err = l.b.Listen(bg, ":80", nil)
		require.NoError(l, err)
		c, err := l.a.Dial(bg, "b:80") // nobody accepts it
		require.NoError(l, err)
		l.b.Crash()
		require.NoError(l, c.Close(bg))
		require.NoError(l, l.client.Close(bg))
		require.NoError(l, l.server.Close(bg))
		require.Zero(l, l.net.Ends())
		time.AfterFunc(sec, l.b.Restart)
		_, err = l.a.Dial(bg, "b:80")
		require.ErrorIs(l, err, syscall.ECONNREFUSED)
		l.after(sec + 140*ms)
	})
}

// What a host had yet to send again is gone with it, a reset too.
func TestCrashedHostSendsNothingAgain(t *testing.T) {
	inLab(t, latency(10*ms), func(l *lab) {
		other, otherServer := connect(t, l.a, l.b)
		l.start = time.Now()
		l.send(l.client, "x")
		l.at(10 * ms)
		l.net.Partition("a", "b")
		l.send(otherServer, "x")
		require.NoError(l, l.server.Close(bg)) // a reset
		l.b.Crash()
		l.b.Restart()
		l.net.Heal("a", "b")
		l.silent(l.client, sec)
		l.silent(other, 2*sec)
		for _, c := range []*memstream.Conn{l.client, other, otherServer} {
			require.NoError(l, c.Close(bg))
		}
		require.Zero(l, l.net.Ends())
	})
}
