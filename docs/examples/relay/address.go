package main

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
)

// An address is one end of a route.
type address struct {
	text   string // as it was given
	scheme string // "-" for the standard input and output
	target string // what stands behind the scheme
	words  []string
	params url.Values
}

func parseAddress(text string) (address, error) {
	a := address{text: text, scheme: text}
	if text == "-" {
		return a, nil
	}
	if command, ok := strings.CutPrefix(text, "exec:"); ok {
		a.scheme = "exec"
		var err error
		if a.words, err = splitWords(command); err != nil {
			return a, badInput("%s: %w", text, err)
		}
		return a, nil
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found && strings.HasPrefix(text, "-") {
		return a, badInput("%s: flags come before the addresses", text)
	}
	if !found {
		return a, badInput("%q is no address: want tcp://, unix://, tls://, mem://, exec: or -", text)
	}
	target, query, _ := strings.Cut(rest, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return a, badInput("%s: %w", text, err)
	}
	a.scheme, a.target, a.params = scheme, target, params
	return a, a.check()
}

func (a address) check() error {
	switch a.scheme {
	case "tcp", "tls":
		_, port, err := net.SplitHostPort(a.target)
		if err == nil {
			_, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
		}
		if err != nil {
			return badInput("%s: %w", a.text, err)
		}
	case "unix", "mem":
		if a.target == "" {
			return badInput("%s: nothing behind the scheme", a.text)
		}
	default:
		return badInput("%s: unknown scheme %q: want tcp, unix, tls, mem, exec: or -", a.text, a.scheme)
	}
	return nil
}

// allow reports a parameter that is none of names, or is given twice.
func (a address) allow(names ...string) error {
	for name, values := range a.params {
		if !slices.Contains(names, name) {
			return badInput("%s: unknown parameter %q here", a.text, name)
		}
		if len(values) > 1 {
			return badInput("%s: parameter %q is given %d times", a.text, name, len(values))
		}
	}
	return nil
}

func (a address) param(name string) string { return a.params.Get(name) }

// host is the host of a tcp or tls address.
func (a address) host() string {
	host, _, _ := net.SplitHostPort(a.target)
	return host
}

func (a address) String() string { return a.text }
