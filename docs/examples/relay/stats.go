package main

import (
	"expvar"
	"net/http"

	"github.com/tributary-go/tributary/bridge"
)

// serveStats serves /debug/vars at -stats, and returns what ends that.
func (n *network) serveStats(routes []*route) (stop func(), err error) {
	if n.stats == "" {
		return func() {}, nil
	}
	a, err := parseAddress(n.stats)
	if err != nil {
		return nil, err
	}
	if a.scheme == "-" || a.scheme == "exec" || a.scheme == "mem" {
		return nil, badInput("-stats %s: want tcp://, unix:// or tls://", a)
	}
	l, err := n.listen(a, 0)
	if err != nil {
		return nil, err
	}
	expvar.Publish("relay", expvar.Func(func() any {
		all := make([]snapshot, len(routes))
		for i, r := range routes {
			all[i] = r.snapshot()
		}
		return all
	}))
	mux := http.NewServeMux()
	mux.Handle("GET /debug/vars", expvar.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: n.timeout}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(bridge.Listener(l)) // until it is closed
	}()
	return func() {
		_ = server.Close()
		<-served
	}, nil
}
