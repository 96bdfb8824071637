package domains

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Changed is what came of giving somebody another address.
type Changed struct {
	Person directory.User
	Was    string
	// Verdict is how the new address is judged.
	Verdict directory.DomainVerdict
	// Mailed says that the new address is told of it; MailError is why not.
	Mailed    bool
	MailError error
}

// ChangeEmail gives somebody another e-mail address: the one that they are known
// by (row F4). version is that of the person it was decided on, 0 any. It counts at
// once; the new address is told who gave it, so that a slip is noticed, and asked to
// confirm it: see [Flow.Confirm]. The errors
// are problem.EmailInvalid, EmailTaken, EmailSame, EmailChanged and NotFound.
func (f *Flow) ChangeEmail(ctx context.Context, workspace, who, person string, version int64, typed string) (c Changed, err error) {
	o, err := f.Show(ctx, workspace)
	if err != nil {
		return c, err
	}
	email, err := ParseAddress(typed)
	if err != nil {
		return c, err
	}
	ws := o.Workspace
	if err := f.free(ctx, ws, person, email); err != nil {
		return c, err
	}
	now := f.now()
	c.Person, err = f.Store.UpdateUser(ctx, ws.Directory, person, func(before directory.User) (directory.User, directory.Consequence, error) {
		c.Was = directory.MailOf(before.Doc)
		switch {
		case before.State == directory.Archived:
			return before, directory.Consequence{}, store.ErrNotFound
		case version != 0 && version != before.Version:
			return before, directory.Consequence{}, problem.New(problem.EmailChanged)
		case directory.Fold(c.Was) == directory.Fold(email):
			return before, directory.Consequence{}, problem.New(problem.EmailSame)
		}
		after, err := directory.WithEmail(before, email)
		after.Modified = now
		return after, directory.Change(before, after), err
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		return c, problem.Wrap(problem.NotFound, err)
	case err != nil:
		return c, err
	}
	if err := f.Store.RecordAct(ctx, store.Act{
		At: now, Directory: ws.Directory, Workspace: ws.ID, User: person, Who: who, What: "changed the e-mail address to " + email,
	}); err != nil {
		return c, fmt.Errorf("recording the act: %w", err)
	}
	c.Verdict = o.Policy.JudgeUser(ws, c.Person)
	c.Mailed, c.MailError = f.tell(ctx, ws, c, who, email)
	return c, nil
}

// free refuses an address that somebody else has.
func (f *Flow) free(ctx context.Context, ws directory.Workspace, person, email string) error {
	others, err := f.Store.UsersByEmail(ctx, ws.Directory, email)
	if err != nil {
		return fmt.Errorf("looking for the address: %w", err)
	}
	for _, o := range others {
		if o.ID != person {
			return problem.Detailf(problem.EmailTaken, "It is that of %s.", directory.ProfileOf(o).DisplayName)
		}
	}
	return nil
}

// tell has a mail sent to the new address, with a link to confirm it.
func (f *Flow) tell(ctx context.Context, ws directory.Workspace, c Changed, who, email string) (bool, error) {
	if f.Mail == nil {
		return false, problem.New(problem.MailNotSet)
	}
	was := "No address was known before."
	if c.Was != "" {
		was = "Before, it was " + c.Was + "."
	}
	m := directory.Mail{To: []string{email}, Workspace: ws.ID, Kind: "email-changed", Subject: "Your e-mail address at " + ws.Name}
	m.Text = fmt.Sprintf("Hello %s,\n\n%s has entered this address as yours at %s. %s\n\n", directory.ProfileOf(c.Person).DisplayName, who, ws.Name, was)
	if f.PublicURL != nil {
		link, until, err := f.link(ctx, ws, c.Person.ID, email)
		if err != nil {
			return false, err
		}
		m.Until = until
		m.Text += "If it is yours, please confirm it here. The link works once, until " + until.Format("15:04 on 2 January 2006") + " UTC:\n\n" + link + "\n\n"
	}
	m.Text += "If this address is not yours, or it should not have been changed, please tell your IT administrator.\n"
	_, err := f.Mail.Queue(ctx, m)
	return err == nil, err
}

// ParseAddress returns the e-mail address that was typed: as it was, with its
// domain as DNS writes it. The error is problem.EmailInvalid.
func ParseAddress(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	local, domain := s, ""
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		local, domain = s[:i], s[i+1:]
	}
	ascii, ok := hostName(domain)
	if !ok || strings.ContainsFunc(s, unicode.IsSpace) {
		return "", problem.Detailf(problem.EmailInvalid, "It is %.100q.", s)
	}
	email := local + "@" + ascii
	if !address(email) || len(local) > 64 || number(ascii) {
		return "", problem.Detailf(problem.EmailInvalid, "It is %.100q.", s)
	}
	return email, nil
}
