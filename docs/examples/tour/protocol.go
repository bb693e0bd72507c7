package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
)

// The protocol: a request is a length, as 8 bytes, big-endian, and that many
// bytes. The response is their SHA-256. There may be many on a connection. When
// the client ends its direction, the server answers with farewell and closes.
// Both sides know nothing of the transport.

const farewell = "goodbye"

// A server answers requests, and tells how each connection ended.
type server struct {
	ended chan error // io.EOF, or what broke the connection; has room for all of them
}

func (srv *server) handle(ctx context.Context, s abc.Stream) {
	buf := make([]byte, 256<<10)
	err := error(nil)
	for err == nil {
		err = srv.answer(ctx, s, buf)
	}
	if err == io.EOF {
		// A client that closed as a whole does not hear it, and need not.
		_ = s.SendAll(ctx, []byte(farewell))
		_ = s.Close(ctx)
	}
	srv.ended <- err
}

func (srv *server) answer(ctx context.Context, s abc.Stream, buf []byte) error {
	var length [8]byte
	if _, err := io.ReadFull(bridge.Reader(ctx, s), length[:]); err != nil {
		return err
	}
	digest := sha256.New()
	if err := hashExactly(ctx, s, digest, binary.BigEndian.Uint64(length[:]), buf); err != nil {
		return err
	}
	return s.SendAll(ctx, digest.Sum(nil))
}

func hashExactly(ctx context.Context, s abc.Stream, digest hash.Hash, n uint64, buf []byte) error {
	for n > 0 {
		got, err := s.ReceiveSome(ctx, buf[:min(n, uint64(len(buf)))])
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		digest.Write(buf[:got])
		n -= uint64(got)
	}
	return nil
}

// request sends one request.
func request(ctx context.Context, s abc.Stream, data []byte) error {
	header := binary.BigEndian.AppendUint64(nil, uint64(len(data)))
	return abc.SendVector(ctx, s, header, data)
}
