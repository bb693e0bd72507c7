package docs_test

import (
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/memstream"
)

func exchange(ctx context.Context, s abc.Stream, question []byte) (answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.SendAll(ctx, question); err != nil {
		return nil, err
	}
	if err := s.SendEOF(ctx); err != nil {
		return nil, err
	}
	return io.ReadAll(bridge.Reader(ctx, s))
}

func TestExchange(t *testing.T) {
	client, server := memstream.Pair(nil)
	go handle(t.Context(), server)
	answer, err := exchange(t.Context(), client, []byte("is anybody there?"))
	require.NoError(t, err)
	require.Equal(t, "is anybody there?", string(answer))
	require.NoError(t, client.Close(t.Context()))
}

// Of the public names of trio, trio.abc, trio.testing, anyio, anyio.abc and
// anyio.streams, those that have to do with streams.
const theirNames = `
AsyncResource Channel HalfCloseableStream HostnameResolver Listener ReceiveChannel ReceiveStream SendChannel SendStream SocketFactory Stream
BrokenResourceError BusyResourceError Cancelled ClosedResourceError DTLSChannel DTLSEndpoint EndOfChannel MemoryReceiveChannel
MemorySendChannel NeedHandshakeError Process SSLListener SSLStream SocketListener SocketStream StapledStream TooSlowError WouldBlock
aclose_forcefully open_file open_memory_channel open_ssl_over_tcp_listeners open_ssl_over_tcp_stream open_tcp_listeners
open_tcp_stream open_unix_socket run_process serve_listeners serve_ssl_over_tcp serve_tcp trio.socket wrap_file FdStream
MemoryReceiveStream MemorySendStream MockClock Sequencer assert_checkpoints assert_no_checkpoints check_half_closeable_stream
check_one_way_stream check_two_way_stream lockstep_stream_one_way_pair lockstep_stream_pair memory_stream_one_way_pair
memory_stream_pair memory_stream_pump open_stream_to_socket_listener wait_all_tasks_blocked
aclose receive_some send_all send_eof wait_send_all_might_not_block do_handshake unwrap transport_stream https_compatible
handshake_timeout getsockopt setsockopt accept clone statistics send_nowait receive_nowait

DelimiterNotFound EndOfStream IncompleteRead TypedAttributeLookupError TypedAttributeProvider TypedAttributeSet typed_attribute
AsyncFile connect_tcp connect_unix create_connected_udp_socket create_memory_object_stream create_tcp_listener create_udp_socket
create_unix_listener get_cancelled_exc_class getaddrinfo getnameinfo open_process wait_socket_readable wait_socket_writable
ConnectedUDPSocket IPAddressType IPSockAddrType SocketAttribute UDPPacketType UDPSocket UNIXSocketStream
AnyByteReceiveStream AnyByteSendStream AnyByteStream AnyUnreliableByteReceiveStream AnyUnreliableByteSendStream
AnyUnreliableByteStream ByteReceiveStream ByteSendStream ByteStream ObjectReceiveStream ObjectSendStream ObjectStream
UnreliableObjectReceiveStream UnreliableObjectSendStream UnreliableObjectStream BufferedByteReceiveStream FileStreamAttribute
FileReadStream FileWriteStream MemoryObjectStreamStatistics MemoryObjectStreamState MemoryObjectReceiveStream
MemoryObjectSendStream StapledByteStream StapledObjectStream MultiListener TextReceiveStream TextSendStream TextStream
TLSAttribute TLSStream TLSListener extra standard_compatible handle_handshake_error
`

func TestFromTrio(t *testing.T) {
	requirePage(t, "from-trio.md", 1, 170, "fromtrio_test.go")
	text, err := os.ReadFile("from-trio.md")
	require.NoError(t, err)
	known := map[string]bool{}
	for _, w := range regexp.MustCompile(`[\w.]+`).FindAllString(string(text), -1) {
		known[w] = true
		known[w[strings.LastIndexByte(w, '.')+1:]] = true
	}
	for _, name := range strings.Fields(theirNames) {
		require.True(t, known[name], "%s is not on the page", name)
	}
}
