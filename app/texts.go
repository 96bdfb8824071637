package app

// texts is every word of the app that is not a problem's: those are problem's.
// A translation is another value of this type. %s stands for what the comment
// names.
type texts struct {
	WindowTitle string

	Starting, StartingText string

	EntryTitle, EntryText           string
	Workspace, WorkspacePlaceholder string
	SignInMicrosoft, SignInSAML     string
	SignIn                          string // where there is one way
	LookingUp                       string // what was typed
	LookingUpText                   string

	BrowserTitle, BrowserText string // the workspace's name
	BrowserTextSAML           string // the workspace's name
	BrowserTextResumed        string // the workspace's name
	OpenAgain                 string
	UseCodeElsewhere          string
	Resuming, ResumingText    string
	NeedBrowser               string
	UseCode, Cancel           string

	CodeTitle, CodeText string
	CodeAddress         string
	CodeLabel           string
	CodeExpires         string // time of day
	CopyCode, Copied    string
	NoBrowserNote       string

	Email, Department, Role, Title                string
	SignOut, SignOutHere, SignOutHereText         string
	SignOutAll, SignOutAllText                    string
	SignOutMicrosoft, SignOutMicrosoftText, Close string

	OfflineBanner string // date and time
	TryNow        string

	RevokedWho   string // the workspace's name
	RevokedWiped string
	BackToEntry  string

	RedirectOfPhone string
	WhoCanHelp      string // you, your IT administrator, …
	TryAgain, Back  string
	CopyDetails     string
	CorrelationID   string // an id
	SignInAgain     string
	KeepElsewhere   string
	StorageTitle    string
	StorageText     string
	UseKeyFile      string
	UseKeyFileText  string
	UseMemory       string
	UseMemoryText   string
	UseKeychain     string
	KeyFileTitle    string
	KeyFileText     string
	KeyFileLabel    string
	KeyFileUse      string
	KeyFileEmpty    string
}

// english is the language the others are translated from.
func english() texts {
	return texts{
		WindowTitle: "Lanyard",

		Starting:     "One moment",
		StartingText: "Looking for your sign-in on this device.",

		EntryTitle:           "Welcome",
		EntryText:            "Sign in with your work account.",
		Workspace:            "Workspace",
		WorkspacePlaceholder: "acme, or work e-mail",
		SignInMicrosoft:      "Sign in with Microsoft",
		SignInSAML:           "Sign in with single sign-on",
		SignIn:               "Sign in",
		LookingUp:            "Looking up %s",
		LookingUpText:        "This takes a second.",

		BrowserTitle:       "Finish in your browser",
		BrowserText:        "Microsoft has opened a page where you sign in to %s. Come back here when you are done.",
		BrowserTextSAML:    "The sign-in page of %s has been opened there. Come back here when you are done.",
		BrowserTextResumed: "Your sign-in to %s has not been finished yet. Go on in the browser, or open its page again.",
		OpenAgain:          "Open the browser again",
		UseCodeElsewhere:   "Use a code on another device",
		Resuming:           "Finishing your sign-in",
		ResumingText:       "You began it before you left this app. This takes a second.",
		NeedBrowser:        "This workspace signs in with a browser on this device. Choose one in the system's settings, then try again.",
		UseCode:            "Sign in with a code instead",
		Cancel:             "Cancel",

		CodeTitle:     "Sign in on any device",
		CodeText:      "On another device, scan the picture or open the address in a browser. Then type the code there.",
		CodeAddress:   "Address",
		CodeLabel:     "Code",
		CodeExpires:   "The code is good until %s.",
		CopyCode:      "Copy the code",
		Copied:        "Copied",
		NoBrowserNote: "No browser could be opened here, so you get a code instead.",

		Email:                "E-mail",
		Department:           "Department",
		Role:                 "Role",
		Title:                "Title",
		SignOut:              "Sign out",
		SignOutHere:          "Sign out",
		SignOutHereText:      "On this device only",
		SignOutAll:           "Sign out on all devices",
		SignOutAllText:       "Ends every session of yours in this workspace",
		SignOutMicrosoft:     "Sign out of Microsoft too",
		SignOutMicrosoftText: "Here, and in the browser",
		Close:                "Stay signed in",

		OfflineBanner: "You are offline. You can work until %s.",
		TryNow:        "Try to connect now",

		RevokedWho:   "%s ended your access to this workspace.",
		RevokedWiped: "Everything this app had saved about your sign-in has been removed from this device.",
		BackToEntry:  "Back to sign-in",

		RedirectOfPhone: "Ask your IT administrator to add this app's redirect URI for phones. The command lanyardd mobile ids prints it.",
		WhoCanHelp:      "Who can help: %s",
		TryAgain:        "Try again",
		Back:            "Back",
		CopyDetails:     "Copy details for IT",
		CorrelationID:   "Correlation id: %s",
		SignInAgain:     "Sign in",
		KeepElsewhere:   "Keep the sign-in elsewhere",

		StorageTitle:   "Where to keep your sign-in",
		StorageText:    "Lanyard keeps it in the keychain, but this device's keychain cannot be used.",
		UseKeyFile:     "Use a key file…",
		UseKeyFileText: "Your sign-in is saved, locked with that file",
		UseMemory:      "Keep it in memory",
		UseMemoryText:  "Until you close the app; nothing is saved",
		UseKeychain:    "Try the keychain again",
		KeyFileTitle:   "Choose a key file",
		KeyFileText:    "Whoever can read this file can open your saved sign-in, so keep it where only you can. If it does not exist, it is made.",
		KeyFileLabel:   "File",
		KeyFileUse:     "Use this file",
		KeyFileEmpty:   "Write the name of a file.",
	}
}
