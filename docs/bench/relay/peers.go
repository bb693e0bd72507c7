//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// A subject is a program in one of the two modes.
type subject struct {
	program string
	tls     bool
	command func(e *environment, listen, connect string) []string
}

func (s subject) name() string {
	if s.tls {
		return s.program + " (TLS)"
	}
	return s.program
}

// bare is no peer but a bound: the same work in Go, without this library.
const bare = "bare"

// programs are all there could be. The settings are those of their makers, but
// for what has to be equal: TLS 1.3, one certificate, a backlog that takes 2000
// connections at a time, and no log.
var programs = []struct {
	name, file string
	plain, tls func(e *environment, listen, connect string) []string
}{
	{"relay", "", func(e *environment, listen, connect string) []string {
		return []string{e.relay, "-level", "error", "tcp://" + listen, "tcp://" + connect}
	}, func(e *environment, listen, connect string) []string {
		return []string{e.relay, "-level", "error", "tls://" + listen + "?min=1.3&cert=" + e.cert, "tcp://" + connect}
	}},
	{bare, "", func(e *environment, listen, connect string) []string {
		return []string{e.bare, "tcp://" + listen, "tcp://" + connect}
	}, func(e *environment, listen, connect string) []string {
		return []string{e.bare, "tls://" + listen + "?cert=" + e.cert, "tcp://" + connect}
	}},
	{"socat", "socat", func(e *environment, listen, connect string) []string {
		return []string{"socat", "TCP-LISTEN:" + port(listen) + ",bind=127.0.0.1,fork,reuseaddr,backlog=4096", "TCP:" + connect}
	}, func(e *environment, listen, connect string) []string {
		return []string{"socat", "OPENSSL-LISTEN:" + port(listen) +
			",bind=127.0.0.1,fork,reuseaddr,backlog=4096,verify=0,openssl-min-proto-version=TLS1.3,cert=" + e.cert, "TCP:" + connect}
	}},
	{"stunnel", "stunnel4", nil, func(e *environment, listen, connect string) []string {
		return []string{"stunnel4", e.config("stunnel", `foreground = yes
pid =
debug = 0
[relay]
accept = %s
connect = %s
cert = %s
sslVersionMin = TLSv1.3
`, listen, connect, e.cert)}
	}},
	{"haproxy", "haproxy", func(e *environment, listen, connect string) []string {
		return haproxy(e, listen, "", connect)
	}, func(e *environment, listen, connect string) []string {
		return haproxy(e, listen, " ssl ssl-min-ver TLSv1.3 crt "+e.cert, connect)
	}},
	{"nginx", "nginx", func(e *environment, listen, connect string) []string {
		return nginx(e, listen, "", connect)
	}, func(e *environment, listen, connect string) []string {
		return nginx(e, listen, " ssl; ssl_protocols TLSv1.3; ssl_certificate "+e.cert+"; ssl_certificate_key "+e.cert, connect)
	}},
	{"ghostunnel", "ghostunnel", nil, func(e *environment, listen, connect string) []string {
		return []string{"ghostunnel", "server", "--listen", listen, "--target", connect, "--cert", e.cert, "--key", e.cert,
			"--disable-authentication", "--quiet", "all"}
	}},
}

func haproxy(e *environment, listen, tls, connect string) []string {
	return []string{"haproxy", "-db", "-f", e.config("haproxy", `global
  maxconn 8000
defaults
  mode tcp
  timeout connect 30s
  timeout client 5m
  timeout server 5m
listen relay
  bind %s backlog 4096%s
  server backend %s
`, listen, tls, connect)}
}

func nginx(e *environment, listen, tls, connect string) []string {
	module := "/usr/lib/nginx/modules/ngx_stream_module.so" // Debian's
	load := ""
	if _, err := os.Stat(module); err == nil {
		load = "load_module " + module + ";\n"
	}
	return []string{"nginx", "-p", e.folder, "-e", "/dev/null", "-c", e.config("nginx", `%sdaemon off;
worker_processes auto;
worker_rlimit_nofile 20000;
pid %s/nginx.pid;
error_log /dev/null crit;
events { worker_connections 10000; }
stream { server { listen %s backlog=4096%s; proxy_pass %s; } }
`, load, e.folder, listen, tls, connect)}
}

// config writes a configuration, and returns its path.
func (e *environment) config(name, format string, args ...any) string {
	path := filepath.Join(e.folder, name+".conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600); err != nil {
		panic(err)
	}
	return path
}

// subjects are those that are installed, relay first.
func (e *environment) subjects() (found []subject, missing []string) {
	for _, p := range programs {
		if p.file != "" {
			if _, err := exec.LookPath(p.file); err != nil {
				missing = append(missing, p.name)
				fmt.Fprintln(os.Stderr, p.name, "is not installed, and is left out")
				continue
			}
		}
		if p.plain != nil {
			found = append(found, subject{p.name, false, p.plain})
		}
		found = append(found, subject{p.name, true, p.tls})
	}
	return found, missing
}
