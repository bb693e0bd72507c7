package docs_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/memstream"
)

// The snippets of framing.md. TestFramingSnippets holds the two together.

func TestFramingSnippets(t *testing.T) {
	requirePage(t, "framing.md", 9, 170, "framing_test.go")
}

// A job and what became of it.
type job struct {
	ID   int
	Args []string
}

// work answers each job by its number.
func work(ctx context.Context, s abc.Stream) {
	jobs := bufstream.NewMessageStream(s, bufstream.JSON[job](), nil)
	for j, err := range jobs.Messages(ctx) {
		if err != nil {
			return // cancelled, broken, or no JSON
		}
		j.Args = []string{strings.Join(j.Args, "+")}
		if jobs.Send(ctx, j) != nil {
			return
		}
	}
	_ = jobs.Close(ctx)
}

func TestWorks(t *testing.T) {
	for seed := range uint64(20) {
		a, b := memstream.Pair(nil)
		go work(t.Context(), fault.Fragment(b, seed))
		c := bufstream.NewMessageStream(a, bufstream.JSON[job](), nil)
		require.NoError(t, c.Send(t.Context(), job{1, []string{"a", "b"}}))
		require.NoError(t, c.Send(t.Context(), job{2, nil}))
		require.NoError(t, c.SendEOF(t.Context()))
		j, err := c.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, job{1, []string{"a+b"}}, j)
		_, err = c.Receive(t.Context())
		require.NoError(t, err)
		_, err = c.Receive(t.Context())
		require.Equal(t, io.EOF, err)
	}
}

// tagged is text with a tag of one byte and a length of two in front.
type tagged struct {
	tag  byte
	text string
}

var taggedCodec = bufstream.Codec[tagged]{
	Encode: func(dst []byte, m tagged) ([]byte, error) {
		if len(m.text) > 0xffff {
			return nil, errors.New("the text is too long")
		}
		dst = binary.BigEndian.AppendUint16(append(dst, m.tag), uint16(len(m.text)))
		return append(dst, m.text...), nil
	},
	Decode: func(b []byte, _ *bufstream.Scan) (m tagged, n int, err error) {
		if len(b) < 3 {
			return m, 0, nil // more, and who knows how much
		}
		n = 3 + int(binary.BigEndian.Uint16(b[1:]))
		if n > len(b) {
			return m, n, nil // that many
		}
		return tagged{b[0], string(b[3:n])}, n, nil
	},
}

func TestTagged(t *testing.T) {
	a, b := memstream.Pair(nil)
	require.NoError(t, bufstream.NewMessageSender(a, taggedCodec, nil).Send(t.Context(), tagged{7, "x"}))
	m, err := bufstream.NewMessageReceiver(fault.OneByte(b), taggedCodec, nil).Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, tagged{7, "x"}, m)
}

func TestFramedContents(t *testing.T) {
	addresses := bufstream.Binary[netip.Addr](bufstream.UvarintPrefixed())
	jobs := bufstream.Framed(bufstream.LengthPrefixed(4, binary.BigEndian),
		func(dst []byte, j job) ([]byte, error) { // proto.MarshalOptions{}.MarshalAppend, say
			p, err := json.Marshal(j)
			return append(dst, p...), err
		},
		func(b []byte) (j job, err error) {
			err = json.Unmarshal(b, &j)
			return j, err
		})
	a, b := memstream.Pair(nil)
	require.NoError(t, bufstream.NewMessageSender(a, jobs, nil).Send(t.Context(), job{ID: 3}))
	j, err := bufstream.NewMessageReceiver(b, jobs, nil).Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, j.ID)
	p, err := addresses.Encode(nil, netip.IPv4Unspecified())
	require.NoError(t, err)
	require.Len(t, p, 5)
}

// sum adds the lengths of all messages up.
func sum(ctx context.Context, s abc.Stream) (total int, err error) {
	codec := bufstream.LengthPrefixed(4, binary.BigEndian)
	r := bufstream.NewMessageReceiver(s, codec, &bufstream.MessageOptions{Limit: 64 << 10, Views: true})
	for m, err := range r.Messages(ctx) {
		if err != nil {
			return total, err
		}
		total += len(m) // m is the buffer's: it must not be kept
	}
	return total, nil
}

func TestTooLong(t *testing.T) {
	a, b := memstream.Pair(nil)
	require.NoError(t, a.SendAll(t.Context(), []byte("\x00\x00\x00\x02ab\x7f\xff\xff\xff")))
	total, err := sum(t.Context(), b)
	require.Equal(t, 2, total)
	var tooLong *bufstream.TooLongError
	require.ErrorAs(t, err, &tooLong)
	require.Equal(t, 64<<10, tooLong.Limit)
	require.ErrorIs(t, err, abc.ErrBroken)
}

// upgrade speaks lines until it is told to speak in messages.
func upgrade(ctx context.Context, s abc.Stream) error {
	c := bufstream.NewStream(s, &bufstream.StreamOptions{
		Sender: bufstream.SenderOptions{FlushAfter: time.Millisecond}, // gather, but not for long
	})
	for {
		line, err := c.ReceiveLine(ctx)
		if err != nil {
			return err
		}
		if string(line) == "MESSAGES" {
			break
		}
		if err := c.SendAll(ctx, fmt.Appendf(nil, "what is %q?\n", line)); err != nil {
			return err
		}
	}
	work(ctx, c) // what came after the line is still in c
	return nil
}

func TestUpgrade(t *testing.T) {
	a, b := memstream.Pair(nil)
	require.NoError(t, a.SendAll(t.Context(), []byte("HELO\nMESSAGES\n{\"ID\":1}{\"ID\":2}")))
	require.NoError(t, a.SendEOF(t.Context()))
	require.NoError(t, upgrade(t.Context(), b))
	r := bufstream.NewReceiver(a, nil)
	line, err := r.ReceiveLine(t.Context())
	require.NoError(t, err)
	require.Equal(t, `what is "HELO"?`, string(line))
	answers := bufstream.NewMessageReceiver(r, bufstream.JSON[job](), nil)
	for id := range 2 {
		j, err := answers.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, id+1, j.ID)
	}
	_, err = answers.Receive(t.Context())
	require.Equal(t, io.EOF, err)
}

func TestSilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, peer := memstream.Pair(nil)
		s := bufstream.IdleTimeout(transport, 30*time.Second)
		jobs := bufstream.NewMessageStream(s, bufstream.JSON[job](), nil)
		require.NoError(t, peer.SendAll(t.Context(), []byte(`{"ID":`)))
		_, err := jobs.Receive(t.Context())
		require.ErrorIs(t, err, os.ErrDeadlineExceeded) // no byte for 30 seconds
		require.NoError(t, peer.SendAll(t.Context(), []byte(`4}`)))
		j, err := jobs.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, 4, j.ID)
	})
}
