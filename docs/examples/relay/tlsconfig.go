package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"
)

// serverTLS is the configuration to listen at a.
func serverTLS(a address) (*tls.Config, error) {
	if err := a.allow("cert", "key", "ca", "alpn", "min"); err != nil {
		return nil, err
	}
	if a.param("cert") == "" {
		return nil, badInput("%s: to listen, tls needs a certificate: ?cert=FILE", a)
	}
	cfg, err := commonTLS(a)
	if err != nil {
		return nil, err
	}
	if cfg.ClientCAs = cfg.RootCAs; cfg.ClientCAs != nil {
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return cfg, nil
}

// clientTLS is the configuration to connect to a.
func clientTLS(a address) (*tls.Config, error) {
	if err := a.allow("cert", "key", "ca", "alpn", "min", "servername", "verify"); err != nil {
		return nil, err
	}
	cfg, err := commonTLS(a)
	if err != nil {
		return nil, err
	}
	if cfg.ServerName = a.param("servername"); cfg.ServerName == "" {
		cfg.ServerName = a.host()
	}
	switch v := a.param("verify"); v {
	case "", "on":
	case "off":
		cfg.InsecureSkipVerify = true
	default:
		return nil, badInput("%s: verify is %q, neither on nor off", a, v)
	}
	return cfg, nil
}

func commonTLS(a address) (*tls.Config, error) {
	cfg := &tls.Config{}
	if alpn := a.param("alpn"); alpn != "" {
		cfg.NextProtos = strings.Split(alpn, ",")
	}
	switch v := a.param("min"); v {
	case "", "1.2":
		cfg.MinVersion = tls.VersionTLS12
	case "1.3":
		cfg.MinVersion = tls.VersionTLS13
	default:
		return nil, badInput("%s: min is %q, neither 1.2 nor 1.3", a, v)
	}
	var err error
	if file := a.param("cert"); file != "" {
		if cfg.Certificates, err = loadCertificate(file, a.param("key")); err != nil {
			return nil, badInput("%s: %w", a, err)
		}
	} else if a.param("key") != "" {
		return nil, badInput("%s: a key without its certificate: ?cert=FILE", a)
	}
	if file := a.param("ca"); file != "" {
		if cfg.RootCAs, err = loadAuthorities(file); err != nil {
			return nil, badInput("%s: %w", a, err)
		}
	}
	return cfg, nil
}

// loadCertificate refuses a certificate that every peer would refuse.
func loadCertificate(file, keyFile string) ([]tls.Certificate, error) {
	if keyFile == "" {
		keyFile = file
	}
	cert, err := tls.LoadX509KeyPair(file, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", file, keyFile, err)
	}
	switch now := time.Now(); {
	case now.After(cert.Leaf.NotAfter):
		return nil, fmt.Errorf("certificate %s has expired on %s", file, cert.Leaf.NotAfter.Format(time.DateTime))
	case now.Before(cert.Leaf.NotBefore):
		return nil, fmt.Errorf("certificate %s is not valid before %s", file, cert.Leaf.NotBefore.Format(time.DateTime))
	}
	return []tls.Certificate{cert}, nil
}

func loadAuthorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("there is no certificate in %s", file)
	}
	return pool, nil
}
