package serve_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/internal/serve"
)

// The file of each platform has what the platform's tables must be:
//
//	var wantExhaustion, wantPerConnection, fatal []syscall.Errno

func TestTablesOfErrnosAreComplete(t *testing.T) {
	require.ElementsMatch(t, errnos(wantExhaustion), serve.Exhaustion)
	require.ElementsMatch(t, errnos(wantPerConnection), serve.PerConnection)
}

func errnos(all []syscall.Errno) (errs []error) {
	for _, e := range all {
		errs = append(errs, e)
	}
	return errs
}

func TestEachErrnoHasItsConsequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		test := func(err error, pauses int, ends bool) {
			log := &recorder{}
			l, f := newListener(t, serve.Config{Logger: slog.New(log)})
			f.fail(err)
			var handled atomic.Bool
			ended := start(t.Context(), l, func(context.Context, abc.Stream) { handled.Store(true) })
			f.connect()
			time.Sleep(time.Second)
			synctest.Wait()
			require.Len(t, log.records, pauses, "%v", err)
			require.EqualValues(t, pauses, l.Stats().BackOffs, "%v", err)
			require.Equal(t, !ends, handled.Load(), "%v", err)
			if ends {
				requireServeError(t, ended, err)
				require.Zero(t, l.Stats().AcceptErrors)
			}
			require.NoError(t, l.Close(t.Context()))
		}
		for _, errno := range wantExhaustion {
			test(netError(errno), 1, false)
		}
		for _, errno := range wantPerConnection {
			test(netError(errno), 0, false)
			test(fmt.Errorf("in a layer: %w", &abc.OpError{Op: "accept", Transport: "x", Err: errno}), 0, false)
		}
		for _, errno := range fatal {
			test(netError(errno), 0, true)
		}
		// What only reads like one is none.
		test(fmt.Errorf("%v", wantExhaustion[0]), 0, true)
	})
}
