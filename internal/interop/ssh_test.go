package interop

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// Two commands, one for each direction that ends before the other: "count"
// answers when stdin has ended, "deaf" ends stdout and goes on reading.
func testSSH(t *testing.T, n network) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	served := make(chan error, 1)
	go func() { served <- serveSSH(n, config) }()

	conn, err := n.dial(bg)
	require.NoError(t, err)
	c, chans, reqs, err := ssh.NewClientConn(conn, "server", &ssh.ClientConfig{
		User: "gopher", HostKeyCallback: ssh.FixedHostKey(signer.PublicKey()),
	})
	require.NoError(t, err)
	client := ssh.NewClient(c, chans, reqs)

	input := strings.Repeat("0123456789", 200_000) // several windows
	session, err := client.NewSession()
	require.NoError(t, err)
	session.Stdin = strings.NewReader(input) // ends with EOF
	output, err := session.Output("count")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(len(input)), string(output))

	session, err = client.NewSession()
	require.NoError(t, err)
	stdin, err := session.StdinPipe()
	require.NoError(t, err)
	stdout, err := session.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, session.Start("deaf"))
	output, err = io.ReadAll(stdout)
	require.NoError(t, err)
	require.Equal(t, "listening", string(output))
	_, err = io.WriteString(stdin, input)
	require.NoError(t, err)
	require.NoError(t, stdin.Close())
	var exit *ssh.ExitError
	require.ErrorAs(t, session.Wait(), &exit)
	require.Equal(t, 7, exit.ExitStatus())

	require.NoError(t, client.Close())
	require.NoError(t, <-served)
}

// serveSSH serves one connection.
func serveSSH(l net.Listener, config *ssh.ServerConfig) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	server, chans, reqs, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(reqs)
	for newChannel := range chans {
		channel, requests, err := newChannel.Accept()
		if err != nil {
			return err
		}
		for request := range requests {
			if request.Type != "exec" {
				_ = request.Reply(false, nil)
				continue
			}
			var command struct{ Name string }
			if err := ssh.Unmarshal(request.Payload, &command); err != nil {
				return err
			}
			_ = request.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			if err := runSSH(channel, command.Name); err != nil {
				return err
			}
			break
		}
	}
	_ = server.Wait() // how the client left
	return nil
}

func runSSH(channel ssh.Channel, command string) error {
	exit := struct{ Status uint32 }{}
	switch command {
	case "count":
		n, err := io.Copy(io.Discard, channel)
		if err != nil {
			return err
		}
		fmt.Fprint(channel, n)
	case "deaf":
		_, _ = io.WriteString(channel, "listening")
		if err := channel.CloseWrite(); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, channel); err != nil {
			return err
		}
		exit.Status = 7
	}
	if _, err := channel.SendRequest("exit-status", false, ssh.Marshal(exit)); err != nil {
		return err
	}
	return channel.Close()
}
