//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadInputIsOneLineAndStatus2(t *testing.T) {
	s := newStore(t)
	tcp := "tcp://127.0.0.1:0"
	used := backend(t, "tcp", nil, echo)
	usedPath := backend(t, "unix", nil, echo)
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	garbage := s.file("garbage.pem")
	require.NoError(t, os.WriteFile(garbage, []byte("nothing"), 0o600))
	server := "tls://127.0.0.1:0?cert="
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no address":         {nil, "0 addresses"},
		"three addresses":    {[]string{tcp, tcp, tcp}, "3 addresses"},
		"unknown scheme":     {[]string{"udp://127.0.0.1:1", tcp}, `unknown scheme "udp"`},
		"no scheme":          {[]string{"127.0.0.1:1", tcp}, "is no address"},
		"no port":            {[]string{"tcp://127.0.0.1", tcp}, "missing port"},
		"a port too large":   {[]string{tcp, "tcp://127.0.0.1:65536"}, "invalid port"},
		"no path":            {[]string{"unix://", tcp}, "nothing behind the scheme"},
		"a port in use":      {[]string{used, tcp}, "address already in use"},
		"a second in use":    {[]string{tcp, tcp, used, tcp}, "address already in use"},
		"a path in use":      {[]string{usedPath, tcp}, "address already in use"},
		"no folder":          {[]string{"unix://" + closed + "/none/socket", tcp}, "no such file"},
		"not a folder":       {[]string{"unix://" + garbage + "/socket", tcp}, "not a directory"},
		"a mode":             {[]string{"unix://" + closed + "/socket?mode=999", tcp}, `mode "999"`},
		"a host":             {[]string{"tcp://nobody.invalid:0", tcp}, "nobody.invalid"},
		"a parameter":        {[]string{"tcp://127.0.0.1:0?cert=x", tcp}, `unknown parameter "cert"`},
		"a client's":         {[]string{server + s.file("server.pem") + "&servername=x", tcp}, `unknown parameter "servername"`},
		"twice":              {[]string{server + "a&cert=b", tcp}, `"cert" is given 2 times`},
		"no certificate":     {[]string{"tls://127.0.0.1:0", tcp}, "needs a certificate"},
		"missing file":       {[]string{server + s.file("none.pem"), tcp}, "no such file"},
		"no PEM":             {[]string{server + garbage, tcp}, "garbage.pem"},
		"another key":        {[]string{server + s.file("server.crt") + "&key=" + s.file("client.key"), tcp}, "private key does not match"},
		"a key alone":        {[]string{tcp, "tls://127.0.0.1:1?key=" + s.file("client.key")}, "a key without its certificate"},
		"expired":            {[]string{server + s.file("expired.pem"), tcp}, "has expired on"},
		"expired client":     {[]string{tcp, "tls://127.0.0.1:1?cert=" + s.file("expired.pem")}, "has expired on"},
		"not yet valid":      {[]string{server + s.file("future.pem"), tcp}, "is not valid before"},
		"no authority":       {[]string{tcp, "tls://127.0.0.1:1?ca=" + garbage}, "there is no certificate in"},
		"missing authority":  {[]string{tcp, "tls://127.0.0.1:1?ca=" + s.file("none.pem")}, "no such file"},
		"verify":             {[]string{tcp, "tls://127.0.0.1:1?verify=no"}, `verify is "no"`},
		"min":                {[]string{tcp, "tls://127.0.0.1:1?min=1.1"}, `min is "1.1"`},
		"nobody in memory":   {[]string{tcp, "mem://x"}, "nobody listens there"},
		"twice in memory":    {[]string{"mem://x", tcp, "mem://x", tcp}, "there are two"},
		"no program":         {[]string{tcp, "exec:/none/program"}, "no such file"},
		"no command":         {[]string{tcp, "exec: "}, "there is no command"},
		"an open quote":      {[]string{tcp, "exec:sh -c 'date"}, "a quote is not closed"},
		"one standard input": {[]string{"-", "-"}, "- is given 2 times"},
		"unknown flag":       {[]string{"-verbose", tcp, tcp}, "-verbose"},
		"a late flag":        {[]string{tcp, tcp, "-max", "3"}, "flags come before"},
		"max":                {[]string{"-max", "-1", tcp, tcp}, "-max -1"},
		"idle":               {[]string{"-idle", "soon", tcp, tcp}, `"soon"`},
		"timeout":            {[]string{"-timeout", "0", tcp, tcp}, "-timeout 0s"},
		"log":                {[]string{"-log", "xml", tcp, tcp}, `-log "xml"`},
		"level":              {[]string{"-level", "loud", tcp, tcp}, `"loud"`},
		"stats in use":       {[]string{"-stats", used, tcp, tcp}, "address already in use"},
		"stats by exec":      {[]string{"-stats", "exec:date", tcp, tcp}, "-stats exec:date"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := conclude(t, nil, c.args...)
			require.Equal(t, 2, status, stderr)
			require.Empty(t, stdout)
			require.Regexp(t, "^relay: .*\n$", stderr)
			require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			require.Contains(t, stderr, c.says)
		})
	}
}

func TestAnUnwritableFolder(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Chmod(folder, 0o500))
	if os.Getuid() == 0 {
		folder = "/sys" // root may write everywhere else
	}
	status, _, stderr := conclude(t, nil, "unix://"+folder+"/socket", "tcp://127.0.0.1:1")
	require.Equal(t, 2, status)
	require.Regexp(t, "^relay: .*(permission denied|not permitted)\n$", stderr)
}

func TestHelpBeginsWithExamples(t *testing.T) {
	for _, flag := range []string{"-h", "-help", "--help"} {
		status, stdout, stderr := conclude(t, nil, flag)
		require.Zero(t, status)
		require.Empty(t, stderr)
		require.Equal(t, help, stdout)
	}
	require.Less(t, strings.Index(help, "Examples:"), strings.Index(help, "Usage:"))
	for line := range strings.Lines(help) {
		require.LessOrEqual(t, len(line), 81, line)
	}
}

// Each flag is in the help, and each one there is a flag.
func TestHelpHasTheFlags(t *testing.T) {
	_, flags, _ := strings.Cut(help, "Flags:\n")
	for _, name := range []string{"max", "idle", "timeout", "grace", "log", "level", "stats", "progress"} {
		require.Contains(t, flags, "  -"+name)
	}
	require.Equal(t, 8, strings.Count("\n"+flags, "\n  -"))
}
