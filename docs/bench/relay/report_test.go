//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// twoRounds has relay at twice the CPU time of nginx, and haproxy fails once.
func twoRounds() *report {
	relay, least := subject{program: "relay"}, subject{program: bare}
	nginx, haproxy := subject{program: "nginx"}, subject{program: "haproxy"}
	r := newReport(plan{rounds: 2, conns: []int{100}}, []subject{relay, least, haproxy, nginx}, []string{"socat", "stunnel", "ghostunnel"})
	for round := range 2 {
		base := float64(round + 1)
		r.add(relay, 100, sample{Transfer: base, CPU: 2 * base, Connect: base, Memory: base, Used: base}, nil)
		r.add(least, 100, sample{Transfer: base, CPU: base / 2, Connect: base, Memory: base, Used: base}, nil)
		r.add(nginx, 100, sample{Transfer: 4 * base, CPU: base, Connect: base, Memory: base, Used: base}, nil)
	}
	r.add(haproxy, 100, sample{}, errors.New("did not listen"))
	r.add(haproxy, 100, sample{Transfer: 2, CPU: 8, Connect: 2, Memory: 2, Used: 2}, nil)
	r.conclude()
	return r
}

func TestLosingRowsComeFirst(t *testing.T) {
	r := twoRounds()
	require.Equal(t, "CPU time, plain, 100 conns", r.Rows[0].name())
	require.Equal(t, "nginx", r.Rows[0].worst().Program)
	require.Equal(t, 2.0, r.Rows[0].worst().Ratio)
	var out strings.Builder
	require.NoError(t, r.write(&out))
	require.Regexp(t, `CPU time, plain, 100 conns +ms/GiB +nginx +2.00× +2.00–2.00 +4.00× `, out.String(), "bare is no peer")
	require.Contains(t, out.String(), "not installed: socat, stunnel, ghostunnel\n")
	require.Contains(t, out.String(), "failed: haproxy, TLS false, 100 conns: did not listen\n")
}

func TestFailuresAreNullInJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, twoRounds().writeJSON(&out))
	var back report
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	require.Contains(t, out.String(), "null")
}

func TestPlotIsXML(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, twoRounds().plot(&out))
	for d := xml.NewDecoder(&out); ; {
		if _, err := d.Token(); err != nil {
			require.Equal(t, io.EOF, err)
			break
		}
	}
}
