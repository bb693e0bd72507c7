package trace

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMadeAddresses(t *testing.T) {
	b := newAddressBook()
	b.made = 1<<16 - 1
	made := func() string { return b.choose(&subject{}).local.String() }
	require.Equal(t, "198.18.255.255:49152", made())
	require.Equal(t, "198.18.0.0:49153", made(), "with another port")
	b.made = 1 << 16
	require.Equal(t, "198.18.0.1:49153", made(), "the one before has been made")
}

func TestAddressesThatAreForgotten(t *testing.T) {
	b := newAddressBook()
	b.release(endpoints{})
	require.Empty(t, b.used, "it was not there")
	ended, open := b.choose(&subject{}), b.choose(&subject{})
	b.release(ended)
	b.most = 3
	b.choose(&subject{})
	require.True(t, b.isUsed(ended), "there is room")
	b.choose(&subject{})
	require.False(t, b.isUsed(ended))
	require.True(t, b.isUsed(open))
	require.Equal(t, leastForgotten, b.most)
	for i := range leastForgotten {
		port := netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(i))
		b.used[endpoints{port, port}] = true
	}
	b.choose(&subject{})
	require.Equal(t, 2*(leastForgotten+3), b.most, "so that not each one looks at all")
}
