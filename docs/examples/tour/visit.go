package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/tlsstream"
)

// visit serves the protocol over one transport, calls it, and checks.
func visit(ctx context.Context, tr transport, data []byte) (row, error) {
	r := row{name: tr.name, bytes: len(data)}
	l, dial, err := tr.open(ctx)
	if err != nil {
		return r, fmt.Errorf("open: %w", err)
	}
	srv := &server{ended: make(chan error, 8)}
	served := make(chan error, 1)
	go func() { served <- l.Serve(ctx, srv.handle) }()

	checks := []struct {
		name string
		run  func(context.Context, *row, *server, abc.Stream, []byte) error
	}{
		{"sha256", transfer},
		{"cancelled receive", cancelledReceive},
		{"half-close", halfClose},
		{"forceful close", forcefulClose},
	}
	for _, check := range checks {
		if err = callOnce(ctx, dial, func(s abc.Stream) error { return check.run(ctx, &r, srv, s, data) }); err != nil {
			err = fmt.Errorf("%s: %w", check.name, err)
			break
		}
	}
	// The listener is a resource like any other. Everyone has left, so closing
	// it gracefully does not wait.
	if err != nil {
		_ = closeutil.CloseForcefully(l)
	} else if err = l.Close(ctx); err != nil {
		err = fmt.Errorf("close the listener: %w", err)
	}
	if serveErr := <-served; err == nil && !errors.Is(serveErr, abc.ErrClosed) {
		err = fmt.Errorf("serve: %w", serveErr)
	}
	return r, err
}

func callOnce(ctx context.Context, dial dialer, f func(abc.Stream) error) error {
	s, err := dial(ctx)
	if err != nil {
		return err
	}
	defer closeutil.CloseForcefully(s) // no effect on one that is closed
	return f(s)
}

// transfer sends the data, compares the digest, and closes gracefully: the
// server sees a clean end.
func transfer(ctx context.Context, r *row, srv *server, s abc.Stream, data []byte) error {
	begin := time.Now()
	if err := request(ctx, s, data); err != nil {
		return err
	}
	if err := expectDigest(ctx, s, data); err != nil {
		return err
	}
	r.elapsed = time.Since(begin)
	r.did("sha256")
	if err := s.Close(ctx); err != nil {
		return fmt.Errorf("graceful close: %w", err)
	}
	if end := <-srv.ended; end != io.EOF {
		return fmt.Errorf("after a graceful close the server saw %w", orNil(end))
	}
	r.did("graceful")
	return nil
}

func expectDigest(ctx context.Context, s abc.Stream, data []byte) error {
	want, got := sha256.Sum256(data), make([]byte, sha256.Size)
	if _, err := io.ReadFull(bridge.Reader(ctx, s), got); err != nil {
		return err
	}
	if !bytes.Equal(want[:], got) {
		return fmt.Errorf("the other side has SHA-256 %x, it is %x", got, want)
	}
	return nil
}

// cancelledReceive cancels a receive before there is anything, while the
// response may be on its way, and between the bytes of it.
func cancelledReceive(ctx context.Context, r *row, srv *server, s abc.Stream, _ []byte) error {
	small := []byte("a small request")
	want, got := sha256.Sum256(small), []byte(nil)
	cancelled := 0
	receive := func(patience time.Duration) error {
		short, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var p [5]byte
		n, err := s.ReceiveSome(short, p[:])
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			cancelled++
			return nil
		}
		got = append(got, p[:n]...)
		return err
	}
	if err := receive(time.Millisecond); err != nil {
		return err
	}
	if err := request(ctx, s, small); err != nil {
		return err
	}
	for len(got) < len(want) {
		if err := receive(10 * time.Microsecond); err != nil {
			return err
		}
	}
	if cancelled == 0 {
		return errors.New("none was cancelled")
	}
	if !bytes.Equal(want[:], got) {
		return fmt.Errorf("%d receives were cancelled, and %x became %x", cancelled, want, got)
	}
	r.did("cancel")
	if err := s.Close(ctx); err != nil {
		return err
	}
	<-srv.ended
	return nil
}

// halfClose ends one direction and receives the answer in the other; or is told
// that this transport can't, and goes on.
func halfClose(ctx context.Context, r *row, srv *server, s abc.Stream, _ []byte) error {
	if err := request(ctx, s, nil); err != nil {
		return err
	}
	if err := expectDigest(ctx, s, nil); err != nil {
		return err
	}
	err := s.SendEOF(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		if err := request(ctx, s, nil); err != nil {
			return err
		}
		if err := expectDigest(ctx, s, nil); err != nil {
			return err
		}
		r.did("no half-close, said so")
		_ = s.Close(ctx)
		<-srv.ended
		return nil
	}
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(bridge.Reader(ctx, s))
	if err != nil {
		return err
	}
	if string(answer) != farewell {
		return fmt.Errorf("the answer after our end was %q", answer)
	}
	if end := <-srv.ended; end != io.EOF {
		return fmt.Errorf("the server saw %w", orNil(end))
	}
	r.did("half-close")
	return s.Close(ctx)
}

// forcefulClose closes in the middle of a request. Over TLS the server must
// refuse that as a truncation.
func forcefulClose(ctx context.Context, r *row, srv *server, s abc.Stream, _ []byte) error {
	if err := request(ctx, s, nil); err != nil {
		return err
	}
	if err := expectDigest(ctx, s, nil); err != nil {
		return err
	}
	if err := s.SendAll(ctx, []byte{0, 0, 0}); err != nil { // of 8 bytes
		return err
	}
	if err := closeutil.CloseForcefully(s); err != nil {
		return err
	}
	if _, err := s.ReceiveSome(ctx, make([]byte, 1)); !errors.Is(err, abc.ErrClosed) {
		return fmt.Errorf("a receive afterwards: %w", orNil(err))
	}
	end := <-srv.ended
	r.did("forceful")
	if _, ok := s.(*tlsstream.Stream); !ok {
		return nil
	}
	if !errors.Is(end, tlsstream.ErrTruncated) || !errors.Is(end, abc.ErrBroken) {
		return fmt.Errorf("the server took a truncated TLS stream for %w", orNil(end))
	}
	r.did("truncation refused")
	return nil
}

// orNil makes an error of nil that can be printed with %w.
func orNil(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}
