package app

import (
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/lanyard-sso/lanyard/assets"
	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

func homePage(t texts, s auth.State, f facts) page {
	p := page{Kind: home, Escape: doNothing}
	if s.Person != nil {
		p.Person = personFor(t, *s.Person, name(s))
	}
	if s.Notice != nil {
		_, txt := problem.Of(s.Notice)
		p.Banner = &banner{Text: join(txt.Sentence, problem.DetailOf(s.Notice)), Tone: warning}
	}
	if s.Phase == auth.Offline {
		p.Kind = offline
		p.Banner = &banner{Text: fmt.Sprintf(t.OfflineBanner, until(s.OfflineUntil, f.Now)), Tone: warning}
		p.Buttons = append(p.Buttons, button{Act: doRetry, Label: t.TryNow, Look: outlined})
	}
	if !f.Menu {
		p.Buttons = append(p.Buttons, button{Act: doMenu, Label: t.SignOut, Look: outlined})
		return p
	}
	p.Escape = doMenu
	if p.Person != nil { // make room
		p.Person.Rows = nil
	}
	p.Buttons = []button{
		{Act: doSignOut, Label: t.SignOutHere, Caption: t.SignOutHereText, Look: row},
		{Act: doSignOutAll, Label: t.SignOutAll, Caption: t.SignOutAllText, Look: row},
		{Act: doSignOutMicrosoft, Label: t.SignOutMicrosoft, Caption: t.SignOutMicrosoftText, Look: row},
		{Act: doMenu, Label: t.Close},
	}
	if s.Method == auth.SAML {
		p.Buttons = slices.Delete(p.Buttons, 2, 3)
	}
	return p
}

func personFor(t texts, who api.Person, workspace string) *personCard {
	c := &personCard{Picture: who.Picture, Initials: initials(who), Tint: tint(who.ID), Name: who.DisplayName, Line: who.Title, Workspace: workspace}
	if c.Name == "" {
		c.Name = who.UserName
	}
	if who.WorkspaceName != "" {
		c.Workspace = who.WorkspaceName
	}
	mail := who.Email
	if mail == "" {
		mail = who.UserName
	}
	for _, r := range []labelled{{t.Email, mail}, {t.Department, who.Department}, {t.Role, who.Role}} {
		if r.Value != "" {
			c.Rows = append(c.Rows, r)
		}
	}
	return c
}

// initials are one or two letters for a person without a picture.
func initials(who api.Person) string {
	words := []string{who.GivenName, who.FamilyName}
	if who.GivenName == "" || who.FamilyName == "" {
		words = strings.FieldsFunc(who.DisplayName, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
		if len(words) > 2 {
			words = []string{words[0], words[len(words)-1]}
		}
	}
	if len(words) == 0 {
		words = []string{who.UserName}
	}
	out := ""
	for _, w := range words {
		for _, r := range w {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				out += string(unicode.ToUpper(r))
				break
			}
		}
	}
	if out == "" {
		return "?"
	}
	return out
}

// tint picks one of tints colours by who it is.
func tint(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // a hash never fails
	return int(h.Sum32() % tints)
}

// until is a moment as people say it: the time today, or the day as well.
func until(t, now time.Time) string {
	t = t.In(now.Location())
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("Mon 2 January, 15:04")
}

func revokedPage(t texts, s auth.State, f facts) page {
	k, txt := problem.Of(s.Err)
	p := page{
		Kind: revoked, Picture: assets.Cut, Tone: danger, Title: heading(txt.Sentence),
		Help: helpFor(t, s.Err),
		Buttons: []button{
			{Act: doDismiss, Label: t.BackToEntry, Look: primary},
			{Act: doCopyDetails, Label: t.CopyDetails},
		},
		Escape: doDismiss, Details: details(s, s.Err, f),
	}
	who := ""
	if n := name(s); n != "" && k == problem.AccessEnded {
		who = fmt.Sprintf(t.RevokedWho, n)
	}
	p.Text = join(who, txt.Next) + "\n\n" + t.RevokedWiped
	if s.Notice != nil { // something could not be wiped
		_, n := problem.Of(s.Notice)
		p.Banner = &banner{Text: join(n.Sentence, n.Next), Tone: warning}
	}
	return copied(t, p, f)
}

func errorPage(t texts, s auth.State, f facts) page {
	k, txt := problem.Of(s.Err)
	p := page{
		Kind: failed, Picture: assets.Alert, Tone: warning, Title: heading(txt.Sentence), Text: txt.Next,
		Help:   helpFor(t, s.Err),
		Escape: doDismiss, Details: details(s, s.Err, f),
	}
	if a, ok := microsoftsReason(s.Err); ok && k == problem.EntraRefused {
		// Microsoft's own code says more than that it refused: why, and who can
		// change that.
		p.Text = join(a.Cause, a.Next)
		p.Help.Who = fmt.Sprintf(t.WhoCanHelp, a.Who)
		p.Help.Detail = strings.TrimSpace(strings.TrimPrefix(p.Help.Detail, p.Text))
	}
	again := button{Act: doRetry, Label: t.TryAgain, Look: primary}
	switch k {
	case problem.SignInAgain, problem.SessionGone, problem.RefreshSpent, problem.SignInCancelled, problem.SignInTimedOut, problem.NoDeviceCode:
		again.Label = t.SignInAgain
	case problem.DeviceExpired:
		again = button{Act: doSignInWithCode, Label: t.UseCode, Look: primary}
	}
	p.Buttons = []button{again}
	withCode := s.Workspace == nil || s.Workspace.Microsoft != nil
	switch k {
	case problem.NoBrowser, problem.PortBusy:
		if !withCode {
			p.Text = t.NeedBrowser
			break
		}
		p.Buttons[0].Look = outlined
		p.Buttons = append([]button{{Act: doSignInWithCode, Label: t.UseCode, Look: primary}}, p.Buttons...)
	case problem.RedirectUnknown, problem.RedirectNotRegistered:
		if k == problem.RedirectUnknown && f.Phone {
			p.Text = t.RedirectOfPhone
		}
		p.Buttons = append(p.Buttons, button{Act: doSignInWithCode, Label: t.UseCode, Look: outlined})
	case problem.NoKeychain, problem.KeychainLocked, problem.KeychainTimeout:
		p.Buttons = append(p.Buttons, button{Act: doStorage, Label: t.KeepElsewhere, Look: outlined})
	}
	p.Buttons = append(p.Buttons, button{Act: doCopyDetails, Label: t.CopyDetails}, button{Act: doDismiss, Label: t.Back})
	return copied(t, p, f)
}

// helpFor says who can mend err and by what they find it.
func helpFor(t texts, err error) *helpCard {
	k, txt := problem.Of(err)
	h := &helpCard{Who: fmt.Sprintf(t.WhoCanHelp, txt.Who), Detail: problem.DetailOf(err), Code: string(k)}
	if id := api.CorrelationID(err); id != "" {
		h.Correlation = fmt.Sprintf(t.CorrelationID, id)
	}
	return h
}

// microsoftsReason is what is known of the code that Microsoft gave for err. It only
// explains: nothing is decided by it.
func microsoftsReason(err error) (problem.AADSTS, bool) {
	_, after, found := strings.Cut(problem.DetailOf(err), "AADSTS")
	if end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		after = after[:end]
	}
	n, err := strconv.Atoi(after)
	if !found || err != nil {
		return problem.AADSTS{}, false
	}
	return problem.LookupAADSTS(n)
}

// heading is a sentence set as a title.
func heading(sentence string) string { return strings.TrimSuffix(sentence, ".") }

func copied(t texts, p page, f facts) page {
	for i, b := range p.Buttons {
		if b.Act == f.Copied && b.Act == doCopyDetails {
			p.Buttons[i].Label = t.Copied
		}
	}
	return p
}

// details is what a person sends to whoever can help: enough to find the
// occurrence in a log, and nothing that is secret or about the person.
func details(s auth.State, err error, f facts) string {
	k, txt := problem.Of(err)
	lines := []string{
		"Lanyard " + f.Version + " (" + runtime.GOOS + "/" + runtime.GOARCH + ")",
		"Code: " + string(k),
		"Message: " + txt.Sentence,
	}
	if d := problem.DetailOf(err); d != "" {
		lines = append(lines, "Detail: "+d)
	}
	if s.Workspace != nil {
		lines = append(lines, "Workspace: "+s.Workspace.ID)
	}
	if id := api.CorrelationID(err); id != "" {
		lines = append(lines, "Correlation id: "+id)
	}
	return strings.Join(append(lines, "Time: "+f.Now.UTC().Format(time.RFC3339)), "\n")
}
