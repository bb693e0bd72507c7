package abctest

import (
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tributary-go/tributary/abc"
)

func messageCases() []testCase[*messages] {
	return slices.Concat(messageTransferCases, messageContextCases, messageCloseCases, messageEOFCases)
}

var messageTransferCases = []testCase[*messages]{
	{"Send/Arrives", "6.4: messages arrive in order, each once", func(t *trial, x *messages) {
		const total = 1000
		send := t.start("sending many", func() (int, error) {
			for m := range total {
				if err := x.send(t, t.ctx, m-10); err != nil {
					return m, err
				}
			}
			return total, nil
		})
		for m := range total {
			x.wantMessage(t, m-10)
		}
		_, err := send.wait()
		t.wantNil("Send", err)
	}},

	{"Send/ManyAtATime", "6.4: several goroutines may send, or the second gets ErrBusy and has sent nothing", func(t *trial, x *messages) {
		const senders, each = 4, 200
		for id := range senders {
			t.start("one of several senders", func() (int, error) {
				for m := 0; m < each; {
					err := x.send(t, t.ctx, id*each+m)
					if !is(abc.ErrBusy)(err) {
						t.wantNil("Send beside others", err)
						m++
						continue
					}
					time.Sleep(20 * time.Microsecond)
				}
				return 0, nil
			})
		}
		var next [senders]int
		for range senders * each {
			m, err := x.receive(t, t.ctx)
			t.wantNil("Receive", err)
			if m < 0 || m >= senders*each || m%each != next[m/each] {
				t.fail("the messages of each sender in order, each once", "%d came after %v of each", m, next)
			}
			next[m/each]++
		}
	}},

	{"Receive/ManyAtATime", "6.4: several goroutines may receive, or the second gets ErrBusy and has taken nothing", func(t *trial, x *messages) {
		const receivers, total = 4, 800
		var seen [total]atomic.Int32
		var tasks []*task
		for range receivers {
			tasks = append(tasks, t.start("one of several receivers", func() (int, error) {
				for last := -1; ; {
					m, err := x.receive(t, t.ctx)
					switch {
					case err == io.EOF:
						return 0, nil
					case is(abc.ErrBusy)(err):
						time.Sleep(20 * time.Microsecond)
						continue
					}
					t.wantNil("Receive beside others", err)
					if m <= last || m >= total {
						t.fail("each receiver to get the messages in order", "%d came after %d", m, last)
					}
					last = m
					seen[m].Add(1)
				}
			}))
		}
		for m := range total {
			t.wantNil("Send", x.send(t, t.ctx, m))
		}
		x.closing(t, x.s)
		for _, k := range tasks {
			k.wait()
		}
		for m := range seen {
			if n := seen[m].Load(); n != 1 {
				t.fail("each message to be received once", "message %d was received %d times", m, n)
			}
		}
	}},

	{"Receive/EOF", "6.4: Close ends the direction: the receiver gets what was sent, then io.EOF each time", func(t *trial, x *messages) {
		send := t.start("Send and then Close, of the peer", func() (int, error) {
			for m := range 3 {
				t.wantNil("Send", x.send(t, t.ctx, m))
			}
			return 0, t.closeBy(true, x.s)
		})
		for m := range 3 {
			x.wantMessage(t, m)
		}
		x.wantEOF(t, "Receive after the peer closed gracefully")
		_, err := send.wait()
		t.wantNil("a graceful Close after all was received", err)
	}},

	{"Receive/EOFWakes", "6.4: the end wakes a blocked Receive with io.EOF", func(t *trial, x *messages) {
		recv := x.receiving(t, t.ctx)
		closing := x.closing(t, x.s)
		_, err := recv.wait()
		t.want("Receive that was blocked when the peer closed", err, io.EOF)
		x.wantEOF(t, "Receive after that")
		closing.wait()
	}},
}
