package docs_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"expvar"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/listener"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The snippets of serving.md. TestServingSnippets holds the two together.

func run(l abc.Listener) error {
	stopping, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- l.Serve(context.Background(), answers(stopping)) }()
	select {
	case err := <-served: // accepting failed for good
		return err
	case <-stopping.Done():
	}
	err := closeutil.CloseWithin(context.Background(), l, 30*time.Second)
	<-served // no handler is left
	return err
}

func answers(stopping context.Context) abc.Handler {
	return func(ctx context.Context, s abc.Stream) {
		request := make([]byte, 4096)
		waiting := ctx // the first request is what the peer has connected for
		for {
			idle, cancel := context.WithTimeout(waiting, time.Minute)
			n, err := s.ReceiveSome(idle, request)
			cancel()
			if err != nil {
				break // the end, a minute of silence, or the server stops
			}
			answering, cancel := context.WithTimeout(ctx, 10*time.Second)
			err = s.SendAll(answering, request[:n])
			cancel()
			if err != nil {
				return // what is left open is closed forcefully
			}
			waiting = stopping
		}
		_ = s.Close(ctx)
	}
}

func listen(ctx context.Context, address string) (*socketstream.Listener, error) {
	return socketstream.Listen(ctx, "tcp", address, &socketstream.ListenOptions{
		MaxConns: 10_000,
		OnPanic: func(ctx context.Context, v any, stack []byte) {
			slog.ErrorContext(ctx, "a handler panicked", "panic", v, "stack", string(stack))
		},
	})
}

func overTLS(l abc.Listener, cfg *tls.Config) abc.Listener {
	return tlsstream.NewListener(l, cfg, &tlsstream.Options{
		HandshakeTimeout: 5 * time.Second,
		OnHandshakeError: func(ctx context.Context, transport abc.Stream, err error) {
			slog.DebugContext(ctx, "no handshake", "error", err)
		},
	})
}

func afterLogin(l abc.Listener, check func(login []byte) error) abc.Listener {
	return listener.Prepare(l, func(ctx context.Context, s abc.Stream) (abc.Stream, error) {
		lines := bufstream.NewStream(s, nil)
		login, err := lines.ReceiveLine(ctx)
		if err == nil {
			err = check(login)
		}
		return lines, err
	}, nil)
}

func publish(name string, l abc.Listener) {
	expvar.Publish(name, expvar.Func(func() any {
		stats, _ := abc.StatsOf(l)
		return stats
	}))
}

func logStats(ctx context.Context, l abc.Listener, every time.Duration) {
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			stats, _ := abc.StatsOf(l)
			slog.InfoContext(ctx, "listener", "stats", stats)
		}
	}
}

func listenOrInherit(ctx context.Context, network, address string) (*socketstream.Listener, error) {
	opts := &socketstream.ListenOptions{MaxConns: 10_000}
	files, err := socketstream.Inherited()
	if err != nil {
		return nil, err
	}
	if len(files) > 0 {
		opts.File = files[0] // of several, tell them apart by Name
	}
	return socketstream.Listen(ctx, network, address, opts)
}

func TestServingSnippets(t *testing.T) {
	requirePage(t, "serving.md", 8, 220, "serving_test.go")
}

// ask sends a request and requires its echo.
func ask(t *testing.T, s abc.Stream, request string) {
	t.Helper()
	require.NoError(t, s.SendAll(t.Context(), []byte(request)))
	answer := make([]byte, 100)
	n, err := s.ReceiveSome(t.Context(), answer)
	require.NoError(t, err)
	require.Equal(t, request, string(answer[:n]))
}

func TestAnswersEndBetweenRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memstream.NewListener(nil)
		stopping, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- l.Serve(context.Background(), answers(stopping)) }()
		dial := func() abc.Stream {
			s, err := l.Dial(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			return s
		}
		idle, fresh, silent := dial(), dial(), dial()
		ask(t, idle, "hello")
		stop()
		closed := make(chan error, 1)
		go func() { closed <- l.Close(context.Background()) }()
		p := make([]byte, 1)
		_, err := idle.ReceiveSome(t.Context(), p)
		require.Equal(t, io.EOF, err)
		ask(t, fresh, "not too late")
		for _, s := range []abc.Stream{fresh, silent} { // the latter a minute later
			_, err = s.ReceiveSome(t.Context(), p)
			require.Equal(t, io.EOF, err)
		}
		require.NoError(t, <-closed)
		require.ErrorIs(t, <-served, abc.ErrClosed)
	})
}

func TestPanicsAreLoggedAndCounted(t *testing.T) {
	var log strings.Builder
	previous := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(previous)

	l, err := listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	secure := overTLS(l, selfsigned.Server(0))
	name := l.Addr().String() // expvar takes each once
	publish(name, secure)
	served := make(chan error, 1)
	go func() { served <- secure.Serve(t.Context(), func(context.Context, abc.Stream) { panic("boom") }) }()
	s, err := tlsstream.Dial(t.Context(), "tcp", l.Addr().String(), selfsigned.Client(0), nil)
	require.NoError(t, err)
	_, err = s.ReceiveSome(t.Context(), make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrBroken)
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, secure.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)

	require.Contains(t, log.String(), `msg="a handler panicked" panic=boom stack=`)
	var stats abc.ListenerStats
	require.NoError(t, json.Unmarshal([]byte(expvar.Get(name).String()), &stats))
	require.EqualValues(t, 1, stats.Accepted)
	require.EqualValues(t, 1, stats.Panics)
}

func TestOnlyWhoLoggedInIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstream.NewListener(nil)
		l := afterLogin(below, func(login []byte) error {
			if string(login) != "sesame" {
				return errors.New("a wrong login")
			}
			return nil
		})
		served := make(chan error, 1)
		go func() { served <- l.Serve(t.Context(), answers(t.Context())) }()
		for _, login := range []string{"barley\n", "sesame\n"} {
			s, err := below.Dial(t.Context())
			require.NoError(t, err)
			require.NoError(t, s.SendAll(t.Context(), []byte(login)))
			synctest.Wait()
			if login == "sesame\n" {
				ask(t, s, "hello")
			} else {
				require.ErrorIs(t, s.SendAll(t.Context(), []byte("hello")), abc.ErrBroken)
			}
			require.NoError(t, s.Close(t.Context()))
		}
		require.NoError(t, l.Close(t.Context()))
		require.ErrorIs(t, <-served, abc.ErrClosed)
	})
}

func TestStatsAreLogged(t *testing.T) {
	var log strings.Builder
	previous := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(previous)
	synctest.Test(t, func(t *testing.T) {
		l := memstream.NewListener(nil)
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		logStats(ctx, l, time.Minute)
		require.NoError(t, closeutil.CloseForcefully(l))
	})
	require.Equal(t, 2, strings.Count(log.String(), `"stats":{"Accepted":0,"Active":0,`), log.String())
}

func TestFirstStartInheritsNothing(t *testing.T) {
	l, err := listenOrInherit(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close(t.Context()))
}
