package socketstream

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/tributary-go/tributary/abc"
)

// A readerLender is a receive stream that reads from an io.Reader and lends it,
// as that of bridge.FromReader does. LendReader calls use, which must not
// block, as a receive of its own: use returns io.EOF or the reader's error
// where it met one, and LendReader returns that as the error of a receive. Where
// it can't lend it, the error matches [errors.ErrUnsupported].
type readerLender interface {
	abc.ReceiveStream
	LendReader(ctx context.Context, use func(io.Reader) error) error
}

// maxSendFile bounds one sendfile(2), in bytes, so that the context is looked at
// now and then although nothing blocks.
const maxSendFile = 4 << 20

// copyFromFile is copyFrom for a file. It borrows the file only for calls that
// do not block, and waits for the socket in between.
func (s *Stream) copyFromFile(ctx context.Context, src readerLender) (total int64, err error) {
	f := sendFile{out: &s.sending}
	f.try = f.trySendFile
	for {
		f.n, f.blocked, f.err = 0, false, nil
		err := src.LendReader(ctx, f.send)
		total += int64(f.n)
		switch {
		case f.err != nil:
			return total, s.sendError(ctx, "send", f.n, f.err)
		case err == io.EOF:
			return total, nil
		case errors.Is(err, errors.ErrUnsupported) && total == 0:
			return 0, errNoShortWay
		case errors.Is(err, errors.ErrUnsupported):
			// What is wrong with the file is for a read to say.
			n, err := abc.Copy(ctx, insider{s, s}, src)
			return total + n, err
		case err != nil:
			return total, err
		}
		if f.blocked {
			if err := s.sending.wait(ctx); err != nil {
				return total, s.sendError(ctx, "send", 0, err)
			}
		}
	}
}

// A sendFile is one sendfile(2).
type sendFile struct {
	out  *half
	file int
	try  rawStep

	n       int
	blocked bool
	ended   bool
	cannot  bool
	err     error // of the socket
}

// send is a use for LendReader.
func (f *sendFile) send(r io.Reader) error {
	file, ok := r.(*os.File)
	if !ok {
		return errNoShortWay
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	f.ended, f.cannot = false, false
	err = raw.Control(func(fd uintptr) {
		var status syscall.Stat_t
		if syscall.Fstat(int(fd), &status) != nil || status.Mode&syscall.S_IFMT != syscall.S_IFREG {
			f.cannot = true
			return
		}
		f.file = int(fd)
		f.n, f.err = f.out.do(context.Background(), f.try, nil)
	})
	switch {
	case err != nil:
		return err
	case f.cannot:
		return errNoShortWay
	case f.ended:
		return io.EOF
	}
	return nil
}

func (f *sendFile) trySendFile(o *rawOp, fd uintptr) (done bool) {
	for {
		o.writes()
		n, err := syscall.Sendfile(int(fd), f.file, nil, maxSendFile)
		switch err {
		case nil:
			o.wrote(n)
			f.ended = n == 0
		case syscall.EINTR:
			o.wrote(0)
			continue
		case syscall.EAGAIN:
			o.wrote(0)
			f.blocked = true
		case syscall.EPIPE, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.ETIMEDOUT, syscall.ENOTCONN,
			syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.ENETRESET:
			return o.failWrite("sendfile", err) // the socket's
		default:
			o.wrote(0)
			f.cannot = true // the file's, of which there are many; or a send will say so
		}
		return true
	}
}

// An insider is a stream for who is inside its sending half. It has no short way.
type insider struct {
	abc.AsyncResource
	s *Stream
}

func (i insider) SendAll(ctx context.Context, p []byte) error { return i.s.send(ctx, p) }
