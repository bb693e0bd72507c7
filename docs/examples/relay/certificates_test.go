//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A store is a folder with ca.pem, which has signed server.pem, client.pem,
// expired.pem and future.pem, each of which has its key with it; server.crt and
// server.key are the same apart. stranger.pem is signed by itself.
type store struct {
	t      *testing.T
	folder string
}

func newStore(t *testing.T) store {
	s := store{t, t.TempDir()}
	now := time.Now()
	ca := s.issue("ca", nil, now.Add(-time.Hour), now.Add(time.Hour))
	s.issue("server", ca, now.Add(-time.Hour), now.Add(time.Hour))
	s.issue("client", ca, now.Add(-time.Hour), now.Add(time.Hour))
	s.issue("expired", ca, now.Add(-2*time.Hour), now.Add(-time.Hour))
	s.issue("future", ca, now.Add(time.Hour), now.Add(2*time.Hour))
	s.issue("stranger", nil, now.Add(-time.Hour), now.Add(time.Hour))
	return s
}

func (s store) file(name string) string { return filepath.Join(s.folder, name) }

func (s store) issue(name string, ca *tls.Certificate, from, to time.Time) *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: from, NotAfter: to,
		IsCA: ca == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := template, any(key)
	if ca != nil {
		parent, signer = ca.Leaf, ca.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(s.t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(s.t, err)
	secret, err := x509.MarshalECPrivateKey(key)
	require.NoError(s.t, err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	for file, content := range map[string][]byte{".crt": certPEM, ".key": keyPEM, ".pem": append(certPEM, keyPEM...)} {
		require.NoError(s.t, os.WriteFile(s.file(name+file), content, 0o600))
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// server is the configuration of a server in the test.
func (s store) server() *tls.Config {
	certs, err := loadCertificate(s.file("server.pem"), "")
	require.NoError(s.t, err)
	return &tls.Config{Certificates: certs}
}

// client is the configuration of a client that trusts ca.pem.
func (s store) client() *tls.Config {
	pool, err := loadAuthorities(s.file("ca.pem"))
	require.NoError(s.t, err)
	return &tls.Config{RootCAs: pool, ServerName: "server.test"}
}
