package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tributary-go/tributary/abc"
	"github.com/tributary-go/tributary/closeutil"
	"github.com/tributary-go/tributary/internal/selfsigned"
	"github.com/tributary-go/tributary/memstream"
	"github.com/tributary-go/tributary/tlsstream"
)

// Each execution runs in a bubble of its own: an operation that hangs is a
// deadlock there, and so is a goroutine that is left behind.

// A setting is what an attack is like, beside its bytes.
type setting uint16

const (
	settingTLS12     setting = 1 << iota // instead of TLS 1.3
	settingHTTPS                         // the victim is HTTPS-compatible
	settingClient                        // the victim is the client
	settingDeaf                          // the attacker receives nothing
	settingQuiet                         // the victim sends nothing
	settingGraceful                      // the victim's Close has a minute
	settingTight                         // the transport has room for one byte
	settingEOF                           // the attacker ends its direction when it is done
	settingGone                          // the attacker closes when it is done
	settingDemanding                     // the server wants a certificate, and another curve than the client's first
	settingHasty                         // the victim's operations are cancelled every millisecond, which is when a chunk comes
)

func (s setting) is(flag setting) bool { return s&flag != 0 }

func (s setting) options() *tlsstream.Options {
	return &tlsstream.Options{HTTPSCompatible: s.is(settingHTTPS)}
}

func (s setting) transport() (a, b *memstream.Stream) {
	capacity := 0
	if s.is(settingTight) {
		capacity = 1
	}
	return memstream.Pair(&memstream.Options{Capacity: capacity})
}

// configs returns the client's and the server's. version may be 0.
func (s setting) configs(version uint16) (client, server *tls.Config) {
	client, server = selfsigned.Client(version), selfsigned.Server(version)
	client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} // a small ClientHello
	server.SessionTicketsDisabled = true
	if s.is(settingDemanding) {
		client.Certificates = server.Certificates
		server.ClientAuth = tls.RequireAnyClientCert
		server.CurvePreferences = client.CurvePreferences[1:] // HelloRetryRequest
	}
	return client, server
}

// FuzzServerBeforeHandshake has a server receive hostile bytes first.
func FuzzServerBeforeHandshake(f *testing.F) {
	f.Fuzz(func(t *testing.T, hostile, cuts []byte, how uint16) {
		synctest.Test(t, func(t *testing.T) {
			s := setting(how)
			a, b := s.transport()
			_, cfg := s.configs(0)
			attackBeforeHandshake(t, s, tlsstream.Server(a, cfg, s.options()), b, hostile, cuts)
		})
	})
}

// FuzzClientBeforeHandshake has a client receive them. Its hello has always the
// same random and session ID, so that a recorded ServerHello suits it, and it
// believes every certificate, so that it goes on after one.
func FuzzClientBeforeHandshake(f *testing.F) {
	f.Fuzz(func(t *testing.T, hostile, cuts []byte, how uint16) {
		synctest.Test(t, func(t *testing.T) {
			s := setting(how)
			a, b := s.transport()
			cfg, _ := s.configs(0)
			cfg.InsecureSkipVerify = true
			cfg.Rand = io.MultiReader(bytes.NewReader(pattern[:2*32]), rand.Reader)
			attackBeforeHandshake(t, s, tlsstream.Client(a, cfg, s.options()), b, hostile, cuts)
		})
	})
}

func attackBeforeHandshake(t *testing.T, s setting, victim *tlsstream.Stream, attacker abc.Stream, hostile, cuts []byte) {
	got, err := s.attack(t, victim, attacker, hostile, cuts)
	require.Empty(t, got)
	require.NotEqual(t, io.EOF, err, "no handshake, no clean end")
	_, err = victim.ConnectionState()
	require.ErrorIs(t, err, tlsstream.ErrNeedHandshake)
}

// attack has the attacker send hostile bytes, in chunks of the sizes of cuts,
// while the victim receives and sends, and the victim closed once nothing
// happens any more. It returns what the victim received, and what ended that.
func (s setting) attack(t *testing.T, victim *tlsstream.Stream, attacker abc.Stream, hostile, cuts []byte) (got []byte, end error) {
	var wg sync.WaitGroup
	wg.Go(func() {
		if !s.sendInChunks(attacker, hostile, cuts) {
			return
		}
		switch {
		case s.is(settingGone):
			_ = attacker.Close(bg)
		case s.is(settingEOF):
			_ = attacker.SendEOF(bg)
		}
	})
	if !s.is(settingDeaf) {
		wg.Go(func() { _, _ = receiveAll(attacker) })
	}
	var shaken, sent, ended error
	wg.Go(func() { shaken = s.hurry(victim.Handshake) })
	wg.Go(func() {
		buf := make([]byte, 1000)
		for end == nil {
			end = s.hurry(func(ctx context.Context) error {
				n, err := victim.ReceiveSome(ctx, buf)
				got = append(got, buf[:n]...)
				return err
			})
		}
	})
	if !s.is(settingQuiet) {
		wg.Go(func() {
			sent = s.sendAll(victim, pattern)
			ended = s.hurry(victim.SendEOF)
		})
	}
	if s.is(settingHasty) {
		time.Sleep(time.Second)
	}
	synctest.Wait()
	s.close(t, victim)
	wg.Wait() // by the victim's Close alone
	_, again := victim.ReceiveSome(bg, make([]byte, 1))
	for _, err := range []error{shaken, sent, ended, end, again, victim.SendAll(bg, nil), victim.SendEOF(bg)} {
		requireOneRow(t, err)
	}
	return got, end
}

// sendAll goes on after what a cancelled send has sent.
func (s setting) sendAll(to abc.SendStream, p []byte) error {
	return s.hurry(func(ctx context.Context) error {
		err := to.SendAll(ctx, p)
		if err != nil {
			p = p[max(0, abc.Sent(err)):]
		}
		return err
	})
}

// hurry performs an operation; where the victim is hasty, again and again.
func (s setting) hurry(op func(ctx context.Context) error) error {
	for {
		ctx, cancel := bg, context.CancelFunc(func() {})
		if s.is(settingHasty) {
			ctx, cancel = context.WithTimeout(bg, time.Millisecond)
		}
		err := op(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

func (s setting) close(t *testing.T, victim *tlsstream.Stream) {
	grace := time.Duration(0)
	if s.is(settingGraceful) {
		grace = time.Minute
	}
	begin := time.Now()
	requireOneRow(t, closeutil.CloseWithin(bg, victim, grace))
	require.LessOrEqual(t, time.Since(begin), grace)
}

// sendInChunks says whether the peer took everything.
func (s setting) sendInChunks(to abc.SendStream, p, cuts []byte) bool {
	for i := 0; len(p) > 0; i++ {
		n := len(p)
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)]))
		}
		if to.SendAll(bg, p[:n]) != nil {
			return false
		}
		if s.is(settingHasty) && i < 500 {
			time.Sleep(time.Millisecond)
		}
		p = p[n:]
	}
	return true
}

// pattern is what is sent where it does not matter.
var pattern = func() []byte {
	p := make([]byte, 100_000)
	for i := range p {
		p[i] = byte(i * i >> 3)
	}
	return p
}()

// requireOneRow requires that err, if it is one, is one row of the contract's
// table, and not several.
func requireOneRow(t *testing.T, err error) {
	t.Helper()
	if err == nil || err == io.EOF {
		return
	}
	require.NotErrorIs(t, err, io.EOF)
	op, ok := err.(*abc.OpError)
	require.True(t, ok, "%#v", err)
	require.Equal(t, "tlsstream", op.Transport)
	rows := 0
	for _, row := range []error{
		abc.ErrClosed, abc.ErrBroken, abc.ErrBusy, abc.ErrEmptyBuffer, errors.ErrUnsupported,
		context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, row) {
			rows++
		}
	}
	require.Equal(t, 1, rows, "%v", err)
}

// FuzzAfterHandshake has an attacker who holds the keys carry out a script: it
// sends valid records of any type and content, damaged ones, and none at all.
func FuzzAfterHandshake(f *testing.F) {
	f.Fuzz(func(t *testing.T, program, cuts []byte, how uint16) {
		synctest.Test(t, func(t *testing.T) {
			s := setting(how)
			victim, attacker, keys := s.shake(t)
			x := script{in: program, keys: keys, tls12: s.is(settingTLS12), honest: true}
			x.run()
			got, err := s.attack(t, victim, attacker, x.out, cuts)
			require.True(t, bytes.HasPrefix(x.data, got), "a prefix of what was sent")
			switch {
			case err == io.EOF && !s.is(settingHTTPS):
				require.True(t, x.ended, "by close_notify")
				fallthrough
			case x.honest && !s.is(settingDeaf):
				require.True(t, bytes.Equal(x.data, got), "all of it: %d of %d bytes, then %v", len(got), len(x.data), err)
			}
		})
	})
}

// shake performs the handshake and returns the victim, the other end of its
// transport, and the keys of the direction to the victim.
func (s setting) shake(t *testing.T) (victim *tlsstream.Stream, attacker abc.Stream, keys sealer) {
	version := uint16(tls.VersionTLS13)
	if s.is(settingTLS12) {
		version = tls.VersionTLS12
	}
	a, b := s.transport()
	clientCfg, serverCfg := s.configs(version)
	clientCfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256} // of TLS 1.2
	var log, flight bytes.Buffer
	clientCfg.KeyLogWriter = &log
	client := tlsstream.Client(a, clientCfg, s.options())
	server := tlsstream.Server(&hooked{Stream: b, send: func(ctx context.Context, p []byte) error {
		flight.Write(p)
		return b.SendAll(ctx, p)
	}}, serverCfg, s.options())
	shake(t, client, server)
	synctest.Wait() // for the last message to arrive, which is sent in the background
	state, err := client.ConnectionState()
	require.NoError(t, err)
	if suite := state.CipherSuite; version == tls.VersionTLS13 && suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("another cipher suite was agreed on:", tls.CipherSuiteName(suite))
	}
	label := "SERVER_TRAFFIC_SECRET_0"
	victim, attacker = client, b
	if !s.is(settingClient) {
		label = "CLIENT_TRAFFIC_SECRET_0"
		victim, attacker = server, a
	}
	if version == tls.VersionTLS12 {
		label = "CLIENT_RANDOM"
	}
	for line := range strings.Lines(log.String()) {
		fields := strings.Fields(line)
		if fields[0] != label {
			continue
		}
		random, _ := hex.DecodeString(fields[1])
		secret, _ := hex.DecodeString(fields[2])
		if version == tls.VersionTLS13 {
			half := &rawHalf{}
			half.setSecret(secret)
			return victim, attacker, half
		}
		return victim, attacker, newHalf12(secret, flight.Bytes()[11:43], random, !s.is(settingClient))
	}
	panic("no keys")
}

// A script makes the attacker's records. Each step is a byte for what to do, one
// for how much of it, and then what it takes from the input itself.
type script struct {
	in    []byte
	keys  sealer
	tls12 bool

	out    []byte
	last   []byte // the last record
	typ    byte   // its type and content
	text   []byte
	data   []byte // the application data before the first close_notify
	ended  bool   // by close_notify
	honest bool   // nothing in out is an attack
	idle   int    // records without data since the last one with it
}

type sealer interface {
	seal(typ byte, text []byte) []byte
}

func (x *script) run() {
	for len(x.in) >= 2 {
		step, n := x.in[0], int(x.in[1])
		x.in = x.in[2:]
		switch step % 8 {
		case 0: // application data; most sizes are allowed
			x.record(recordData, pattern[:80*n])
		case 1: // a record of any type
			text := x.take(n)
			if len(text) > 0 {
				x.record(text[0], text[1:])
			}
		case 2: // bytes
			x.raw(x.take(n))
		case 3: // damage to the last record, which is still to be sent
			if k := len(x.last); k > 0 {
				x.out[len(x.out)-1-n*7%k] ^= 1 << (n % 8)
				x.honest, x.last = false, nil
			}
		case 4: // cut it short
			x.out = x.out[:len(x.out)-min(n, len(x.last))]
			x.honest, x.last = x.honest && n == 0, nil
		case 5: // send it again, as it is
			x.raw(x.last)
		case 6: // and the same content many times
			for range n {
				x.record(x.typ, x.text)
			}
		case 7: // new keys for TLS 1.3, a HelloRequest for TLS 1.2
			if x.tls12 {
				x.record(recordHandshake, []byte{0, 0, 0, 0})
				break
			}
			honest := x.honest
			x.record(recordHandshake, []byte{24, 0, 0, 1, byte(n % 2)})
			x.honest = honest && x.idle <= mostIdle
			x.keys.(*rawHalf).update()
		}
	}
}

func (x *script) take(n int) []byte {
	n = min(n, len(x.in))
	p := x.in[:n]
	x.in = x.in[n:]
	return p
}

func (x *script) raw(p []byte) {
	x.honest = x.honest && len(p) == 0
	x.out = append(x.out, p...)
}

func (x *script) record(typ byte, text []byte) {
	if len(x.out) > 1<<20 {
		return
	}
	x.typ, x.text = typ, text
	x.last = x.keys.seal(typ, text)
	x.out = append(x.out, x.last...)
	for !x.tls12 && typ == 0 && len(text) > 0 { // it was padding
		typ, text = text[len(text)-1], text[:len(text)-1]
	}
	switch {
	case typ == recordData && len(text) > 0:
		x.idle = 0
	default:
		x.idle++
	}
	x.honest = x.honest && typ == recordData && x.idle <= mostIdle && len(text) <= 16<<10
	if typ == recordData && !x.ended {
		x.data = append(x.data, text...)
	}
	x.ended = x.ended || typ == recordAlert && len(text) == 2 && text[1] == 0
}

const mostIdle = 16 // records without data in a row are what crypto/tls puts up with

// A half12 protects the records of one direction of TLS 1.2, with
// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (RFC 5246, section 6.3, RFC 5288).
type half12 struct {
	aead cipher.AEAD
	iv   []byte
	seq  uint64
}

func newHalf12(master, serverRandom, clientRandom []byte, ofClient bool) *half12 {
	hash := func(p ...[]byte) []byte {
		h := hmac.New(sha256.New, master)
		h.Write(bytes.Join(p, nil))
		return h.Sum(nil)
	}
	seed := bytes.Join([][]byte{[]byte("key expansion"), serverRandom, clientRandom}, nil)
	a1 := hash(seed)
	a2 := hash(a1)
	material := append(hash(a1, seed), hash(a2, seed)...)
	key, iv := material[16:32], material[36:40]
	if ofClient {
		key, iv = material[:16], material[32:36]
	}
	block, _ := aes.NewCipher(key)
	aead, _ := cipher.NewGCM(block)
	return &half12{aead: aead, iv: iv, seq: 1} // after Finished
}

func (h *half12) seal(typ byte, text []byte) []byte {
	seq := binary.BigEndian.AppendUint64(nil, h.seq)
	h.seq++
	length := func(n int) []byte { return []byte{typ, 3, 3, byte(n >> 8), byte(n)} }
	record := append(length(len(seq)+len(text)+h.aead.Overhead()), seq...)
	nonce := append(bytes.Clone(h.iv), seq...)
	return h.aead.Seal(record, nonce, text, append(seq, length(len(text))...))
}

// FuzzInTheMiddle has an attacker without keys edit what a client and a server
// send each other, from the first byte on.
func FuzzInTheMiddle(f *testing.F) {
	f.Fuzz(func(t *testing.T, edits, cuts []byte, how uint16) {
		synctest.Test(t, func(t *testing.T) {
			s := setting(how)
			version := uint16(0)
			if s.is(settingTLS12) {
				version = tls.VersionTLS12
			}
			a, nearA := s.transport()
			b, nearB := s.transport()
			clientCfg, serverCfg := s.configs(version)
			ends := []*tlsstream.Stream{tlsstream.Client(a, clientCfg, s.options()), tlsstream.Server(b, serverCfg, s.options())}
			var wg sync.WaitGroup
			wg.Go(func() { s.tamper(nearA, nearB, parseEdits(edits, 0), cuts) })
			wg.Go(func() { s.tamper(nearB, nearA, parseEdits(edits, 1), cuts) })

			var got [2][]byte
			var received, sent [2]error
			for i, end := range ends {
				wg.Go(func() { got[i], received[i] = receiveAll(end) })
				wg.Go(func() { sent[i] = s.sendAll(end, pattern[:20_000]) })
			}
			if s.is(settingHasty) {
				time.Sleep(30 * time.Second) // a millisecond for each byte
			}
			synctest.Wait()
			s.close(t, ends[0])
			synctest.Wait()
			s.close(t, ends[1])
			wg.Wait()
			for i := range ends {
				requireOneRow(t, sent[i])
				requireOneRow(t, received[i])
				require.True(t, bytes.HasPrefix(pattern[:20_000], got[i]), "a prefix of what was sent")
				if len(edits) < 4 {
					require.Len(t, got[i], 20_000, "nothing was edited")
				}
				if received[i] == io.EOF && !s.is(settingHTTPS) {
					require.Len(t, got[i], 20_000, "all of it, then close_notify")
					require.NoError(t, sent[1-i])
				}
			}
		})
	})
}

// An edit happens before the byte at a position.
type edit struct {
	at   int
	what byte
	arg  byte
}

// parseEdits returns the edits of one of the two directions, of four bytes each.
func parseEdits(p []byte, direction byte) (edits []edit) {
	for ; len(p) >= 4; p = p[4:] {
		if p[0]%2 == direction {
			edits = append(edits, edit{at: int(binary.BigEndian.Uint16(p[1:])), what: p[0] / 2 % 5, arg: p[3]})
		}
	}
	return edits
}

// tamper passes on what from receives to to, and its end, with the edits made.
func (s setting) tamper(from, to abc.Stream, edits []edit, cuts []byte) {
	at := 0
	for p := range abc.Chunks(bg, from, make([]byte, 4096)) {
		var out []byte
		drop := 0
		for _, c := range p {
			for _, e := range edits {
				switch {
				case e.at != at:
				case e.what == 0: // flip a bit
					c ^= 1 << (e.arg % 8)
				case e.what == 1: // insert
					out = append(out, pattern[:e.arg]...)
				case e.what == 2: // drop
					drop = int(e.arg)
				case e.what == 3: // replay
					out = append(out, out[max(0, len(out)-int(e.arg)):]...)
				case e.what == 4: // cut
					_ = s.sendInChunks(to, out, cuts)
					_ = to.SendEOF(bg)
					_, _ = receiveAll(from)
					return
				}
			}
			if at++; drop > 0 {
				drop--
				continue
			}
			out = append(out, c)
		}
		if !s.sendInChunks(to, out, cuts) {
			break
		}
	}
	_ = to.SendEOF(bg)
	_, _ = receiveAll(from)
}
