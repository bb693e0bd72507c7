package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// The types of records that the tests look at.
const (
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23
)

// A rawHalf protects the records of one direction, for what crypto/tls answers
// but never asks: KeyUpdate. It knows TLS_AES_128_GCM_SHA256.
type rawHalf struct {
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

func (h *rawHalf) setSecret(secret []byte) {
	expand := func(label string, length int) []byte { // HKDF-Expand-Label, RFC 8446, section 7.1
		label = "tls13 " + label
		info := fmt.Sprintf("\x00%c%c%s\x00", length, len(label), label)
		out, err := hkdf.Expand(sha256.New, secret, info, length)
		if err != nil {
			panic(err)
		}
		return out
	}
	block, err := aes.NewCipher(expand("key", 16))
	if err != nil {
		panic(err)
	}
	h.aead, _ = cipher.NewGCM(block)
	h.iv, h.seq, h.secret = expand("iv", 12), 0, expand("traffic upd", sha256.Size)
}

// update goes on to the keys that follow a KeyUpdate.
func (h *rawHalf) update() { h.setSecret(h.secret) }

func (h *rawHalf) nonce() []byte {
	nonce := bytes.Clone(h.iv)
	var seq [8]byte
	binary.BigEndian.PutUint64(seq[:], h.seq)
	h.seq++
	for i, c := range seq {
		nonce[4+i] ^= c
	}
	return nonce
}

func (h *rawHalf) seal(typ byte, data []byte) []byte {
	length := len(data) + 1 + h.aead.Overhead()
	header := []byte{recordData, 3, 3, byte(length >> 8), byte(length)}
	return h.aead.Seal(header, h.nonce(), append(bytes.Clone(data), typ), header)
}

func (h *rawHalf) open(record []byte) (typ byte, data []byte, err error) {
	plain, err := h.aead.Open(nil, h.nonce(), record[5:], record[:5])
	if err != nil {
		return 0, nil, err
	}
	last := len(plain) - 1
	return plain[last], plain[:last], nil
}

// A rawPeer is the client of a tlsstream, with its hands on the records.
type rawPeer struct {
	transport abc.Stream
	send      rawHalf
	receive   rawHalf
	updates   int // how many KeyUpdates were received
}

// rawOver performs the handshake, and returns the client as a rawPeer.
func rawOver(t *testing.T, capacity int) (*rawPeer, *tlsstream.Stream) {
	a, b := memstream.Pair(&memstream.Options{Capacity: capacity})
	clientCfg, serverCfg := selfsigned.Client(tls.VersionTLS13), selfsigned.Server(0)
	serverCfg.SessionTicketsDisabled = true
	var log bytes.Buffer
	clientCfg.KeyLogWriter = &log
	client, server := tlsstream.Client(a, clientCfg, nil), tlsstream.Server(b, serverCfg, nil)
	t.Cleanup(func() { closeutil.CloseForcefully(client); closeutil.CloseForcefully(server) })
	shake(t, client, server)
	require.NoError(t, client.SendAll(bg, nil), "its last message has left: from here on it does nothing")
	state, err := client.ConnectionState()
	require.NoError(t, err)
	// crypto/tls lets nobody choose among the suites of TLS 1.3. It takes this
	// one on every processor with AES instructions.
	if state.CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("another cipher suite was agreed on:", tls.CipherSuiteName(state.CipherSuite))
	}
	p := &rawPeer{transport: a}
	for line := range strings.Lines(log.String()) {
		fields := strings.Fields(line)
		secret, err := hex.DecodeString(fields[2])
		require.NoError(t, err)
		switch fields[0] {
		case "CLIENT_TRAFFIC_SECRET_0":
			p.send.setSecret(secret)
		case "SERVER_TRAFFIC_SECRET_0":
			p.receive.setSecret(secret)
		}
	}
	return p, server
}

// askForKeys sends a KeyUpdate that asks for one in return.
func (p *rawPeer) askForKeys(ctx context.Context) error {
	err := p.transport.SendAll(ctx, p.send.seal(recordHandshake, []byte{24, 0, 0, 1, 1}))
	p.send.update()
	return err
}

func (p *rawPeer) sendData(ctx context.Context, data []byte) error {
	return p.transport.SendAll(ctx, p.send.seal(recordData, data))
}

// receiveRecord returns the application data of the next record, which has none
// if it is a KeyUpdate.
func (p *rawPeer) receiveRecord(ctx context.Context) ([]byte, error) {
	typ, data, err := p.receiveAny(ctx)
	if err != nil || typ == recordData {
		return data, err
	}
	if typ != recordHandshake || !bytes.Equal(data, []byte{24, 0, 0, 1, 0}) {
		return nil, fmt.Errorf("a record of type %d: %x", typ, data)
	}
	p.receive.update()
	p.updates++
	return nil, nil
}

func (p *rawPeer) receiveAlert(t *testing.T) []byte {
	typ, data, err := p.receiveAny(bg)
	require.NoError(t, err)
	require.EqualValues(t, recordAlert, typ)
	return data
}

func (p *rawPeer) receiveAny(ctx context.Context) (typ byte, data []byte, err error) {
	header, err := p.receiveExactly(ctx, 5)
	if err != nil {
		return 0, nil, err
	}
	body, err := p.receiveExactly(ctx, int(binary.BigEndian.Uint16(header[3:])))
	if err != nil {
		return 0, nil, err
	}
	return p.receive.open(append(header, body...))
}

func (p *rawPeer) receiveExactly(ctx context.Context, n int) ([]byte, error) {
	buf := make([]byte, 0, n)
	for len(buf) < n {
		k, err := p.transport.ReceiveSome(ctx, buf[len(buf):n])
		if err != nil {
			return nil, err
		}
		buf = buf[:len(buf)+k]
	}
	return buf, nil
}

// New keys are asked for while both directions are busy: the answers go between
// the records of a send that is in progress, and every byte arrives.
func TestKeyUpdateWhileBothDirectionsAreBusy(t *testing.T) {
	forEachCapacity(t, func(t *testing.T, capacity int) {
		const asked = 50
		peer, server := rawOver(t, capacity)
		data := bytes.Repeat([]byte("0123456789abcdef"), 60_000)
		var wg sync.WaitGroup
		errs := make(chan error, 3)
		var got, echoed []byte
		wg.Go(func() { errs <- server.SendAll(bg, data) })
		wg.Go(func() {
			for len(got) < asked*100 {
				buf := make([]byte, 70)
				n, err := server.ReceiveSome(bg, buf)
				if err != nil {
					errs <- err
					return
				}
				got = append(got, buf[:n]...)
			}
			errs <- nil
		})
		wg.Go(func() {
			for range asked {
				if err := errors.Join(peer.askForKeys(bg), peer.sendData(bg, data[:100])); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		})
		for len(echoed) < len(data) || peer.updates < asked {
			p, err := peer.receiveRecord(bg)
			require.NoError(t, err)
			echoed = append(echoed, p...)
		}
		wg.Wait()
		for range cap(errs) {
			require.NoError(t, <-errs)
		}
		require.True(t, bytes.Equal(data, echoed))
		require.True(t, bytes.Equal(bytes.Repeat(data[:100], asked), got))
		require.NoError(t, peer.transport.Close(bg))
		_ = server.Close(bg)
	})
}

// A peer that asks for ever more keys and takes no answer is not received from
// any further, so that what is kept for it has a bound; nor is anything lost.
func TestKeyUpdatesThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, server := rawOver(t, 1)
		const most = 7_000
		sent, asked := make(chan error, 1), 0
		received := make(chan error, 1)
		n := 0
		ctx, cancel := context.WithCancel(bg)
		go func() {
			for asked < most {
				if err := errors.Join(peer.askForKeys(ctx), peer.sendData(ctx, []byte("x"))); err != nil {
					sent <- err
					return
				}
				asked++
			}
			sent <- nil
		}()
		go func() {
			for {
				k, err := server.ReceiveSome(bg, make([]byte, 10))
				if n += k; err != nil {
					received <- err
					return
				}
			}
		}()
		synctest.Wait()
		require.Empty(t, sent, "it is pushed back")
		require.Less(t, asked, most)
		for peer.updates < most {
			_, err := peer.receiveRecord(bg)
			require.NoError(t, err)
		}
		require.NoError(t, <-sent)
		cancel()
		synctest.Wait()
		require.Equal(t, most, n)
		require.NoError(t, peer.transport.Close(bg))
		require.ErrorIs(t, <-received, io.ErrUnexpectedEOF)
	})
}
