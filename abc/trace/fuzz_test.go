package trace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/trace"
)

// rude is an error that nobody should make.
type rude struct{}

func (rude) Error() string { panic("no text") }

func op(sent int, err error) error {
	return &abc.OpError{Op: "fuzz", Transport: "fuzz", Sent: sent, Err: err}
}

// outcomes are how a call can end.
var outcomes = []error{
	nil, nil, nil, io.EOF, op(0, context.Canceled), op(3, abc.ErrBroken), op(-1, abc.ErrBroken), op(1<<40, abc.ErrClosed),
	op(-7, errors.New("not \xff UTF-8")), errors.New(strings.Repeat("long ", 20_000)), rude{}, errors.ErrUnsupported,
}

// A scripted stream does what a script says, whether a stream may or not.
type scripted struct {
	abc.Stream
	next func() byte

	sent, received []byte
	unknown        bool // how much was sent, because it does not say or lies
}

func (s *scripted) outcome() error { return outcomes[int(s.next())%len(outcomes)] }

func (s *scripted) SendAll(_ context.Context, p []byte) error {
	err := s.outcome()
	n := len(p)
	if err != nil {
		n = min(max(abc.Sent(err), 0), n)
	}
	s.sent = append(s.sent, p[:n]...)
	return err
}

func (s *scripted) ReceiveSome(_ context.Context, p []byte) (int, error) {
	err := s.outcome()
	n := (int(s.next()) << s.next() % 10) - 3 // some of them are impossible
	for i := range p {
		p[i] = byte(i * n)
	}
	s.received = append(s.received, p[:min(max(n, 0), len(p))]...)
	return n, err
}

func (s *scripted) SendEOF(context.Context) error { return s.outcome() }
func (s *scripted) Close(context.Context) error   { return s.outcome() }

// Whatever streams do, both files can be read, and have what was sent and received.
func FuzzRecorder(f *testing.F) {
	f.Add("name", "127.0.0.1:80", []byte("0123456789"))
	f.Add("\xff", "[::1]:0", bytes.Repeat([]byte("\x00\x05\x09\x01\x02\xF0\x03\x04"), 40))
	f.Add(strings.Repeat("n", 70_000), ":", bytes.Repeat([]byte{1, 2, 3, 200, 7, 5, 6, 250, 9}, 60))
	f.Fuzz(func(t *testing.T, name, addr string, script []byte) {
		script = script[:min(len(script), 500)]
		next := func() byte {
			if len(script) == 0 {
				return 0
			}
			b := script[0]
			script = script[1:]
			return b
		}
		var pcapng, timeline bytes.Buffer
		rec := trace.New(&trace.Options{Pcapng: &pcapng, Timeline: &timeline, Buffer: int(next()) << 17})
		var streams []*scripted
		var recorded []abc.Stream
		buf := make([]byte, 200_000)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		for len(script) > 0 {
			if len(streams) == 0 || next() == 0 {
				s := &scripted{next: next}
				streams = append(streams, s)
				recorded = append(recorded, rec.Stream(name, addressed{s, address(addr), address(addr + "1")}))
			}
			i := int(next()) % len(recorded)
			s := recorded[i]
			ctx := t.Context()
			if next()%8 == 0 {
				ctx = done
			}
			n := min(int(next())<<(next()%12), len(buf))
			switch next() % 8 {
			case 0, 1:
				_ = s.SendAll(ctx, buf[:n])
			case 2:
				if err := abc.SendVector(ctx, s, buf[:n/3], nil, buf[n/3:n]); err != nil && (abc.Sent(err) < 0 || abc.Sent(err) > n) {
					streams[i].unknown = true
				}
			case 3, 4:
				_, _ = s.ReceiveSome(ctx, buf[:n])
			case 5:
				_ = s.SendEOF(ctx)
			case 6:
				_ = abc.WaitSendable(ctx, s)
			case 7:
				_ = s.Close(ctx)
			}
		}
		require.NoError(t, rec.Close(t.Context()))
		c, err := readCapture(pcapng.Bytes())
		require.NoError(t, err)
		require.EqualValues(t, rec.Dropped(), c.dropped)
		_, err = readTimeline(timeline.Bytes())
		require.NoError(t, err)
		all, err := c.conversations()
		require.NoError(t, err)
		if rec.Dropped() > 0 {
			return
		}
		require.Len(t, all, len(streams))
		for i, x := range all {
			require.True(t, streams[i].unknown || bytes.Equal(streams[i].sent, x.client.data), "stream %d: %d bytes sent, %d in the capture", i, len(streams[i].sent), len(x.client.data))
			require.True(t, bytes.Equal(streams[i].received, x.server.data), "stream %d: %d bytes received, %d in the capture", i, len(streams[i].received), len(x.server.data))
		}
	})
}
