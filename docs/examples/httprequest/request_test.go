package httprequest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/docs/examples/httprequest"
	"github.com/tributary-go/tributary/memstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver receives text that comes in the pieces of a seed, and then the end.
func receiver(t *testing.T, text string, seed uint64) *bufstream.Receiver {
	client, server := memstream.Pair(&memstream.Options{Capacity: memstream.Unbounded})
	require.NoError(t, client.SendAll(t.Context(), []byte(text)))
	require.NoError(t, client.SendEOF(t.Context()))
	return bufstream.NewReceiver(fault.Fragment(server, seed), nil)
}

var good = []string{
	"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
	"POST /a?b=c HTTP/1.1\r\nhost:example.com\r\nContent-Length: 5\r\nX-A: 1\r\nx-a:  two words \t\r\nX-Empty:\r\n\r\nhello",
	"PUT /x HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\nA;ext=1\r\n, 0123\r\n89\r\n0\r\n\r\n",
	"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nCookie: a=b; c=d\r\n\r\n",
}

func TestAsNetHTTP(t *testing.T) {
	all := strings.Join(good, "")
	for seed := range uint64(100) {
		r, reader := receiver(t, all, seed), bufio.NewReader(strings.NewReader(all))
		for range good {
			want, err := http.ReadRequest(reader)
			require.NoError(t, err)
			body, err := io.ReadAll(want.Body)
			require.NoError(t, err)
			got, err := httprequest.Receive(t.Context(), r)
			require.NoError(t, err)
			require.Equal(t, []string{want.Method, want.RequestURI, want.Proto}, []string{got.Method, got.Target, got.Proto})
			require.Equal(t, string(body), string(got.Body))
			for name, values := range want.Header {
				require.Equal(t, values, got.Header[name], name)
			}
		}
		_, err := httprequest.Receive(t.Context(), r)
		require.Equal(t, io.EOF, err)
	}
}

func TestMalformed(t *testing.T) {
	for _, wrong := range []string{
		"\r\n", "GET /\r\n", "GET  / HTTP/1.1\r\n", " / HTTP/1.1\r\n", "GET / HTTP/2.0\r\n", "GET / x HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n", "GET / HTTP/1.1\r\n: x\r\n", "GET / HTTP/1.1\r\nHost : x\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n folded\r\n", "GET / HTTP/1.1\r\nA: b\nC: d\r\n", "GET / HTTP/1.1\r\nA: \x00\r\n",
		"GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 101),
		"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\nx",
		"GET / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
		"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + "100000\r\n" + strings.Repeat("x", 1<<20) + "\r\n1\r\n",
	} {
		_, err := httprequest.Receive(t.Context(), receiver(t, wrong, 1))
		require.ErrorAs(t, err, new(textproto.ProtocolError), "%.100q", wrong)
	}
}

func TestCut(t *testing.T) {
	for _, whole := range good {
		for n := 1; n < len(whole); n++ {
			_, err := httprequest.Receive(t.Context(), receiver(t, whole[:n], 1))
			require.Error(t, err)
			malformed := errors.As(err, new(textproto.ProtocolError))
			require.True(t, malformed || errors.Is(err, io.ErrUnexpectedEOF), "%q: %v", whole[:n], err)
		}
	}
}

// A request that is cancelled in the middle is lost, as its line is consumed;
// what comes after an Upgrade is not.
func TestWhatFollowsStays(t *testing.T) {
	r := receiver(t, good[0]+"another protocol", 1)
	_, err := httprequest.Receive(t.Context(), r)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = httprequest.Receive(ctx, r)
	require.ErrorIs(t, err, context.Canceled)
	p := make([]byte, len("another protocol"))
	require.NoError(t, r.ReceiveExactly(t.Context(), p))
	require.Equal(t, "another protocol", string(p))
}
