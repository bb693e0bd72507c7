//go:build unix

package serve_test

import (
	"context"
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

func TestEachErrnoHasItsConsequence(t *testing.T) {
	exhaustion := []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}
	skipped := []syscall.Errno{
		syscall.EPERM, syscall.ECONNABORTED, syscall.EPROTO, syscall.ENETDOWN, syscall.ENOPROTOOPT, syscall.EHOSTDOWN,
		syscall.EHOSTUNREACH, syscall.EOPNOTSUPP, syscall.ENETUNREACH, syscall.ESOCKTNOSUPPORT,
		syscall.EPROTONOSUPPORT, syscall.ETIMEDOUT, syscall.ECONNRESET,
	}
	fatal := []syscall.Errno{syscall.EBADF, syscall.EINVAL, syscall.EACCES, syscall.EIO, syscall.ENOTSOCK}
	synctest.Test(t, func(t *testing.T) {
		test := func(errno syscall.Errno, logged int, ends bool) {
			log := &recorder{}
			l, f := newListener(t, serve.Config{Logger: slog.New(log)})
			f.fail(netError(errno))
			var handled atomic.Bool
			ended := start(t.Context(), l, func(context.Context, abc.Stream) { handled.Store(true) })
			f.connect()
			time.Sleep(time.Second)
			synctest.Wait()
			require.Len(t, log.records, logged, "%v", errno)
			require.Equal(t, !ends, handled.Load(), "%v", errno)
			if ends {
				requireServeError(t, ended, errno)
			}
			require.NoError(t, l.Close(t.Context()))
		}
		for _, errno := range exhaustion {
			test(errno, 1, false)
		}
		for _, errno := range skipped {
			test(errno, 0, false)
		}
		for _, errno := range fatal {
			test(errno, 0, true)
		}
	})
}
