package natsstream_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
)

// theServer and its clients are for all tests that kill none.
var (
	theServer        *server.Server
	clientA, clientB *nats.Conn
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(run{m}) }

type run struct{ m *testing.M }

// Run is m.Run between the server's start and its end.
func (r run) Run() int {
	var err error
	if theServer, err = start(&server.Options{}); err == nil {
		defer theServer.WaitForShutdown()
		defer theServer.Shutdown()
		clientA, err = nats.Connect(theServer.ClientURL())
	}
	if err == nil {
		defer clientA.Close()
		clientB, err = nats.Connect(theServer.ClientURL())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer clientB.Close()
	return r.m.Run()
}
