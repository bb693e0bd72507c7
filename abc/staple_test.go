package abc_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/memstream"
)

// stapled is a Staple of two memory streams, and their other ends.
func stapled(opts *memstream.Options) (s *abc.Stapled, peerRecv *memstream.ReceiveStream, peerSend *memstream.SendStream) {
	send, peerRecv := memstream.OneWay(opts)
	peerSend, recv := memstream.OneWay(opts)
	return abc.Staple(send, recv), peerRecv, peerSend
}

func TestStapleJoinsTwoHalves(t *testing.T) {
	send, recv := &sendFake{}, chunks("in")
	s := abc.Staple(send, recv)
	gotSend, gotRecv := s.Halves()
	require.Same(t, send, gotSend)
	require.Same(t, recv, gotRecv)

	require.NoError(t, s.SendAll(t.Context(), []byte("out")))
	require.Equal(t, [][]byte{[]byte("out")}, send.got)
	require.Equal(t, "in", string(readAll(t, s)))
}

func TestStapleOfNilPanics(t *testing.T) {
	require.Panics(t, func() { abc.Staple(nil, chunks()) })
	require.Panics(t, func() { abc.Staple(&sendFake{}, nil) })
}

func TestStapleReportsErrorsInOrder(t *testing.T) {
	s := abc.Staple(&sendFake{}, chunks("in"))
	ops := map[string]func(ctx context.Context) error{
		"send":          func(ctx context.Context) error { return s.SendAll(ctx, nil) },
		"wait sendable": s.WaitSendable,
		"send EOF":      s.SendEOF,
		"receive": func(ctx context.Context) error {
			_, err := s.ReceiveSome(ctx, make([]byte, 1))
			return err
		},
	}
	check := func(ctx context.Context, want error) {
		for name, op := range ops {
			err := op(ctx)
			require.ErrorIs(t, err, want, name)
			var opErr *abc.OpError
			require.ErrorAs(t, err, &opErr)
			require.Equal(t, name, opErr.Op)
			require.Equal(t, "staple", opErr.Transport)
		}
	}
	check(cancelled(), context.Canceled)
	_, err := s.ReceiveSome(t.Context(), nil)
	require.ErrorIs(t, err, abc.ErrEmptyBuffer)
	require.NoError(t, s.Close(t.Context()))
	check(t.Context(), abc.ErrClosed)
	check(cancelled(), context.Canceled)
	_, err = s.ReceiveSome(t.Context(), nil)
	require.ErrorIs(t, err, abc.ErrEmptyBuffer)
}

func TestStaplePassesOptionalInterfacesOn(t *testing.T) {
	send := &optionalFake{copied: 7}
	s := abc.Staple(send, chunks())
	require.NoError(t, abc.WaitSendable(t.Context(), s))
	require.NoError(t, abc.SendVector(t.Context(), s, []byte("a"), []byte("b")))
	n, err := abc.Copy(t.Context(), s, chunks("xyz"))
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
	require.Equal(t, []string{"WaitSendable", "SendVector", "CopyFrom"}, send.calls)
	require.Empty(t, send.got)

	send.err, send.copyErr = errFake, errFake
	require.Equal(t, errFake, s.WaitSendable(t.Context()))
	require.Equal(t, errFake, s.SendVector(t.Context(), nil))
	n, err = s.CopyFrom(t.Context(), chunks())
	require.Equal(t, errFake, err)
	require.EqualValues(t, 7, n)
}

func TestStapleFallsBackWhereAHalfHasNoOptionalInterface(t *testing.T) {
	send := &sendFake{}
	s := abc.Staple(send, chunks())
	require.NoError(t, abc.WaitSendable(t.Context(), s))
	require.NoError(t, abc.SendVector(t.Context(), s, []byte("a"), []byte("b")))
	_, err := s.CopyFrom(t.Context(), chunks("x"))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	n, err := abc.Copy(t.Context(), s, chunks("cd"))
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Equal(t, [][]byte{[]byte("ab"), []byte("cd")}, send.got)
}

func TestStapleExcludesOperationsOnTheSameHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s, peerRecv, peerSend := stapled(&memstream.Options{Capacity: memstream.Lockstep})
		sent, received := make(chan error, 1), make(chan error, 1)
		go func() { sent <- s.SendAll(ctx, []byte("x")) }()
		go func() {
			_, err := s.ReceiveSome(ctx, make([]byte, 1))
			received <- err
		}()
		synctest.Wait()
		require.ErrorIs(t, s.SendAll(ctx, nil), abc.ErrBusy)
		require.ErrorIs(t, s.SendVector(ctx, nil), abc.ErrBusy)
		require.ErrorIs(t, s.WaitSendable(ctx), abc.ErrBusy)
		require.ErrorIs(t, s.SendEOF(ctx), abc.ErrBusy, "and not an interruption (Trio's issue 1180)")
		_, err := s.ReceiveSome(ctx, make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrBusy)

		n, err := peerRecv.ReceiveSome(ctx, make([]byte, 9))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.NoError(t, <-sent, "the first goes on undisturbed")
		require.NoError(t, peerSend.SendAll(ctx, []byte("y")))
		require.NoError(t, <-received)
	})
}

func TestStapleSendEOFExcludesOtherSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		for name, send := range map[string]abc.SendStream{
			"its own": &eofFake{onSendEOF: blockUntil(end)},
			"a close": &sendFake{onClose: blockUntil(end)},
		} {
			s := abc.Staple(send, chunks())
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.SendEOF(ctx) }()
			synctest.Wait()
			require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrBusy, name)
			require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrBusy, name)
			require.Empty(t, done, "the first goes on undisturbed")
			cancel()
			require.ErrorIs(t, <-done, context.Canceled, name)
		}
	})
}

func TestStapleSendEOFUsesTheHalfsOwn(t *testing.T) {
	send := &eofFake{}
	s := abc.Staple(send, chunks("in"))
	require.NoError(t, s.SendEOF(t.Context()))
	require.Equal(t, 1, send.eofs)
	require.Zero(t, send.closes.Load())
	require.Equal(t, "in", string(readAll(t, s)))

	a, b := memstream.Pair(nil)
	s = abc.Staple(a, chunks())
	require.NoError(t, s.SendAll(t.Context(), []byte("x")))
	require.NoError(t, s.SendEOF(t.Context()))
	require.NoError(t, s.SendEOF(t.Context()))
	require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
	require.Equal(t, "x", string(readAll(t, b)))
}

func TestStapleSendEOFThatIsUnsupportedChangesNothing(t *testing.T) {
	send := &eofFake{onSendEOF: func(context.Context) error {
		return &abc.OpError{Op: "send EOF", Transport: "fake", Err: errors.ErrUnsupported}
	}}
	s := abc.Staple(send, chunks())
	require.ErrorIs(t, s.SendEOF(t.Context()), errors.ErrUnsupported)
	require.NoError(t, s.SendAll(t.Context(), []byte("more")))
	require.Zero(t, send.closes.Load())
}

func TestStapleSendEOFClosesAHalfThatHasNone(t *testing.T) {
	s, peerRecv, peerSend := stapled(nil)
	ctx := t.Context()
	require.NoError(t, s.SendAll(ctx, []byte("question")))
	require.NoError(t, s.SendEOF(ctx))
	require.Equal(t, "question", string(readAll(t, peerRecv)))

	require.NoError(t, s.SendEOF(ctx), "idempotent")
	require.ErrorIs(t, s.SendEOF(cancelled()), context.Canceled)
	require.ErrorIs(t, s.SendAll(ctx, nil), abc.ErrClosed)
	require.ErrorIs(t, s.SendVector(ctx, nil), abc.ErrClosed)
	require.ErrorIs(t, s.WaitSendable(ctx), abc.ErrClosed)

	require.NoError(t, peerSend.SendAll(ctx, []byte("answer")))
	require.NoError(t, peerSend.Close(ctx))
	require.Equal(t, "answer", string(readAll(t, s)))
	require.NoError(t, s.Close(ctx))
}

func TestStapleSendEOFClosesTheHalfOnce(t *testing.T) {
	send := &sendFake{}
	s := abc.Staple(send, chunks())
	for range 3 {
		require.NoError(t, s.SendEOF(t.Context()))
	}
	require.EqualValues(t, 1, send.closes.Load())
}

func TestStapleSendEOFWithADoneContextDoesNotCloseTheHalf(t *testing.T) {
	send := &sendFake{}
	s := abc.Staple(send, chunks())
	require.ErrorIs(t, s.SendEOF(cancelled()), context.Canceled)
	require.Zero(t, send.closes.Load())
	require.NoError(t, s.SendAll(t.Context(), []byte("x")))
}

func TestStapleSendEOFThatFailsIsBroken(t *testing.T) {
	send := &sendFake{onClose: func(context.Context) error { return syscall.EPIPE }}
	s := abc.Staple(send, chunks())
	for range 2 {
		err := s.SendEOF(t.Context())
		require.ErrorIs(t, err, abc.ErrBroken, "the half is closed, and the peer did not see a good end")
		require.ErrorIs(t, err, syscall.EPIPE)
	}
	require.EqualValues(t, 1, send.closes.Load())
	require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
}

func TestStapleSendEOFThatIsCancelledBreaksTheHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		send := &sendFake{onClose: blockUntil(nil)}
		s := abc.Staple(send, chunks())
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			synctest.Wait()
			cancel(errFake)
		}()
		err := s.SendEOF(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errFake)
		require.NotErrorIs(t, err, abc.ErrBroken)

		err = s.SendEOF(t.Context())
		require.ErrorIs(t, err, abc.ErrBroken)
		require.NotErrorIs(t, err, context.Canceled, "an operation's context never affects another operation")
		require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
	})
}

func TestStapleAfterCloseIsClosed(t *testing.T) {
	for _, eof := range []bool{false, true} {
		s, _, peerSend := stapled(nil)
		require.NoError(t, peerSend.SendAll(t.Context(), []byte("unread")))
		if eof {
			require.NoError(t, s.SendEOF(t.Context()))
		}
		require.NoError(t, s.Close(t.Context()))
		require.NoError(t, s.Close(t.Context()), "closing twice is fine")
		require.NoError(t, s.Close(cancelled()))
		require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrClosed, "even if the end had been sent")
		_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
		require.ErrorIs(t, err, abc.ErrClosed)
		_, err = s.CopyFrom(t.Context(), chunks("x"))
		require.ErrorIs(t, err, errors.ErrUnsupported, "memory has no short way, closed or not")
		require.ErrorIs(t, peerSend.SendAll(t.Context(), []byte("x")), abc.ErrBroken)
	}
}

func TestStapleAfterCloseLeavesTheHalvesAlone(t *testing.T) {
	asked := 0
	s := abc.Staple(&eofFake{
		sendFake:  sendFake{onSend: func(context.Context, []byte) error { asked++; return nil }},
		onSendEOF: func(context.Context) error { asked++; return nil },
	}, &recvFake{onReceive: func(context.Context, []byte) (int, error) { asked++; return 1, nil }})
	require.NoError(t, s.Close(t.Context()))
	require.ErrorIs(t, s.SendAll(t.Context(), nil), abc.ErrClosed)
	require.ErrorIs(t, s.SendEOF(t.Context()), abc.ErrClosed)
	_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
	require.ErrorIs(t, err, abc.ErrClosed)
	require.Zero(t, asked)
}

func TestStapleCloseClosesBothHalvesThoughOneFails(t *testing.T) {
	sendErr, recvErr := errors.New("send half"), errors.New("receive half")
	for name, ctx := range map[string]context.Context{"graceful": context.Background(), "forceful": cancelled()} {
		t.Run(name, func(t *testing.T) {
			var sendCtx, recvCtx context.Context
			send := &sendFake{onClose: func(ctx context.Context) error { sendCtx = ctx; return sendErr }}
			recv := &recvFake{onClose: func(ctx context.Context) error { recvCtx = ctx; return recvErr }}
			err := abc.Staple(send, recv).Close(ctx)
			require.Equal(t, ctx.Err(), sendCtx.Err())
			require.Equal(t, ctx.Err(), recvCtx.Err())
			require.ErrorIs(t, err, sendErr)
			require.ErrorIs(t, err, recvErr)
			require.EqualValues(t, 1, send.closes.Load())
			require.EqualValues(t, 1, recv.closes.Load())
		})
	}
}

// While the graceful close of one half goes on, those who are blocked on the
// other one are woken.
func TestStapleCloseWakesBlockedOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		woken, closed := make(chan error, 1), make(chan error, 1)

		_, recv := memstream.OneWay(nil)
		s := abc.Staple(&sendFake{onClose: blockUntil(end)}, recv)
		go func() {
			_, err := s.ReceiveSome(t.Context(), make([]byte, 1))
			woken <- err
		}()
		synctest.Wait()
		go func() { closed <- s.Close(t.Context()) }()
		require.ErrorIs(t, <-woken, abc.ErrClosed)
		synctest.Wait()
		require.Empty(t, closed, "the sending half is not closed yet")
		close(end)
		require.NoError(t, <-closed)

		end = make(chan struct{})
		send, _ := memstream.OneWay(&memstream.Options{Capacity: memstream.Lockstep})
		s = abc.Staple(send, &recvFake{onClose: blockUntil(end)})
		go func() { woken <- s.SendAll(t.Context(), []byte("x")) }()
		synctest.Wait()
		go func() { closed <- s.Close(t.Context()) }()
		require.ErrorIs(t, <-woken, abc.ErrClosed)
		synctest.Wait()
		require.Empty(t, closed, "the receiving half is not closed yet")
		close(end)
		require.NoError(t, <-closed)
	})
}

func TestStapleForcefulCloseCutsAGracefulOneShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Each half cuts its own close short, as every resource does.
		forced := make(chan struct{})
		closeHalf := func(ctx context.Context) error {
			if ctx.Err() != nil {
				close(forced)
				return ctx.Err()
			}
			<-forced
			return abc.ErrClosed
		}
		s := abc.Staple(&sendFake{onClose: closeHalf}, chunks())
		closed := make(chan error, 1)
		go func() { closed <- s.Close(t.Context()) }()
		synctest.Wait()
		require.ErrorIs(t, s.Close(cancelled()), context.Canceled)
		require.ErrorIs(t, <-closed, abc.ErrClosed)
	})
}

// What the peer does about our close comes in before our receiving half is
// closed, and is not delivered.
func TestStapleDoesNotDeliverThePeersReaction(t *testing.T) {
	for name, ctx := range map[string]context.Context{"graceful": context.Background(), "forceful": cancelled()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reaction, delivered := make(chan struct{}), make(chan struct{})
				send := &sendFake{onClose: func(context.Context) error {
					close(reaction)
					<-delivered
					return nil
				}}
				recv := &recvFake{onReceive: func(_ context.Context, p []byte) (int, error) {
					<-reaction
					return copy(p, "bye"), nil
				}}
				s := abc.Staple(send, recv)
				go func() {
					synctest.Wait()
					_ = s.Close(ctx)
				}()
				n, err := s.ReceiveSome(t.Context(), make([]byte, 9))
				require.ErrorIs(t, err, abc.ErrClosed)
				require.Zero(t, n)
				close(delivered)
			})
		})
	}
}

// A half may fail in its own words when it is closed under an operation: it is
// ErrClosed all the same, and the count stays.
func TestStapleOperationThatCloseOvertakesIsErrClosed(t *testing.T) {
	broken := &abc.OpError{Op: "send", Transport: "fake", Sent: 3, Err: abc.Broken(syscall.EPIPE)}
	closing := make(chan struct{})
	fail := func() error {
		<-closing
		return broken
	}
	send := &eofFake{
		sendFake:  sendFake{onSend: func(context.Context, []byte) error { return fail() }},
		onSendEOF: func(context.Context) error { return fail() },
	}
	for name, op := range map[string]func(*abc.Stapled) error{
		"send":     func(s *abc.Stapled) error { return s.SendAll(t.Context(), []byte("abcd")) },
		"send EOF": func(s *abc.Stapled) error { return s.SendEOF(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				closing = make(chan struct{})
				s := abc.Staple(send, chunks())
				done := make(chan error, 1)
				go func() { done <- op(s) }()
				synctest.Wait()
				require.NoError(t, s.Close(t.Context()))
				close(closing)
				err := <-done
				require.ErrorIs(t, err, abc.ErrClosed)
				require.NotErrorIs(t, err, abc.ErrBroken)
				if name == "send" {
					require.Equal(t, 3, abc.Sent(err))
				}
			})
		})
	}
}

func TestStapleSendEOFThatCloseOvertakesIsErrClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		s := abc.Staple(&sendFake{onClose: blockUntil(end)}, chunks())
		done, closed := make(chan error, 1), make(chan error, 1)
		go func() { done <- s.SendEOF(t.Context()) }()
		synctest.Wait()
		go func() { closed <- s.Close(t.Context()) }()
		synctest.Wait()
		close(end)
		require.ErrorIs(t, <-done, abc.ErrClosed)
		require.NoError(t, <-closed)
	})
}
