package main

import (
	"context"
	"os"
	"os/exec"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/pipestream"
	"github.com/tributary-go/tributary/socketstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// A connector makes a connection. It blocks until that is there, TLS included.
type connector func(ctx context.Context) (abc.Stream, error)

// connector finds what is wrong with a before anybody needs it. What is in
// memory has to be listened at already.
func (n *network) connector(a address) (connector, error) {
	switch a.scheme {
	case "-":
		return func(context.Context) (abc.Stream, error) { return pipestream.Stdio(), nil }, nil
	case "exec":
		if _, err := exec.LookPath(a.words[0]); err != nil {
			return nil, badInput("%s: %w", a, err)
		}
		return a.start, nil
	case "tls":
		cfg, err := clientTLS(a)
		return func(ctx context.Context) (abc.Stream, error) {
			return orNil(tlsstream.Dial(ctx, "tcp", a.target, cfg, nil))
		}, err
	case "mem":
		l := n.memory[a.target]
		if l == nil {
			return nil, badInput("%s: nobody listens there; mem:// connects two pairs of addresses", a)
		}
		return func(ctx context.Context) (abc.Stream, error) { return orNil(l.Dial(ctx)) }, a.allow()
	default: // tcp and unix
		return func(ctx context.Context) (abc.Stream, error) {
			return orNil(socketstream.Dial(ctx, a.scheme, a.target, nil))
		}, a.allow()
	}
}

// start starts the program of an exec address. What it says on its standard
// error is for who runs this one.
func (a address) start(ctx context.Context) (abc.Stream, error) {
	cmd := exec.Command(a.words[0], a.words[1:]...)
	cmd.Stderr = os.Stderr
	return orNil(pipestream.Start(ctx, cmd, nil))
}

// orNil makes an interface of s, nil if there is an error.
func orNil[S abc.Stream](s S, err error) (abc.Stream, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
