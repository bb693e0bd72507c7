package abctest

import (
	"context"
	"io"

	"github.com/tributary-go/tributary/abc"
)

// These cases are for streams that are an [abc.CopierFrom]. With the others
// they pass by [abc.Copy] alone.
var copyCases = section("Copy", []testCase[*pipe]{
	{"Arrives", "1: Copy sends all that its source has, until io.EOF, and does not end the stream", func(t *trial, x *pipe) {
		const total = 200_000
		copying := t.start("Copy", func() (int, error) {
			n, err := abc.Copy(t.ctx, x.s, &patternSource{total: total, end: io.EOF})
			if err == nil { // what is missing is seen by what comes next
				t.wantNil("SendAll after Copy", t.sendAll(t.ctx, x.s, []byte("alive")))
			}
			return int(n), err
		})
		t.receivePattern(x.r, total, newRand(60))
		next := make([]byte, len("alive"))
		t.receiveExactly(x.r, next)
		t.wantBytes("what was sent after Copy", next, []byte("alive"))
		n, err := copying.wait()
		t.wantNil("Copy", err)
		if n != total {
			t.fail("Copy to count 200000 bytes", "it counted %d", n)
		}
	}},

	{"SourceFails", "1: Copy returns the error of its source, after what came before", func(t *trial, x *pipe) {
		const total = 1000
		broken := &abc.OpError{Op: "receive", Transport: "abctest", Err: abc.Broken(errCause)}
		copying := t.start("Copy", func() (int, error) {
			n, err := abc.Copy(t.ctx, x.s, &patternSource{total: total, end: broken})
			return int(n), err
		})
		t.receivePattern(x.r, total, newRand(61))
		n, err := copying.wait()
		t.want("Copy whose source broke", err, abc.ErrBroken)
		if n != total || !is(errCause)(err) {
			t.fail("Copy to count 1000 bytes and to return its source's error", "it counted %d and returned %s", n, show(err))
		}
		t.works("Copy", x.s, x.r)
	}},

	{"DoneContext", "3.1: an operation with a done context returns its error at once and has no effect", func(t *trial, x *pipe) {
		ctx := t.cancelled()
		src := &patternSource{total: 10, end: io.EOF}
		n, err := abc.Copy(ctx, x.s, src)
		t.wantContext("Copy with a done context", err, ctx)
		if n != 0 || src.sent != 0 {
			t.fail("Copy with a done context to take nothing", "it counted %d bytes and took %d", n, src.sent)
		}
		t.works("Copy with a done context", x.s, x.r)
	}},

	{"AfterClose", "2.5: every operation after Close returns ErrClosed", func(t *trial, x *pipe) {
		t.wantNil("CloseForcefully", t.closeForcefully(x.s))
		_, err := abc.Copy(t.ctx, x.s, &patternSource{total: 10, end: io.EOF})
		t.want("Copy after Close", err, abc.ErrClosed)
	}},
}...)

// A patternSource is a receive stream that brings total bytes of the pattern,
// and then its end.
type patternSource struct {
	total, sent int
	end         error
}

func (s *patternSource) ReceiveSome(ctx context.Context, p []byte) (int, error) {
	switch {
	case ctx.Err() != nil:
		return 0, &abc.OpError{Op: "receive", Transport: "abctest", Err: abc.ContextErr(ctx)}
	case s.sent == s.total:
		return 0, s.end
	}
	p = p[:min(len(p), s.total-s.sent, 7001)]
	fill(p, s.sent)
	s.sent += len(p)
	return len(p), nil
}

func (s *patternSource) Close(context.Context) error { return nil }
