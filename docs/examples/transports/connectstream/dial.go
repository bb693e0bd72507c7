package connectstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/closeutil"
)

// maxHead is how long the head of a request or a response may be.
const maxHead = 64 << 10

// A StatusError says that a request was, or is to be, refused.
type StatusError struct {
	Code int // 403, 407, 502 and so on
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("refused: %d %s", e.Code, http.StatusText(e.Code))
}

// Dial connects to target, "host:port", through the proxy that dial connects
// to. header, which may be nil, is sent along; it is the place for
// Proxy-Authorization.
//
// It blocks until the proxy has answered or ctx is done, which has no effect on
// the stream afterwards. The error is that of dial, that of ctx, a *[StatusError],
// or abc.ErrBroken with the cause. The result is the stream that dial returned, or
// one above it if the peer has spoken already.
func Dial[S abc.Stream](ctx context.Context, dial func(context.Context) (S, error), target string, header http.Header) (abc.Stream, error) {
	if ctx.Err() != nil {
		return nil, opError("dial", abc.ContextErr(ctx))
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: header}
	var head bytes.Buffer
	if err := request.Write(&head); err != nil {
		return nil, opError("dial", err)
	}
	s, err := dial(ctx)
	if err != nil {
		return nil, opError("dial", err)
	}
	tunnel, err := ask(ctx, s, request, head.Bytes())
	if err != nil {
		_ = closeutil.CloseForcefully(s)
		return nil, opError("dial", err)
	}
	return tunnel, nil
}

func ask(ctx context.Context, s abc.Stream, request *http.Request, head []byte) (abc.Stream, error) {
	if err := s.SendAll(ctx, head); err != nil {
		return nil, err
	}
	r := bufstream.NewReceiver(s, &bufstream.Options{Limit: maxHead})
	for {
		head, err := receiveHead(ctx, r)
		if err != nil {
			return nil, err
		}
		response, err := http.ReadResponse(head, request)
		switch {
		case err != nil:
			return nil, abc.Broken(err)
		case response.StatusCode/100 == 2:
			return behind(r, s), nil
		case response.StatusCode/100 != 1: // that would be word in advance
			return nil, &StatusError{response.StatusCode}
		}
	}
}

// receiveHead receives up to the empty line.
func receiveHead(ctx context.Context, r *bufstream.Receiver) (*bufio.Reader, error) {
	end := []byte("\r\n\r\n")
	head, err := r.ReceiveUntil(ctx, end)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, abc.Broken(err)
	}
	return bufio.NewReader(io.MultiReader(bytes.NewReader(head), bytes.NewReader(end))), err
}

// behind returns the stream that goes on after the head.
func behind(r *bufstream.Receiver, s abc.Stream) abc.Stream {
	if len(r.Buffered()) > 0 {
		return &ahead{s, r}
	}
	r.Detach()
	return s
}

// ahead is a stream of which more than the head was received.
type ahead struct {
	abc.Stream
	receiver *bufstream.Receiver
}

// ReceiveSome implements [abc.ReceiveStream].
func (a *ahead) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	return a.receiver.ReceiveSome(ctx, p)
}

// Close implements [abc.AsyncResource].
func (a *ahead) Close(ctx context.Context) error { return a.receiver.Close(ctx) }

// Unwrap implements [abc.Unwrapper].
func (a *ahead) Unwrap() abc.AsyncResource { return a.Stream }

func opError(op string, err error) error {
	return &abc.OpError{Op: op, Transport: "connectstream", Err: err}
}
