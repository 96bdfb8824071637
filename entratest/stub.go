package entratest

import (
	"crypto/x509"
	"time"
)

type authority struct{}

func newAuthority(time.Time) (*authority, error) { return &authority{}, nil }
func (a *authority) pem() []byte                 { return nil }
func (a *authority) pool() *x509.CertPool        { return nil }

type core struct{ browserURL, serverURL string }

func newCore(Options) (*core, error)  { return &core{}, nil }
func (c *core) now() time.Time        { return time.Now() }
func (c *core) advance(time.Duration) {}
func (c *core) close()                {}
func (e *Entra) listen() error        { return nil }
func loopbackHost(string) bool        { return true }

type relays struct{}

func newRelays() *relays { return &relays{} }
func (*relays) close()   {}
