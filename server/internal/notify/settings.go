package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// hidden is the setting "mail.secret".
type hidden struct {
	Password string `json:"password"` // sealed
}

// Ready reports whether there is a mail server to send to.
func (p *Post) Ready(ctx context.Context) (bool, error) {
	if p.cfg.SMTP != nil {
		return true, nil
	}
	s, _, err := store.ReadSetting[SMTP](ctx, p.cfg.Store, "", Setting)
	return s.Host != "", err
}

// Server returns the mail server, with its password, and the version of the
// setting. There is none: problem.MailNotSet. The password cannot be read:
// problem.WrongServerKey.
func (p *Post) Server(ctx context.Context) (SMTP, int64, error) {
	if p.cfg.SMTP != nil {
		s, err := p.cfg.SMTP.Clean()
		return s, 0, err
	}
	s, version, err := p.Shown(ctx)
	if err != nil {
		return s, version, err
	}
	if s.Host == "" {
		return s, version, problem.New(problem.MailNotSet)
	}
	if s.User == "" {
		return s, version, nil
	}
	h, _, err := store.ReadSetting[hidden](ctx, p.cfg.Store, "", SecretSetting)
	if err != nil || h.Password == "" {
		return s, version, err
	}
	box, err := p.box()
	if err != nil {
		return s, version, err
	}
	var clear string
	err = box.Open(h.Password, bound(s), &clear)
	s.Password = Password(clear)
	return s, version, err
}

// bound ties a password to where it is sent and for whom: who changes the host
// must know it.
func bound(s SMTP) string { return fmt.Sprintf("%s@%s:%d", s.User, s.Host, s.Port) }

// Shown returns what may be shown of the mail server: all but the password. The
// zero SMTP means that there is none.
func (p *Post) Shown(ctx context.Context) (SMTP, int64, error) {
	if p.cfg.SMTP != nil {
		s := *p.cfg.SMTP
		s.Password = ""
		return s, 0, nil
	}
	return store.ReadSetting[SMTP](ctx, p.cfg.Store, "", Setting)
}

// Fixed reports that the mail server is given by the program's configuration and
// cannot be set.
func (p *Post) Fixed() bool { return p.cfg.SMTP != nil }

// Set stores which mail server to use, and tries the waiting mail again. With an
// empty password the one that is stored is kept, where host, port and user are
// the same; else problem.MailBadServer asks for it. Another version than c names
// is store.ErrConflict.
func (p *Post) Set(ctx context.Context, s SMTP, c store.SettingChange) (SMTP, error) {
	if p.Fixed() {
		return s, problem.Detailf(problem.MailBadServer, "The mail server is given by the server's configuration.")
	}
	s, err := s.Clean()
	if err != nil {
		return s, err
	}
	var secret string
	switch {
	case s.Password != "":
		box, err := p.box()
		if err != nil {
			return s, err
		}
		if secret, err = box.Seal(string(s.Password), bound(s)); err != nil {
			return s, err
		}
	case s.User != "":
		before, _, err := p.Server(ctx)
		if err != nil && !errors.Is(err, problem.New(problem.MailNotSet)) {
			return s, err
		}
		if before.Password == "" || bound(before) != bound(s) {
			return s, problem.Detailf(problem.MailBadServer, "The password is missing. It must be given again where host, port or user name change.")
		}
	}
	stored, _, err := store.ChangeWithSecret(ctx, p.cfg.Store, "", Setting, c, func(v *SMTP, h *hidden) error {
		*v = s
		if secret != "" || s.User == "" {
			h.Password = secret
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	if err := p.cfg.Store.RetryMail(ctx, "", c.Now); err != nil {
		return s, err
	}
	p.hint()
	return stored, nil
}

// Test sends one mail at once and returns problem.MailRefused with what the mail
// server said where it does not take it.
func (p *Post) Test(ctx context.Context, to string) error {
	to, err := Address(to)
	if err != nil {
		return err
	}
	s, _, err := p.Server(ctx)
	if err != nil {
		return err
	}
	l, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	now := p.cfg.Now()
	const subject, text = "Lanyard can send mail", "This is a test: the mail server takes mail from Lanyard.\n\nThere is nothing for you to do."
	d := Delivery{Number: now.UnixMicro(), To: to, Mail: store.QueuedMail{ID: "test", Subject: subject}}
	if f, said := l.send(body{text, page(subject, text)}, d, now); f != taken {
		return problem.Detailf(problem.MailRefused, "%s", said)
	}
	return nil
}
