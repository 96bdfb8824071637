package entratest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// microsoftHosts are the names that the proxy answers itself. Everything else
// that is not loopback is refused, so nothing ever reaches Microsoft.
var microsoftHosts = []string{
	"login.microsoftonline.com",
	"login.microsoftonline.us",
	"login.partner.microsoftonline.cn",
	"login.windows.net",
	"login.microsoft.com",
	"sts.windows.net",
	"graph.microsoft.com",
	"graph.microsoft.us",
	"microsoftgraph.chinacloudapi.cn",
	"launcher.myapps.microsoft.com",
	"myapps.microsoft.com",
}

// certAuthority is a throw-away CA with one leaf for every Microsoft host.
// Its key lives in memory only and dies with the process.
type certAuthority struct {
	cert []byte // DER
	leaf tls.Certificate
}

// newAuthority makes a CA that is valid from an hour ago for a month of real
// time: TLS clients look at the real clock, whatever Advance says.
func newAuthority() (*certAuthority, error) {
	now := time.Now()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "entratest throw-away CA"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(0, 1, 0),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		// A CA that leaks still can't speak for anyone but these.
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         append([]string{"localhost"}, microsoftHosts...),
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: microsoftHosts[0]},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(0, 1, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     append([]string{"localhost"}, microsoftHosts...),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &leafKey.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &certAuthority{
		cert: der,
		leaf: tls.Certificate{Certificate: [][]byte{leafDER, der}, PrivateKey: leafKey},
	}, nil
}

func (a *certAuthority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert})
}

func (a *certAuthority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(a.pem()) {
		panic("entratest: our own CA does not parse")
	}
	return pool
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(fmt.Sprintf("entratest: no random numbers: %v", err))
	}
	return n.Add(n, big.NewInt(1))
}
