package app

import (
	"time"

	"github.com/lanyard-sso/lanyard/assets"
	"github.com/lanyard-sso/lanyard/auth"
)

// kind names a page.
type kind string

// The pages.
const (
	starting kind = "starting"
	storage  kind = "storage"
	keyFile  kind = "key-file"
	entry    kind = "entry"
	lookUp   kind = "looking-up"
	resuming kind = "resuming"
	browser  kind = "browser"
	code     kind = "code"
	home     kind = "home"
	offline  kind = "offline"
	revoked  kind = "revoked"
	failed   kind = "error"
)

// act is something a person can ask for.
type act string

// What can be asked for.
const (
	doNothing          act = ""
	doSignIn           act = "sign-in"
	doSignInMicrosoft  act = "sign-in-microsoft"
	doSignInSAML       act = "sign-in-saml"
	doSignInWithCode   act = "sign-in-with-code"
	doOpenAgain        act = "open-again"
	doCancel           act = "cancel"
	doDismiss          act = "dismiss"
	doRetry            act = "retry"
	doMenu             act = "menu"
	doSignOut          act = "sign-out"
	doSignOutAll       act = "sign-out-all"
	doSignOutMicrosoft act = "sign-out-microsoft"
	doCopyCode         act = "copy-code"
	doCopyDetails      act = "copy-details"
	doStorage          act = "storage"
	doAskKeyFile       act = "ask-key-file"
	doKeyFile          act = "key-file"
	doMemory           act = "memory"
	doConnect          act = "connect"
	doKeychain         act = "keychain"
)

// look is how a button is drawn.
type look int

const (
	plain     look = iota // text alone
	primary               // the one thing to do next
	outlined              // another thing to do
	microsoft             // as Microsoft's branding guide asks for
	row                   // a line of a list, with a caption
)

// tone is what a banner or a picture feels like.
type tone int

const (
	calm tone = iota
	warning
	danger
)

// page is all that the window shows. Nil and empty parts are not drawn.
type page struct {
	Kind        kind
	Picture     assets.Drawing
	Tone        tone
	Banner      *banner
	Title, Text string
	Busy        bool
	Field       *field
	Code        *codeCard
	Person      *personCard
	Help        *helpCard
	Buttons     []button
	// Enter is what Return does in the field, Escape what Escape does anywhere.
	Enter, Escape act
	// Details is what doCopyDetails copies. It holds no secret.
	Details string
}

type banner struct {
	Text string
	Tone tone
}

// field is the one line of text that a page asks for.
type field struct {
	Label, Placeholder, Value string
	// Problem is drawn below the field.
	Problem string
}

type button struct {
	Act            act
	Label, Caption string
	Look           look
}

// codeCard is a code to type on another device, and where.
type codeCard struct {
	AddressLabel, Address string
	CodeLabel, Code       string
	Expires               string
}

// personCard is who is signed in.
type personCard struct {
	// Picture is an address, Initials what is drawn until it has come.
	Picture, Initials string
	// Tint picks one of the avatar's colours. The same person has the same.
	Tint      int
	Name      string
	Line      string
	Workspace string
	Rows      []labelled
}

type labelled struct{ Label, Value string }

// helpCard is the lower part of an error: who can help, the code, and by which id
// the occurrence is found in the server's log.
type helpCard struct{ Who, Detail, Code, Correlation string }

// facts are what a page depends on besides the state.
type facts struct {
	// Connected is false until the client has been made.
	Connected bool
	// Storage is why there is no client yet, or nil.
	Storage error
	// AskKeyFile and AskStorage: the person is choosing where to keep the sign-in.
	AskKeyFile, AskStorage bool
	// KeyFile is the file offered or typed.
	KeyFile string
	// InMemory is set when nothing is saved, by the person's choice.
	InMemory bool
	// Asked is set while a sign-in is under way that was begun here. One that is
	// not was begun before the system ended the app while the browser was in front.
	Asked bool
	// Input is what stands in the workspace field.
	Input string
	// Menu is set when the ways to sign out are shown.
	Menu bool
	// Copied is what was copied last on this page.
	Copied act
	// Phone is set on Android and iOS, where the app has a return address of its own.
	Phone bool
	// Version is the app's, Now the clock's.
	Version string
	Now     time.Time
}

// pageFor says what to show. It is pure.
func pageFor(t texts, s auth.State, f facts) page {
	switch {
	case f.AskKeyFile:
		return keyFilePage(t, f)
	case f.Storage != nil || f.AskStorage:
		return storagePage(t, f)
	case !f.Connected || s.Phase == auth.Starting:
		return page{Kind: starting, Title: t.Starting, Text: t.StartingText, Busy: true}
	case s.Phase == auth.SigningIn:
		return signingInPage(t, s, f)
	case s.Phase == auth.SignedIn || s.Phase == auth.Offline:
		return homePage(t, s, f)
	case s.Phase == auth.Revoked:
		return revokedPage(t, s, f)
	case s.Err != nil && inField(s.Err):
		return entryPage(t, s, f)
	case s.Err != nil:
		return errorPage(t, s, f)
	}
	return entryPage(t, s, f)
}
