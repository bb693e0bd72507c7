package interop

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/internal/selfsigned"
)

// A mail, after STARTTLS of crypto/tls on a conn of ours.
func testSMTP(t *testing.T, n network) {
	mails, served := make(chan string, 1), make(chan error, 1)
	go func() {
		conn, err := n.Accept()
		if err == nil {
			err = serveSMTP(conn, mails)
		}
		served <- err
	}()
	conn, err := n.dial(bg)
	require.NoError(t, err)
	client, err := smtp.NewClient(conn, selfsigned.ServerName)
	require.NoError(t, err)
	require.NoError(t, client.Hello("client.example"))
	ok, _ := client.Extension("STARTTLS")
	require.True(t, ok)
	require.NoError(t, client.StartTLS(selfsigned.Client(0)))
	require.NoError(t, client.Mail("gopher@client.example"))
	require.NoError(t, client.Rcpt("nobody@server.example"))
	require.Error(t, client.Rcpt("somebody@server.example"))
	w, err := client.Data()
	require.NoError(t, err)
	mail := "Subject: test\n\n" + strings.Repeat(".a line that begins with a dot\n", 10_000)
	_, err = w.Write([]byte(mail))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, mail, <-mails)
	require.NoError(t, client.Quit())
	require.NoError(t, <-served)
}

// serveSMTP speaks as much of RFC 5321 and RFC 3207 as the client needs.
func serveSMTP(conn net.Conn, mails chan<- string) error {
	defer conn.Close()
	text := textproto.NewConn(conn)
	if err := text.PrintfLine("220 server.example"); err != nil {
		return err
	}
	for {
		line, err := text.ReadLine()
		if err != nil {
			return err
		}
		command, argument, _ := strings.Cut(line, " ")
		reply := "250 fine"
		switch command {
		case "EHLO":
			reply = "250-server.example\r\n250 STARTTLS"
		case "STARTTLS":
			if err := text.PrintfLine("220 go ahead"); err != nil {
				return err
			}
			secure := tls.Server(conn, selfsigned.Server(0))
			text = textproto.NewConn(secure)
			conn = secure
			continue
		case "RCPT":
			if !strings.Contains(argument, "nobody") {
				reply = "550 no such user"
			}
		case "DATA":
			if err := text.PrintfLine("354 send"); err != nil {
				return err
			}
			mail, err := text.ReadDotBytes()
			if err != nil {
				return err
			}
			mails <- string(mail)
		case "QUIT":
			if err := text.PrintfLine("221 bye"); err != nil {
				return err
			}
			if _, err := text.ReadLine(); err != io.EOF { // the client closes first
				return fmt.Errorf("no end after QUIT: %w", err)
			}
			return nil
		case "MAIL":
		default:
			return fmt.Errorf("a command that was not expected: %q", line)
		}
		if err := text.PrintfLine("%s", reply); err != nil {
			return err
		}
	}
}
