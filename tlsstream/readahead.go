package tlsstream

import "encoding/binary"

// A readAhead gives crypto/tls one record at a time of what was received from
// the transport. By itself crypto/tls keeps all that it can get, for two ends
// that are not ours: what follows the peer's close_notify could not be had back
// by Detach, and under TLS 1.2 it looks for a close_notify behind the data that
// it is about to return, and holds that back until the rest of it has come.
type readAhead struct {
	surplus []byte // what was received beyond the current record
	buffer  []byte // surplus is a part of it

	header [5]byte // of the current record: its type, version and length
	have   int     // how much of the header was given to crypto/tls
	body   int     // how much of the body is to be given, if the header was
}

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

// split returns how much of p, which came after all that there was, belongs to
// the current record, and keeps the rest.
func (r *readAhead) split(p []byte) (n int) {
	n = r.advance(p)
	if rest := p[n:]; len(rest) > 0 {
		r.buffer = append(newBuffer(), rest...)
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
