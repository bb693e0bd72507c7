package closeutil_test

import (
	"context"
	"errors"

	"github.com/tributary-go/tributary/abc"
)

var errFake = errors.New("fake failure")

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// closeFunc is a resource made of its Close.
type closeFunc func(ctx context.Context) error

func (f closeFunc) Close(ctx context.Context) error { return f(ctx) }

// endless is a resource whose peer never agrees to a graceful end.
var endless = closeFunc(func(ctx context.Context) error {
	<-ctx.Done()
	return &abc.OpError{Op: "close", Transport: "fake", Err: abc.ContextErr(ctx)}
})

func fails(err error) closeFunc { return func(context.Context) error { return err } }
