package sshstream_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/abc/abctest"
	"github.com/tributary-go/tributary/bridge"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/docs/examples/transports/sshstream"
	"github.com/tributary-go/tributary/memstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const channelType = "bytes@tributary"

func TestStream(t *testing.T) {
	client, server, chans := connect(t)
	abctest.TestStream(t, func(t testing.TB) (a, b abc.Stream) {
		return open(t, client, server, chans)
	}, abctest.Caps{})
}

// open returns both ends of a channel. Calls must not overlap.
func open(t testing.TB, client, server ssh.Conn, chans <-chan ssh.NewChannel) (a, b abc.Stream) {
	accepted := make(chan abc.Stream, 1)
	go func() {
		ch, requests, err := (<-chans).Accept()
		if err != nil {
			panic(err)
		}
		accepted <- sshstream.New(server, ch, requests)
	}()
	a, err := sshstream.Open(t.Context(), client, channelType, nil)
	require.NoError(t, err)
	return a, <-accepted
}

func TestListener(t *testing.T) {
	abctest.TestListener(t, func(t testing.TB) (abc.Listener, func(context.Context) (abc.Stream, error)) {
		client, server, chans := connect(t)
		return sshstream.NewListener(server, chans, channelType, nil), func(ctx context.Context) (abc.Stream, error) {
			return sshstream.Open(ctx, client, channelType, nil)
		}
	})
}

// connect makes an SSH connection over memory.
func connect(t testing.TB) (client, server ssh.Conn, chans <-chan ssh.NewChannel) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	a, b := memstream.Pair(nil)
	accepted := make(chan error, 1)
	go func() {
		s, c, requests, err := ssh.NewServerConn(bridge.Conn(b), config)
		if err == nil {
			server, chans = s, c
			go ssh.DiscardRequests(requests)
		}
		accepted <- err
	}()
	client, clientChans, requests, err := ssh.NewClientConn(bridge.Conn(a), "server", &ssh.ClientConfig{
		User: "gopher", HostKeyCallback: ssh.FixedHostKey(signer.PublicKey()),
	})
	require.NoError(t, err)
	require.NoError(t, <-accepted)
	go ssh.DiscardRequests(requests)
	go func() {
		for c := range clientChans {
			_ = c.Reject(ssh.Prohibited, "")
		}
	}()
	t.Cleanup(func() {
		_ = client.Close()
		_ = client.Wait()
		_ = server.Wait()
	})
	return client, server, chans
}

// A peer that is done may close the whole connection at once. What it sent before
// that ends by io.EOF; what it did not end is broken.
func TestEndIsToldFromALostConnection(t *testing.T) {
	for _, ends := range []bool{true, false} {
		client, server, chans := connect(t)
		a, b := open(t, client, server, chans)
		require.NoError(t, a.SendAll(t.Context(), []byte("all of it")))
		if ends {
			require.NoError(t, a.Close(t.Context()))
		}
		require.NoError(t, client.Close())
		_ = server.Wait() // nothing can be asked any more
		got, err := io.ReadAll(bridge.Reader(t.Context(), b))
		require.Equal(t, "all of it", string(got))
		if ends {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, abc.ErrBroken)
		}
		_ = closeutil.CloseForcefully(a)
		_ = b.Close(t.Context())
	}
}

// As with others' ends, which send no request of ours.
func TestEndOfAForeignPeer(t *testing.T) {
	client, server, chans := connect(t)
	go func() {
		ch, requests, _ := (<-chans).Accept()
		go ssh.DiscardRequests(requests)
		_, _ = io.WriteString(ch, "hello")
		_ = ch.CloseWrite()
		_ = ch.Close()
	}()
	a, err := sshstream.Open(t.Context(), client, channelType, nil)
	require.NoError(t, err)
	got, err := io.ReadAll(bridge.Reader(t.Context(), a))
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
	require.NoError(t, a.Close(t.Context()))
	_ = server
}

// Nobody has the stream then, so it is closed.
func TestOpenThatIsAcceptedTooLate(t *testing.T) {
	client, _, chans := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan error, 1)
	go func() {
		_, err := sshstream.Open(ctx, client, channelType, nil)
		opened <- err
	}()
	offered := <-chans
	cancel()
	require.ErrorIs(t, <-opened, context.Canceled)
	ch, requests, err := offered.Accept()
	require.NoError(t, err)
	go ssh.DiscardRequests(requests)
	_, err = ch.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
}

func TestRefusals(t *testing.T) {
	client, server, chans := connect(t)
	l := sshstream.NewListener(server, chans, channelType, nil)
	_, err := sshstream.Open(t.Context(), client, "x11", nil)
	var refused *ssh.OpenChannelError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, ssh.UnknownChannelType, refused.Reason)
	require.NoError(t, l.Close(t.Context()))
	_, err = sshstream.Open(t.Context(), client, channelType, nil)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, ssh.ResourceShortage, refused.Reason)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = sshstream.Open(ctx, client, channelType, nil)
	require.ErrorIs(t, err, context.Canceled)
	for _, address := range []string{"no port", "host:http", "host:65536"} {
		_, err = sshstream.Dial(t.Context(), client, address)
		require.Error(t, err, address)
	}
}

func TestServeEndsWithTheConnection(t *testing.T) {
	client, server, chans := connect(t)
	l := sshstream.NewListener(server, chans, channelType, nil)
	served := make(chan error, 1)
	go func() { served <- l.Serve(t.Context(), func(context.Context, abc.Stream) {}) }()
	require.NoError(t, client.Close())
	require.ErrorIs(t, <-served, abc.ErrBroken)
	require.NoError(t, l.Close(t.Context()))
}

// A server that forwards connects each channel to where it is to go.
func TestForwarding(t *testing.T) {
	client, server, chans := connect(t)
	l := sshstream.NewListener(server, chans, sshstream.DirectTCPIP, nil)
	served := make(chan error, 1)
	go func() {
		served <- l.Serve(t.Context(), func(ctx context.Context, s abc.Stream) {
			accepted, _ := abc.As[*sshstream.Accepted](s)
			target, err := accepted.Target()
			if err == nil {
				err = s.SendAll(ctx, []byte(target+": "))
			}
			if err == nil {
				_, err = abc.Copy(ctx, s, s)
			}
			if err == nil {
				err = s.Close(ctx)
			}
			if err != nil {
				panic(fmt.Sprint(err))
			}
		})
	}()
	s, err := sshstream.Dial(t.Context(), client, "[2001:db8::1]:443")
	require.NoError(t, err)
	require.NoError(t, s.SendAll(t.Context(), []byte("ping")))
	require.NoError(t, s.SendEOF(t.Context()))
	got, err := io.ReadAll(bridge.Reader(t.Context(), s))
	require.NoError(t, err)
	require.Equal(t, "[2001:db8::1]:443: ping", string(got))
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, l.Close(t.Context()))
	require.ErrorIs(t, <-served, abc.ErrClosed)
}
