package tlsstream

import (
	"context"
	"encoding/binary"

	"github.com/tributary-go/tributary/abc"
)

// A readAhead gives crypto/tls one record at a time of what was received from
// the transport. By itself crypto/tls keeps all that it can get, for two ends
// that are not ours: what follows the peer's close_notify could not be had back
// by Detach, and under TLS 1.2 it looks for a close_notify behind the data that
// it is about to return, and holds that back until the rest of it has come.
//
// crypto/tls, which never sees more than a record, asks for no more either. So
// while much comes, the transport is asked for several records at once.
type readAhead struct {
	surplus []byte // what was received beyond the current record
	buffer  []byte // surplus is a part of it

	header [5]byte // of the current record: its type, version and length
	have   int     // how much of the header was given to crypto/tls
	body   int     // how much of the body is to be given, if the header was

	flood bool // the last receive brought a record's worth and filled its room
}

// fullRecord is how many bytes of data, at most, are in a record.
const fullRecord = 16 << 10

// take fills p from the surplus, but only to the end of the current record.
func (r *readAhead) take(p []byte) (n int) {
	if len(r.surplus) == 0 {
		return 0
	}
	n = r.advance(r.surplus[:min(len(p), len(r.surplus))])
	copy(p, r.surplus[:n])
	if r.surplus = r.surplus[n:]; len(r.surplus) == 0 {
		freeBuffer(r.buffer)
		r.surplus, r.buffer = nil, nil
	}
	return n
}

// receive fills p from the transport, when there is no surplus.
func (r *readAhead) receive(ctx context.Context, transport abc.ReceiveStream, p []byte) (int, error) {
	if r.flood && r.body > 0 {
		return r.receiveMore(ctx, transport, p)
	}
	n, err := transport.ReceiveSome(ctx, p)
	r.flood = n == len(p) && n >= fullRecord
	return r.split(p[:n]), err
}

// receiveMore receives into a buffer of its own, which is larger. It is for the
// middle of a record, whose rest is on its way: a stream that waits for data
// holds no such buffer.
func (r *readAhead) receiveMore(ctx context.Context, transport abc.ReceiveStream, p []byte) (int, error) {
	b := newBuffer(largeBuffer)
	n, err := transport.ReceiveSome(ctx, b[:cap(b)])
	r.flood = n == cap(b)
	if n == 0 {
		freeBuffer(b)
		return 0, err
	}
	r.buffer, r.surplus = b, b[:n]
	return r.take(p), err
}

// split returns how much of p, which came after all that there was, belongs to
// the current record, and keeps the rest.
func (r *readAhead) split(p []byte) (n int) {
	n = r.advance(p)
	if rest := p[n:]; len(rest) > 0 {
		r.buffer = appendBuffer(nil, rest)
		r.surplus = r.buffer
	}
	return n
}

// advance returns how much of p belongs to the current record, and goes on to
// the next one at its end.
func (r *readAhead) advance(p []byte) (n int) {
	if r.have < len(r.header) {
		n = copy(r.header[r.have:], p)
		if r.have += n; r.have < len(r.header) {
			return n
		}
		r.body = int(binary.BigEndian.Uint16(r.header[3:]))
	}
	k := min(r.body, len(p)-n)
	if r.body -= k; r.body == 0 {
		r.have = 0
	}
	return n + k
}
