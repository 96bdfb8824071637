package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// How the connection to a mail server is encrypted.
const (
	StartTLS = "starttls" // begins in the clear and must be encrypted (RFC 3207)
	TLS      = "tls"      // from the first byte on (RFC 8314)
	NoTLS    = "none"     // on loopback only
)

// Password is one that shows itself nowhere.
type Password string

func (Password) String() string       { return "•••" }
func (Password) LogValue() slog.Value { return slog.StringValue("•••") }

// GoString keeps it out of %#v.
func (Password) GoString() string { return "•••" }

// MarshalJSON keeps it out of documents; it is stored sealed.
func (Password) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

// SMTP says which mail server takes our mail.
type SMTP struct {
	// Host is the mail server's name, which its certificate must be for.
	Host string `json:"host"`
	// Port is 587, or 465 with TLS, where it is 0.
	Port int `json:"port"`
	// Encryption is StartTLS where it is empty.
	Encryption string `json:"encryption"`
	// From is who mails are from: lanyard@example.com, or with a name in front
	// of it, Lanyard <lanyard@example.com>.
	From string `json:"from"`
	// ReplyTo is where answers go. Empty means to From.
	ReplyTo string `json:"reply_to,omitempty"`
	// User signs in to the mail server with Password. Empty means that it asks
	// nobody.
	User     string   `json:"user,omitempty"`
	Password Password `json:"-"`
	// TLS, where it is set, replaces how the server's certificate is checked,
	// for a company's own authority.
	TLS *tls.Config `json:"-"`
}

// Clean returns s with spaces cut and what is empty filled in. The errors are
// problem.MailBadServer, problem.MailBadAddress and problem.MailUnsafe.
func (s SMTP) Clean() (SMTP, error) {
	s.Host, s.From, s.ReplyTo, s.User = strings.TrimSpace(s.Host), strings.TrimSpace(s.From), strings.TrimSpace(s.ReplyTo), strings.TrimSpace(s.User)
	if s.Encryption = strings.ToLower(strings.TrimSpace(s.Encryption)); s.Encryption == "" {
		s.Encryption = StartTLS
	}
	if s.Port == 0 {
		s.Port = 587
		if s.Encryption == TLS {
			s.Port = 465
		}
	}
	switch {
	case s.Host == "":
		return s, problem.Detailf(problem.MailBadServer, "The host is missing.")
	case strings.ContainsAny(s.Host, " /@:") && net.ParseIP(s.Host) == nil || unprintable(s.Host):
		return s, problem.Detailf(problem.MailBadServer, "The host %.100q is not the name of a machine, such as smtp.example.com.", s.Host)
	case s.Port < 1 || s.Port > 65535:
		return s, problem.Detailf(problem.MailBadServer, "The port %d is not between 1 and 65535.", s.Port)
	case s.Encryption != StartTLS && s.Encryption != TLS && s.Encryption != NoTLS:
		return s, problem.Detailf(problem.MailBadServer, "The encryption %.20q is none of starttls, tls and none.", s.Encryption)
	case s.Encryption == NoTLS && !api.Loopback(s.Host):
		return s, problem.Detailf(problem.MailUnsafe, "%.100q is not this machine.", s.Host)
	case s.User == "" && s.Password != "":
		return s, problem.Detailf(problem.MailBadServer, "There is a password and no user name.")
	case s.From == "":
		return s, problem.Detailf(problem.MailBadServer, "The sender is missing.")
	}
	if _, err := sender(s.From); err != nil {
		return s, err
	}
	if s.ReplyTo != "" {
		if _, err := sender(s.ReplyTo); err != nil {
			return s, err
		}
	}
	return s, nil
}

// sender reads an address that may have a name.
func sender(text string) (*netmail.Address, error) {
	a, err := netmail.ParseAddress(text)
	if err != nil || unprintable(text) || len(text) > 320 {
		return nil, problem.Detailf(problem.MailBadAddress, "%.100q is not one address.", text)
	}
	return a, nil
}

// Address reads one address without a name, as people type it. The error is
// problem.MailBadAddress.
func Address(text string) (string, error) {
	text = strings.TrimSpace(text)
	a, err := netmail.ParseAddress(text)
	if err != nil || a.Address != text || unprintable(text) || len(text) > 254 { // RFC 5321 section 4.5.3.1
		return "", problem.Detailf(problem.MailBadAddress, "%.100q is not one address.", text)
	}
	return text, nil
}

func unprintable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '�' })
}

const (
	dialTime = 15 * time.Second
	sendTime = 30 * time.Second // of one mail
)

// link is a connection to a mail server.
type link struct {
	from, replyTo *netmail.Address
	client        *mail.Client
	conn          *smtp.Client
}

// dial connects and signs in. The error is problem.MailRefused with what the
// mail server said, which holds no secret.
func (s SMTP) dial(ctx context.Context) (*link, error) {
	l := &link{}
	var err error
	if l.from, err = sender(s.From); err != nil {
		return nil, err
	}
	if s.ReplyTo != "" {
		if l.replyTo, err = sender(s.ReplyTo); err != nil {
			return nil, err
		}
	}
	options := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(sendTime)}
	switch s.Encryption {
	case TLS:
		options = append(options, mail.WithSSL())
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	config := &tls.Config{}
	if s.TLS != nil {
		config = s.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = s.Host
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	options = append(options, mail.WithTLSConfig(config))
	if s.User != "" {
		how := mail.SMTPAuthAutoDiscover
		if s.Encryption == NoTLS { // on this machine
			how = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(how), mail.WithUsername(s.User), mail.WithPassword(string(s.Password)))
	}
	if l.client, err = mail.NewClient(s.Host, options...); err != nil {
		return nil, problem.Wrap(problem.MailBadServer, err)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if l.conn, err = l.client.DialToSMTPClientWithContext(ctx); err != nil {
		return nil, refused(fmt.Errorf("connecting to %s: %w", net.JoinHostPort(s.Host, fmt.Sprint(s.Port)), err))
	}
	return l, nil
}

// refused says in one line what the mail server, or the network, said.
func refused(err error) error {
	return &problem.Error{Code: problem.MailRefused, Detail: oneLine(err.Error(), 300), Cause: err}
}

// close says goodbye. What the mail server thinks of that does not matter any
// more.
func (l *link) close() { _ = l.client.CloseWithSMTPClient(l.conn) }

// fate is how one try ended.
type fate int

const (
	taken fate = iota
	later      // the server said to try again, or something about the sender
	never      // the server will not take it for this recipient
	cut        // the connection is of no use any more
)

// send hands one mail to the mail server, for one recipient. Why it was not taken
// is said in one line.
func (l *link) send(b body, d store.MailDelivery, at time.Time) (fate, string) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(l.from)
	if l.replyTo != nil {
		m.ReplyToMailAddress(l.replyTo)
	}
	m.ToMailAddress(&netmail.Address{Address: d.To})
	m.Subject(d.Mail.Subject)
	m.SetDateWithValue(at)
	// The same at every try, so that a mail that was taken twice is shown once.
	_, domain, _ := strings.Cut(l.from.Address, "@")
	m.SetMessageIDWithValue(fmt.Sprintf("%s.%d@%s", d.Mail.ID, d.Number, domain))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answers it
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(mail.TypeTextPlain, b.Text)
	m.AddAlternativeString(mail.TypeTextHTML, b.HTML)
	err := l.client.SendWithSMTPClient(l.conn, m)
	if err == nil || m.IsDelivered() { // what fails after that is the connection
		if err != nil {
			return taken, oneLine(err.Error(), 0)
		}
		return taken, ""
	}
	// Whom it was for is known; go-mail repeats it behind what the server said.
	reply, _, _ := strings.Cut(err.Error(), ", affected ")
	said := oneLine(reply, 300)
	var e *mail.SendError
	if !errors.As(err, &e) || e.ErrorCode() == 0 {
		return cut, said
	}
	about := e.Reason == mail.ErrSMTPRcptTo || e.Reason == mail.ErrSMTPData || e.Reason == mail.ErrSMTPDataClose
	if about && e.ErrorCode() >= 500 && !e.IsTemp() {
		return never, said
	}
	return later, said
}

// oneLine makes a text of somebody else fit for a log and a page.
func oneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
