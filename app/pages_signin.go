package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/assets"
	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// inField reports whether err is about what was typed, so that it belongs below
// the field and not on a page of its own.
func inField(err error) bool {
	switch k, _ := problem.Of(err); k {
	case problem.UnknownWorkspace, problem.BadWorkspaceID, problem.BadServer, problem.Insecure:
		return true
	}
	return false
}

func entryPage(t texts, s auth.State, f facts) page {
	p := page{
		Kind:    entry,
		Title:   t.EntryTitle,
		Text:    t.EntryText,
		Field:   &field{Label: t.Workspace, Placeholder: t.WorkspacePlaceholder, Value: f.Input},
		Buttons: waysIn(t, s, f),
		Enter:   doSignIn,
	}
	if p.Field.Value == "" {
		p.Field.Value = s.LastWorkspace
	}
	if s.Err != nil {
		_, txt := problem.Of(s.Err)
		p.Field.Problem = join(txt.Sentence, problem.DetailOf(s.Err), txt.Next)
		if d := problem.DetailOf(s.Err); d != "" {
			p.Field.Problem = d
		}
	}
	if s.Notice != nil {
		_, txt := problem.Of(s.Notice)
		p.Banner = &banner{Text: join(txt.Sentence, problem.DetailOf(s.Notice)), Tone: warning}
	}
	return p
}

// waysIn are the buttons of the ways to sign in: those of the workspace where it
// is known, and else all, of which the workspace takes what it offers. Return in
// the field lets it choose.
func waysIn(t texts, s auth.State, f facts) []button {
	all := []button{
		{Act: doSignInMicrosoft, Label: t.SignInMicrosoft, Look: microsoft},
		{Act: doSignInSAML, Label: t.SignInSAML, Look: outlined},
		{Act: doSignInWithCode, Label: t.UseCode},
	}
	if s.Workspace == nil || f.Input != "" && f.Input != s.LastWorkspace {
		return all
	}
	switch m := auth.MethodsOf(*s.Workspace); {
	case slices.Equal(m, []auth.Method{auth.Microsoft}):
		return []button{all[0], all[2]}
	case slices.Equal(m, []auth.Method{auth.SAML}):
		return []button{{Act: doSignInSAML, Label: t.SignIn, Look: primary}}
	}
	return all
}

func signingInPage(t texts, s auth.State, f facts) page {
	if s.DeviceCode != nil {
		return codePage(t, s, f)
	}
	if s.Workspace == nil {
		return lookUpPage(t, s, f)
	}
	text := t.BrowserText
	switch {
	case !f.Asked:
		text = t.BrowserTextResumed
	case s.Method == auth.SAML:
		text = t.BrowserTextSAML
	}
	p := page{
		Kind: browser, Picture: assets.Browser, Title: t.BrowserTitle, Text: fmt.Sprintf(text, name(s)), Busy: true,
		Buttons: []button{{Act: doOpenAgain, Label: t.OpenAgain, Look: outlined}},
		Escape:  doCancel,
	}
	if s.Method != auth.SAML {
		p.Buttons = append(p.Buttons, button{Act: doSignInWithCode, Label: t.UseCodeElsewhere})
	}
	p.Buttons = append(p.Buttons, button{Act: doCancel, Label: t.Cancel})
	return p
}

// lookUpPage is shown until the workspace is known: of a sign-in begun here by its
// name, and else while one that was begun earlier comes back from the browser.
func lookUpPage(t texts, s auth.State, f facts) page {
	p := page{
		Kind: resuming, Title: t.Resuming, Text: t.ResumingText, Busy: true,
		Buttons: []button{{Act: doCancel, Label: t.Cancel, Look: outlined}},
		Escape:  doCancel,
	}
	typed := strings.TrimSpace(f.Input)
	if typed == "" {
		typed = s.LastWorkspace
	}
	if f.Asked && typed != "" {
		p.Kind, p.Title, p.Text = lookUp, fmt.Sprintf(t.LookingUp, short(typed)), t.LookingUpText
	}
	return p
}

func codePage(t texts, s auth.State, f facts) page {
	d := s.DeviceCode
	p := page{
		Kind: code, Title: t.CodeTitle, Text: t.CodeText,
		Code: &codeCard{AddressLabel: t.CodeAddress, Address: d.URL, CodeLabel: t.CodeLabel, Code: d.UserCode},
		Buttons: []button{
			{Act: doCopyCode, Label: t.CopyCode, Look: primary},
			{Act: doCancel, Label: t.Cancel, Look: outlined},
		},
		Escape: doCancel,
	}
	if !d.ExpiresAt.IsZero() {
		p.Code.Expires = fmt.Sprintf(t.CodeExpires, d.ExpiresAt.In(f.Now.Location()).Format("15:04"))
	}
	if f.Copied == doCopyCode {
		p.Buttons[0].Label = t.Copied
	}
	if k, _ := problem.Of(s.Notice); k != "" {
		p.Banner = &banner{Text: t.NoBrowserNote, Tone: calm}
	}
	return p
}

func storagePage(t texts, f facts) page {
	p := page{
		Kind: storage, Picture: assets.Key, Title: t.StorageTitle, Text: t.StorageText,
		Buttons: []button{
			{Act: doAskKeyFile, Label: t.UseKeyFile, Caption: t.UseKeyFileText, Look: row},
			{Act: doMemory, Label: t.UseMemory, Caption: t.UseMemoryText, Look: row},
		},
	}
	if k, txt := problem.Of(f.Storage); f.Storage != nil {
		p.Text = join(txt.Sentence, problem.DetailOf(f.Storage))
		p.Help = &helpCard{Code: string(k)}
		if k != problem.NoKeychain {
			p.Text = join(p.Text, txt.Next)
			p.Buttons = append([]button{{Act: doConnect, Label: t.TryAgain, Look: primary}}, p.Buttons...)
		}
	}
	if f.Connected { // they came from an error page
		p.Escape = doDismiss
		p.Buttons = append(p.Buttons, button{Act: doDismiss, Label: t.Back})
	} else if f.Storage == nil {
		p.Buttons = append(p.Buttons, button{Act: doKeychain, Label: t.UseKeychain})
	}
	return p
}

func keyFilePage(t texts, f facts) page {
	p := page{
		Kind: keyFile, Picture: assets.Key, Title: t.KeyFileTitle, Text: t.KeyFileText,
		Field: &field{Label: t.KeyFileLabel, Value: f.KeyFile},
		Buttons: []button{
			{Act: doKeyFile, Label: t.KeyFileUse, Look: primary},
			{Act: doStorage, Label: t.Back},
		},
		Enter: doKeyFile, Escape: doStorage,
	}
	switch k, txt := problem.Of(f.Storage); k {
	case problem.KeyFileInvalid, problem.KeyFileOpenToAll, problem.DiskWrite, problem.BadRequest:
		p.Field.Problem = join(txt.Sentence, problem.DetailOf(f.Storage), txt.Next)
		if k == problem.BadRequest {
			p.Field.Problem = t.KeyFileEmpty
		}
	}
	return p
}

// name is what people call the workspace.
func name(s auth.State) string {
	switch {
	case s.Workspace == nil:
		return s.LastWorkspace
	case s.Workspace.Name != "":
		return s.Workspace.Name
	}
	return s.Workspace.ID
}

// join puts sentences behind one another and leaves out the empty ones.
func join(sentences ...string) string {
	var kept []string
	for _, s := range sentences {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, " ")
}

// short keeps what somebody typed from filling the page.
func short(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
