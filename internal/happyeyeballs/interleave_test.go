package happyeyeballs_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/internal/happyeyeballs"
)

func TestInterleave(t *testing.T) {
	for _, test := range []struct{ in, out string }{
		{"", ""},
		{"10.0.0.1", "10.0.0.1"},
		{"::1", "::1"},
		{"10.0.0.3 10.0.0.1 10.0.0.2", "10.0.0.3 10.0.0.1 10.0.0.2"},
		{"::3 ::1 ::2", "::3 ::1 ::2"},
		{"::1 10.0.0.1 ::2 10.0.0.2", "::1 10.0.0.1 ::2 10.0.0.2"},
		{"::1 ::2 ::3 10.0.0.1 10.0.0.2", "::1 10.0.0.1 ::2 10.0.0.2 ::3"},
		{"10.0.0.1 10.0.0.2 10.0.0.3 ::1", "10.0.0.1 ::1 10.0.0.2 10.0.0.3"}, // IPv6 is not preferred
		{"10.0.0.1 ::1 ::2 ::3", "10.0.0.1 ::1 ::2 ::3"},
		{"::1 10.0.0.1 ::1 10.0.0.1 ::2", "::1 10.0.0.1 ::2"},
		{"fe80::1%a fe80::1%b fe80::1%a 10.0.0.1", "fe80::1%a 10.0.0.1 fe80::1%b"},
	} {
		var in []netip.Addr
		for _, s := range strings.Fields(test.in) {
			in = append(in, netip.MustParseAddr(s))
		}
		var out []string
		for _, a := range happyeyeballs.Interleave(in) {
			out = append(out, a.String())
		}
		require.Equal(t, test.out, strings.Join(out, " "), test.in)
	}
}
