// Package httprequest receives HTTP/1.1 requests (RFC 9112) by a bufstream.Receiver.
package httprequest

import (
	"cmp"
	"context"
	"io"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/tributary-go/tributary/bufstream"
)

type Request struct {
	Method, Target, Proto string
	Header                textproto.MIMEHeader
	Body                  []byte // whole
}

var crlf = []byte("\r\n")

// Receive receives the next request, io.EOF if there is none. What follows stays
// in r. What is no request, or not to be trusted, is a textproto.ProtocolError.
func Receive(ctx context.Context, r *bufstream.Receiver) (*Request, error) {
	line, err := r.ReceiveUntil(ctx, crlf)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(string(line), " ")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || !strings.HasPrefix(parts[2], "HTTP/1.") {
		return nil, textproto.ProtocolError("malformed request line: " + string(line))
	}
	req := &Request{parts[0], parts[1], parts[2], textproto.MIMEHeader{}, nil}
	if err = req.receiveHeader(ctx, r); err == nil {
		lengths, encodings := req.Header["Content-Length"], req.Header["Transfer-Encoding"]
		switch {
		case len(lengths)+len(encodings) > 1, len(encodings) == 1 && !strings.EqualFold(encodings[0], "chunked"):
			err = textproto.ProtocolError("length of the body") // section 6.3: this is how requests are smuggled
		case len(lengths) == 1:
			err = req.receiveBody(ctx, r, lengths[0], 10)
		case len(encodings) == 1:
			err = req.receiveChunks(ctx, r)
		}
	}
	if err == io.EOF { // in the middle
		err = io.ErrUnexpectedEOF
	}
	return req, err
}

func (req *Request) receiveHeader(ctx context.Context, r *bufstream.Receiver) error {
	for range 101 {
		line, err := r.ReceiveUntil(ctx, crlf)
		if len(line) == 0 || err != nil {
			return err
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") || strings.ContainsAny(value, "\r\n\x00") {
			return textproto.ProtocolError("malformed field: " + string(line))
		}
		req.Header.Add(name, strings.Trim(value, " \t"))
	}
	return textproto.ProtocolError("too many fields")
}

// receiveBody appends as many bytes to the body as number says.
func (req *Request) receiveBody(ctx context.Context, r *bufstream.Receiver, number string, base int) error {
	n, err := strconv.ParseUint(number, base, 31) // takes no sign
	if err != nil || int(n) > 1<<20-len(req.Body) {
		return textproto.ProtocolError("length of the body: " + number)
	}
	p, err := r.Peek(ctx, int(n)) // which needs no memory for what does not come
	if req.Body = append(req.Body, p...); err == nil {
		_, err = r.Discard(ctx, int(n))
	}
	return err
}

// receiveChunks receives a body of section 7.1, and its trailers.
func (req *Request) receiveChunks(ctx context.Context, r *bufstream.Receiver) error {
	for {
		line, err := r.ReceiveUntil(ctx, crlf)
		if err != nil {
			return err
		}
		number, _, _ := strings.Cut(string(line), ";")
		before := len(req.Body)
		if err := req.receiveBody(ctx, r, number, 16); err != nil {
			return err
		}
		if len(req.Body) == before {
			return req.receiveHeader(ctx, r)
		}
		if line, err = r.ReceiveUntil(ctx, crlf); len(line) > 0 || err != nil {
			return cmp.Or(err, error(textproto.ProtocolError("chunk does not end")))
		}
	}
}
