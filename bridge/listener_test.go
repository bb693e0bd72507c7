package bridge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
)

func TestListenerNil(t *testing.T) {
	require.PanicsWithValue(t, "bridge: Listener of a nil listener", func() { bridge.Listener(nil) })
}

func TestListenerAcceptsAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ml := memstream.NewListener(nil)
		l := bridge.Listener(ml)
		require.Equal(t, "stream", l.Addr().Network())
		require.Equal(t, "stream", l.Addr().String())

		taken, err := ml.Dial(bg)
		require.NoError(t, err)
		conn, err := l.Accept()
		require.NoError(t, err)

		accepted := make(chan error, 3)
		for range 2 {
			go func() {
				_, err := l.Accept()
				accepted <- err
			}()
		}
		synctest.Wait()
		start := time.Now()
		require.NoError(t, l.Close())
		for range 2 {
			requireOpError(t, <-accepted, "accept", net.ErrClosed)
		}
		require.NoError(t, l.Close(), "a second Close")
		_, err = l.Accept()
		requireOpError(t, err, "accept", net.ErrClosed)
		require.Zero(t, time.Since(start), "it waits for nothing")

		// What was accepted lives on.
		_, err = conn.Write([]byte("x"))
		require.NoError(t, err)
		n, err := taken.ReceiveSome(bg, make([]byte, 9))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		synctest.Wait() // the address is given back in the background
		_, err = ml.Dial(bg)
		require.Error(t, err)
		require.NoError(t, conn.Close())
		require.NoError(t, taken.Close(bg))
	})
}

func TestListenerCloseClosesWhatWasNeverAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ml := memstream.NewListener(nil)
		l := bridge.Listener(ml)
		waiting, err := ml.Dial(bg)
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, l.Close())
		_, err = waiting.ReceiveSome(bg, make([]byte, 1))
		require.Error(t, err)
		require.NoError(t, waiting.Close(bg))
	})
}

type failing struct{ err error }

func (f failing) Serve(context.Context, abc.Handler) error { return f.err }
func (f failing) Close(context.Context) error              { return nil }

func TestListenerFailure(t *testing.T) {
	failure := errors.New("no more")
	l := bridge.Listener(failing{failure})
	for range 2 {
		_, err := l.Accept()
		requireOpError(t, err, "accept", failure)
	}
	require.NoError(t, l.Close())
	_, err := l.Accept()
	requireOpError(t, err, "accept", net.ErrClosed)
}

func TestListenerOfSockets(t *testing.T) {
	sl, err := socketstream.Listen(bg, "tcp", "127.0.0.1:0", nil)
	require.NoError(t, err)
	l := bridge.Listener(sl)
	require.Equal(t, sl.Addr(), l.Addr())
	client, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	conn, err := l.Accept()
	require.NoError(t, err)
	require.Equal(t, client.LocalAddr().String(), conn.RemoteAddr().String())
	require.Equal(t, client.RemoteAddr().String(), conn.LocalAddr().String())
	require.NoError(t, conn.Close())
	require.NoError(t, client.Close())
	require.NoError(t, l.Close())
}

// httpClient talks to a server on l, in memory.
func httpClient(l *memstream.Listener, protocols *http.Protocols) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Protocols: protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			s, err := l.Dial(ctx)
			if err != nil {
				return nil, err
			}
			return bridge.Conn(s), nil
		},
	}}
}

// net/http in virtual time: keep-alive, a slow handler, a request that is
// cancelled, and a Shutdown that lets the handler that runs finish.
func TestHTTP(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				protocols := new(http.Protocols)
				protocols.SetHTTP1(version == "HTTP/1.1")
				protocols.SetUnencryptedHTTP2(version == "HTTP/2.0")
				ml := memstream.NewListener(nil)
				cancelled := make(chan struct{})
				mux := http.NewServeMux()
				mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					_, _ = io.WriteString(w, r.Proto+" "+string(body))
				})
				mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(10 * time.Minute)
					_, _ = io.WriteString(w, "done")
				})
				mux.HandleFunc("/hang", func(w http.ResponseWriter, r *http.Request) {
					<-r.Context().Done()
					close(cancelled)
				})
				server := &http.Server{Handler: mux, Protocols: protocols, IdleTimeout: time.Hour, ReadHeaderTimeout: time.Minute}
				served := make(chan error, 1)
				go func() { served <- server.Serve(bridge.Listener(ml)) }()
				client := httpClient(ml, protocols)

				body := strings.Repeat("body", 1000)
				for range 3 {
					resp, err := client.Post("http://x/echo", "text/plain", strings.NewReader(body))
					require.NoError(t, err)
					got, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					require.NoError(t, resp.Body.Close())
					require.True(t, version+" "+body == string(got))
				}

				ctx, cancel := context.WithTimeout(bg, time.Second)
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, "GET", "http://x/hang", nil)
				require.NoError(t, err)
				start := time.Now()
				_, err = client.Do(req)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				<-cancelled
				require.Equal(t, time.Second, time.Since(start))

				var wg sync.WaitGroup
				var got []byte
				var getErr error
				wg.Go(func() {
					resp, err := client.Get("http://x/slow")
					if getErr = err; err == nil {
						got, getErr = io.ReadAll(resp.Body)
						_ = resp.Body.Close()
					}
				})
				synctest.Wait()
				require.NoError(t, server.Shutdown(bg))
				wg.Wait()
				require.NoError(t, getErr)
				require.Equal(t, "done", string(got))
				require.ErrorIs(t, <-served, http.ErrServerClosed)
				client.CloseIdleConnections()
			})
		})
	}
}

func TestHTTPServerCloseEndsConnectionsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ml := memstream.NewListener(nil)
		server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}
		served := make(chan error, 1)
		go func() { served <- server.Serve(bridge.Listener(ml)) }()
		client := httpClient(ml, nil)
		got := make(chan error, 1)
		go func() {
			_, err := client.Get("http://x/")
			got <- err
		}()
		synctest.Wait()
		start := time.Now()
		require.NoError(t, server.Close())
		require.Error(t, <-got)
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		require.Zero(t, time.Since(start))
		client.CloseIdleConnections()
	})
}

// HTTP/2 over crypto/tls over a Conn, with the certificate of httptest.
func TestHTTPTestWithTLS(t *testing.T) {
	ml := memstream.NewListener(nil)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+string(body))
	}))
	require.NoError(t, server.Listener.Close())
	server.Listener = bridge.Listener(ml)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	client := server.Client()
	client.Transport.(*http.Transport).DialContext = httpClient(ml, nil).Transport.(*http.Transport).DialContext
	body := strings.Repeat("body", 50000)
	for range 3 {
		resp, err := client.Post("https://example.com/", "text/plain", strings.NewReader(body))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.True(t, "HTTP/2.0 "+body == string(got))
	}
}
