// Package notifytest is a mail server for tests: it takes mail on loopback, keeps
// what it took, and refuses whom a test says.
//
// It decides nothing about mail; it is a peer written by others (go-smtp) behind
// a few words for tests.
package notifytest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
)

// Message is a mail that the catcher took.
type Message struct {
	From, To string // of the envelope
	Header   mail.Header
	Subject  string // decoded
	Text     string
	HTML     string
	Raw      string
}

// Catcher is a mail server. It is safe for concurrent use.
type Catcher struct {
	// User and Password are what it asks for.
	User, Password string

	addr    *net.TCPAddr
	trust   *x509.CertPool
	mu      sync.Mutex
	taken   []Message
	changed chan struct{}
	fail    map[string][]error // by recipient, in turn
	down    error              // at the greeting
	connect int
	server  *smtp.Server
}

// New starts a catcher that offers STARTTLS and asks for a password over it. It
// ends with the test.
func New(t testing.TB) *Catcher {
	t.Helper()
	cert, pool := certificate(t)
	c := &Catcher{User: "lanyard", Password: "s3cret-of-the-mail-server", trust: pool, changed: make(chan struct{}), fail: map[string][]error{}}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.addr, _ = l.Addr().(*net.TCPAddr)
	c.server = smtp.NewServer(smtp.BackendFunc(c.session))
	c.server.Domain = "localhost"
	c.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	c.server.ErrorLog = silent{}
	c.server.EnableSMTPUTF8 = true
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.server.Serve(l) // ends with Close
	}()
	t.Cleanup(func() {
		_ = c.server.Close()
		<-ended
	})
	return c
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// SMTP is how to send to the catcher: by STARTTLS, with its password.
func (c *Catcher) SMTP() notify.SMTP {
	return notify.SMTP{
		Host: "127.0.0.1", Port: c.addr.Port, From: "Lanyard <lanyard@sso.example>", User: c.User, Password: notify.Password(c.Password),
		TLS: &tls.Config{RootCAs: c.trust, MinVersion: tls.VersionTLS12},
	}
}

// Plain is how to send to the catcher without encryption and password.
func (c *Catcher) Plain() notify.SMTP {
	return notify.SMTP{Host: "127.0.0.1", Port: c.addr.Port, Encryption: notify.NoTLS, From: "lanyard@sso.example"}
}

// Refuse makes the next tries for a recipient fail, each with the next of errs,
// such as &smtp.SMTPError; later ones are taken.
func (c *Catcher) Refuse(to string, errs ...error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail[to] = append(c.fail[to], errs...)
}

// Later is a refusal for now, Never one for good (RFC 5321 section 4.2.1).
func Later(text string) error {
	return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: text}
}

// Never is a refusal for good.
func Never(text string) error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: text}
}

// Down makes the server turn everybody away, until nil.
func (c *Catcher) Down(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = err
}

// Mails returns what was taken, oldest first.
func (c *Catcher) Mails() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.taken)
}

// Connections is how often somebody connected.
func (c *Catcher) Connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connect
}

// Wait returns what was taken when that are n mails or more, and ends the test
// where they do not come.
func (c *Catcher) Wait(t testing.TB, n int) []Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		c.mu.Lock()
		all, changed := slices.Clone(c.taken), c.changed
		c.mu.Unlock()
		if len(all) >= n {
			return all
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%d mails came, not %d", len(all), n)
		}
	}
}

func (c *Catcher) session(conn *smtp.Conn) (smtp.Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, encrypted := conn.TLSConnectionState(); !encrypted { // not again after STARTTLS
		c.connect++
	}
	if c.down != nil {
		return nil, c.down
	}
	return &session{c: c, conn: conn}, nil
}

// session is one connection.
type session struct {
	c      *Catcher
	conn   *smtp.Conn
	signed bool
	from   string
	to     []string
}

func (*session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.c.User || password != s.c.Password {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if _, encrypted := s.conn.TLSConnectionState(); encrypted && !s.signed {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if errs := s.c.fail[to]; len(errs) > 0 {
		s.c.fail[to] = errs[1:]
		return errs[0]
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, to := range s.to {
		m, err := parse(raw)
		if err != nil {
			return &smtp.SMTPError{Code: 554, Message: "this is no mail: " + err.Error()}
		}
		m.From, m.To = s.from, to
		s.c.mu.Lock()
		s.c.taken = append(s.c.taken, m)
		close(s.c.changed)
		s.c.changed = make(chan struct{})
		s.c.mu.Unlock()
	}
	return nil
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (*session) Logout() error { return nil }

// parse reads a mail with both of its texts.
func parse(raw []byte) (Message, error) {
	m := Message{Raw: string(raw)}
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, err
	}
	m.Header = read.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		return m, err
	}
	kind, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil {
		return m, err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return m, errors.New("it has one part only")
	}
	for parts := multipart.NewReader(read.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		var body io.Reader = part
		if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return m, err
		}
		clean := strings.ReplaceAll(string(text), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = clean
		} else {
			m.Text = clean
		}
	}
}
