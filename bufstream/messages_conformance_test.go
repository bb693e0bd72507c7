package bufstream_test

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/abc/abctest/fault"
	"github.com/tributary-go/tributary/bufstream"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// digits is the codec for numbers in any frame.
func digits(frame bufstream.Codec[[]byte]) bufstream.Codec[int] {
	return bufstream.Framed(frame,
		func(dst []byte, m int) ([]byte, error) { return strconv.AppendInt(dst, int64(m), 10), nil },
		func(b []byte) (int, error) { return strconv.Atoi(string(b)) })
}

// quads is a codec of one's own.
var quads = bufstream.Codec[int]{
	Encode: func(dst []byte, m int) ([]byte, error) {
		return binary.BigEndian.AppendUint64(dst, uint64(m)), nil
	},
	Decode: func(b []byte, _ *bufstream.Scan) (int, int, error) {
		if len(b) < 8 {
			return 0, 8, nil
		}
		return int(binary.BigEndian.Uint64(b)), 8, nil
	},
}

func TestMessagesConformance(t *testing.T) {
	for name, test := range map[string]struct {
		codec    bufstream.Codec[int]
		capacity int
	}{
		"JSON":     {bufstream.JSON[int](), 0},
		"prefix":   {digits(bufstream.LengthPrefixed(2, binary.LittleEndian)), 1},
		"delim":    {digits(bufstream.Delimited([]byte("\r\n"))), memstream.Lockstep},
		"own code": {quads, 100},
	} {
		opts := &memstream.Options{Capacity: test.capacity}
		t.Run(name+"/stream", func(t *testing.T) {
			abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				a, b := memstream.Pair(opts)
				return bufstream.NewMessageStream(a, test.codec, nil), bufstream.NewMessageStream(b, test.codec, nil)
			})
		})
		t.Run(name+"/one way", func(t *testing.T) {
			abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				s, r := memstream.OneWay(opts)
				return bufstream.NewMessageSender(s, test.codec, nil), bufstream.NewMessageReceiver(r, test.codec, nil)
			})
		})
	}
	t.Run("fragments", func(t *testing.T) {
		abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
			a, b := memstream.Pair(&memstream.Options{Capacity: 64})
			return bufstream.NewMessageStream(fault.Fragment(a, 1), quads, nil), bufstream.NewMessageStream(fault.OneByte(b), quads, nil)
		})
	})
	t.Run("over a Receiver", func(t *testing.T) {
		abctest.TestMessages(t, func(testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
			a, b := memstream.Pair(nil)
			return bufstream.NewMessageSender(a, quads, nil), bufstream.NewMessageReceiver(bufstream.NewReceiver(b, nil), quads, nil)
		})
	})
	for name, layer := range map[string]func(client, server abc.Stream) (abc.Stream, abc.Stream){
		"TCP": func(client, server abc.Stream) (abc.Stream, abc.Stream) { return client, server },
		"TLS over TCP": func(client, server abc.Stream) (abc.Stream, abc.Stream) {
			return tlsstream.Client(client, selfsigned.Client(tls.VersionTLS13), nil), tlsstream.Server(server, selfsigned.Server(tls.VersionTLS13), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			abctest.TestMessages(t, func(t testing.TB) (abc.MessageSendStream[int], abc.MessageReceiveStream[int]) {
				a, b := layer(tcp(t))
				return bufstream.NewMessageStream(a, quads, nil), bufstream.NewMessageStream(b, quads, nil)
			})
		})
	}
}

// tcp returns the two ends of a connection.
func tcp(t testing.TB) (client, server abc.Stream) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	s, err := l.Accept()
	require.NoError(t, err)
	return socketstream.New(c), socketstream.New(s)
}
