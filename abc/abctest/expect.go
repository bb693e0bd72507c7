package abctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/tributary-go/tributary/abc"
)

// rows is the contract's table of errors. Each error matches one of them.
var rows = []struct {
	name  string
	match func(error) bool
}{
	{"abc.ErrClosed", is(abc.ErrClosed)},
	{"abc.ErrBroken", is(abc.ErrBroken)},
	{"abc.ErrBusy", is(abc.ErrBusy)},
	{"abc.ErrEmptyBuffer", is(abc.ErrEmptyBuffer)},
	{"io.EOF", is(io.EOF)},
	{"errors.ErrUnsupported", is(errors.ErrUnsupported)},
	{"a context's error", isContext},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// wellFormed checks what holds for every error of an operation.
func (t *trial) wellFormed(what string, err error) {
	if err == nil || err == io.EOF {
		return
	}
	t.isOpError(what, err)
	var matched []string
	for _, row := range rows {
		if row.match(err) {
			matched = append(matched, row.name)
		}
	}
	if len(matched) != 1 {
		t.fail(what+": an error that matches one of the contract's errors (rule 1)", "%s matches %d of them: %v", show(err), len(matched), matched)
	}
	if errors.Is(err, io.EOF) {
		t.fail(what+": io.EOF itself (rule 1)", "it is wrapped: %s", show(err))
	}
	if errors.Is(err, net.ErrClosed) != errors.Is(err, abc.ErrClosed) {
		t.fail(what+": an error that matches net.ErrClosed if, and only if, it matches abc.ErrClosed (rule 1)", "%s", show(err))
	}
}

func (t *trial) isOpError(what string, err error) {
	var op *abc.OpError
	switch {
	case err == nil:
	case !errors.As(err, &op):
		t.fail(what+": an *abc.OpError (rule 1)", "%s", show(err))
	case op.Op == "" || op.Transport == "" || op.Err == nil:
		t.fail(what+": an *abc.OpError with Op, Transport and Err (rule 1)", "%#v", op)
	case errors.Is(err, context.DeadlineExceeded) && !op.Timeout(): // other errors may be timeouts as well
		t.fail(what+": an *abc.OpError whose Timeout is true when a deadline passed (rule 1)", "Timeout() is false of %s", show(err))
	}
}

// wantNil checks that an operation succeeded.
func (t *trial) wantNil(what string, err error) {
	if err != nil {
		t.fail(what+" to succeed", "%s", show(err))
	}
}

// want checks that err matches one of targets, by the rules for all errors.
func (t *trial) want(what string, err error, targets ...error) {
	names := ""
	for i, target := range targets {
		if errors.Is(err, target) {
			t.wellFormed(what, err)
			return
		}
		if i > 0 {
			names += " or "
		}
		names += name(target)
	}
	t.fail(what+": "+names, "%s", show(err))
}

func name(target error) string {
	for _, row := range rows {
		if row.match(target) {
			return row.name
		}
	}
	return target.Error()
}

// wantContext checks that err is the error of ctx, which is done.
func (t *trial) wantContext(what string, err error, ctx context.Context) {
	if err == nil || ctx.Err() == nil {
		t.fail(what+": the error of its context, once that is done, and not before", "%s", show(err))
	}
	if !errors.Is(err, ctx.Err()) {
		t.fail(what+": the error of its context, "+ctx.Err().Error(), "%s", show(err))
	}
	if !errors.Is(err, context.Cause(ctx)) {
		t.fail(what+": an error that also matches context.Cause of its context", "%s", show(err))
	}
	t.wellFormed(what, err)
}

// wantSent checks how many bytes a send that failed has taken.
func (t *trial) wantSent(what string, err error, n int) {
	if got := abc.Sent(err); got != n {
		t.fail(fmt.Sprintf("%s: an *abc.OpError with Sent %d", what, n), "Sent is %d", got)
	}
}

func (t *trial) wantBytes(what string, got, want []byte) {
	if !bytes.Equal(got, want) {
		t.fail(fmt.Sprintf("%s: %.64q", what, want), "%.64q", got)
	}
}

func show(err error) string {
	if err == nil {
		return "no error"
	}
	return fmt.Sprintf("%v (%T)", err, err)
}
