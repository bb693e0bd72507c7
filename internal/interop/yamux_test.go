package interop

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/hashicorp/yamux"
	"github.com/stretchr/testify/require"
)

// Each of many streams ends its own direction first and gets everything back.
func testYamux(t *testing.T, n network) {
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	served := make(chan error, 1)
	go func() {
		conn, err := n.Accept()
		if err != nil {
			served <- err
			return
		}
		session, err := yamux.Server(conn, config)
		if err != nil {
			served <- err
			return
		}
		for {
			stream, err := session.Accept()
			if err != nil {
				if errors.Is(err, io.EOF) || errors.Is(err, yamux.ErrSessionShutdown) {
					err = nil
				}
				served <- errors.Join(err, session.Close())
				return
			}
			go func() {
				content, _ := io.ReadAll(stream)
				_, _ = stream.Write(content)
				_ = stream.Close()
			}()
		}
	}()
	conn, err := n.dial(bg)
	require.NoError(t, err)
	session, err := yamux.Client(conn, config)
	require.NoError(t, err)
	const streams = 20
	errs := make(chan error, streams)
	for i := range streams {
		go func() {
			want := bytes.Repeat([]byte{byte(i)}, 100_000)
			stream, err := session.Open()
			if err != nil {
				errs <- err
				return
			}
			_, writeErr := stream.Write(want)
			closeErr := stream.Close() // the sending direction
			got, err := io.ReadAll(stream)
			if !bytes.Equal(got, want) {
				err = errors.Join(err, errors.New("not what was sent"))
			}
			errs <- errors.Join(writeErr, closeErr, err)
		}()
	}
	for range streams {
		require.NoError(t, <-errs)
	}
	_, err = session.Ping()
	require.NoError(t, err)
	require.NoError(t, session.Close())
	require.NoError(t, <-served)
}
