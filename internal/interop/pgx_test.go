package interop

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

func testPgx(t *testing.T, n network) {
	script := &postgres{sleeping: make(chan struct{}, 1), cancelled: make(chan struct{}, 1)}
	served := make(chan error, 1)
	go func() { served <- script.serve(n) }()
	config, err := pgx.ParseConfig("postgres://gopher@server/db?sslmode=disable")
	require.NoError(t, err)
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return n.dial(ctx) }
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"server"}, nil }
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol

	// cancelQuery cancels a query midway and returns its error.
	cancelQuery := func(c *pgx.Conn) error {
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		go func() {
			<-script.sleeping
			cancel()
		}()
		_, err := c.Exec(ctx, "sleep")
		return err
	}
	selectOne := func(c *pgx.Conn) {
		var got string
		require.NoError(t, c.QueryRow(bg, "select").Scan(&got))
		require.Equal(t, "one", got)
	}

	// As pgx does it by default: the deadline of the conn ends the query, and
	// the connection with it, while the server is asked to stop by another one.
	c, err := pgx.ConnectConfig(bg, config)
	require.NoError(t, err)
	selectOne(c)
	require.ErrorIs(t, cancelQuery(c), context.Canceled)
	require.True(t, c.IsClosed())
	<-c.PgConn().CleanupDone()

	// The server is asked first, and the connection goes on.
	config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: time.Hour}
	}
	c, err = pgx.ConnectConfig(bg, config)
	require.NoError(t, err)
	var refused *pgconn.PgError
	require.ErrorAs(t, cancelQuery(c), &refused)
	require.Equal(t, "57014", refused.Code)
	selectOne(c)
	require.NoError(t, c.Close(bg))

	require.NoError(t, n.Close())
	require.NoError(t, <-served)
}

// A postgres is a backend that knows two queries: "select" returns a row, and
// "sleep" does not return until it is cancelled.
type postgres struct{ sleeping, cancelled chan struct{} }

func (p *postgres) serve(l net.Listener) error {
	running, errs := 0, make(chan error)
	var err error
	for {
		conn, acceptErr := l.Accept()
		if acceptErr != nil {
			break
		}
		running++
		go func() {
			err := p.session(conn)
			errs <- errors.Join(err, conn.Close())
		}()
	}
	for range running {
		err = errors.Join(err, <-errs)
	}
	return err
}

func (p *postgres) session(conn net.Conn) error {
	backend := pgproto3.NewBackend(conn, conn)
	startup, err := backend.ReceiveStartupMessage()
	if err != nil {
		return err
	}
	if _, ok := startup.(*pgproto3.CancelRequest); ok {
		p.cancelled <- struct{}{}
		return nil
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	for _, status := range []pgproto3.ParameterStatus{{Name: "standard_conforming_strings", Value: "on"}, {Name: "client_encoding", Value: "UTF8"}} {
		backend.Send(&status)
	}
	backend.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	for {
		backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if err := backend.Flush(); err != nil {
			return err
		}
		message, err := backend.Receive()
		if err != nil {
			return err
		}
		query, ok := message.(*pgproto3.Query)
		switch {
		case !ok: // Terminate
			return nil
		case query.String == "sleep":
			p.sleeping <- struct{}{}
			<-p.cancelled
			backend.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014", Message: "canceling statement due to user request"})
		default:
			backend.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("n"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1}}})
			backend.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("one")}})
			backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		}
	}
}
