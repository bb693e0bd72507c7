package bridge_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/memstream"
)

// Anything that wants a net.Conn takes a stream, with deadlines that can be
// moved and a half-close.
func ExampleConn() {
	x, y := memstream.Pair(nil)
	a, b := bridge.Conn(x), bridge.Conn(y)
	defer b.Close()
	defer a.Close()

	fmt.Fprintln(a, "is anybody there?")
	_ = a.(interface{ CloseWrite() error }).CloseWrite()
	request, err := io.ReadAll(b)
	fmt.Printf("%q %v\n", request, err)

	_ = a.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err = a.Read(make([]byte, 100))
	var netErr net.Error
	fmt.Println(errors.As(err, &netErr) && netErr.Timeout(), errors.Is(err, os.ErrDeadlineExceeded))
	// Output:
	// "is anybody there?\n" <nil>
	// true true
}

// An HTTP server and its client, without a network.
func ExampleListener() {
	l := memstream.NewListener(nil)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s", r.URL.Path[1:])
	})}
	served := make(chan error)
	go func() { served <- server.Serve(bridge.Listener(l)) }()

	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			s, err := l.Dial(ctx)
			if err != nil {
				return nil, err
			}
			return bridge.Conn(s), nil
		},
	}}
	resp, err := client.Get("http://in-memory/gopher")
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	fmt.Println(resp.Status, string(body))

	client.CloseIdleConnections()
	_ = server.Shutdown(context.Background())
	fmt.Println(<-served)
	// Output:
	// 200 OK hello, gopher
	// http: Server closed
}

func ExampleReader() {
	ctx := context.Background()
	send, receive := memstream.OneWay(nil)
	defer closeutil.CloseForcefully(receive)
	_ = send.SendAll(ctx, []byte("one\ntwo\n"))
	_ = send.Close(ctx)

	lines := bufio.NewScanner(bridge.Reader(ctx, receive))
	for lines.Scan() {
		fmt.Println(lines.Text())
	}
	fmt.Println(lines.Err())
	// Output:
	// one
	// two
	// <nil>
}

func ExampleWriter() {
	ctx := context.Background()
	send, receive := memstream.OneWay(nil)
	defer closeutil.CloseForcefully(receive)
	_ = json.NewEncoder(bridge.Writer(ctx, send)).Encode(map[string]int{"answer": 42})
	_ = send.Close(ctx)

	for chunk, err := range abc.Chunks(ctx, receive, make([]byte, 1024)) {
		fmt.Printf("%s%v\n", chunk, err)
	}
	// Output:
	// {"answer":42}
	// <nil>
}

// A Read that knows no context gets one, and loses nothing by it.
func ExampleFromReader() {
	r, w := io.Pipe()
	s := bridge.FromReader(r)
	defer closeutil.CloseForcefully(s)

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	_, err := s.ReceiveSome(ctx, make([]byte, 100))
	cancel()
	fmt.Println(err)

	_, _ = io.WriteString(w, "late")
	p := make([]byte, 100)
	n, err := s.ReceiveSome(context.Background(), p)
	fmt.Printf("%s %v\n", p[:n], err)
	// Output:
	// bridge: receive: context deadline exceeded
	// late <nil>
}

type file struct{ bytes.Buffer }

func (*file) Close() error { return nil }

func ExampleFromWriter() {
	ctx := context.Background()
	f := new(file)
	s := bridge.FromWriter(f)
	_ = s.SendAll(ctx, []byte("written in good order"))
	fmt.Println(s.Close(ctx), f.String())
	// Output:
	// <nil> written in good order
}
