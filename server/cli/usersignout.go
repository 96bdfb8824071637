package cli

import (
	"fmt"

	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// userSignoutCmd ends all sessions of a person in a workspace: of a lost device,
// say. It takes no access away: that is for Entra to do.
type userSignoutCmd struct {
	personFlags
	Session string `name:"session" placeholder:"ID" help:"Only this one of their sessions, as lanyardd user show lists them."`
}

// Help is the longer text of lanyardd user signout --help.
func (userSignoutCmd) Help() string {
	return "Every session of the person in the workspace ends, with its refresh token, and apps that are on are told at once. " +
		"The person can sign in again as long as Entra lets them: to end their access, unassign or disable them there."
}

// signedOutDoc is what ending sessions came to, in JSON.
type signedOutDoc struct {
	Workspace string `json:"workspace"`
	User      string `json:"user,omitempty"`
	Ended     int    `json:"sessions_ended"`
}

func (u userSignoutCmd) Run(c *command) error {
	st, ws, p, err := u.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if u.Session != "" {
		if err := c.desk(st).SignOutOne(c.ctx, ws, p.ID, u.Session, operator); err != nil {
			return err
		}
		c.say("%s is signed out of that device.", p.UserName)
		if c.json {
			return c.printJSON(signedOutDoc{ws.ID, p.ID, 1})
		}
		return nil
	}
	n, err := st.SignOut(c.ctx, store.Act{
		At: c.opt.Now(), Directory: ws.Directory, Workspace: ws.ID, User: p.ID, Who: operator, What: "signed out everywhere",
	})
	if err != nil {
		return fmt.Errorf("signing out: %w", err)
	}
	c.say("%s is signed out of %s. Sessions ended: %d. They can sign in again as long as Entra lets them.", p.UserName, ws.ID, n)
	if c.json {
		return c.printJSON(signedOutDoc{ws.ID, p.ID, n})
	}
	return nil
}

// endSessionsFlag is for commands that stop sign-in by SAML.
type endSessionsFlag struct {
	EndSessions bool `name:"end-sessions" help:"Also end the sessions that began by SAML, in browsers and in apps. Without it a browser's ends within its hour, and none is renewed."`
}

// end ends the sessions that began by SAML, where that was asked for.
func (f endSessionsFlag) end(c *command, d *samlDesk, what string) error {
	if !f.EndSessions {
		return nil
	}
	n, err := d.store.EndEverySAMLSession(c.ctx, store.Act{
		At: c.opt.Now(), Directory: d.ws.Directory, Workspace: d.ws.ID, Who: operator, What: "signed out everybody who signed in by SAML, and " + what,
	})
	c.say("Sessions by SAML that ended: %d.", n)
	if err != nil {
		return fmt.Errorf("ending the sessions by SAML: %w", err)
	}
	return nil
}
