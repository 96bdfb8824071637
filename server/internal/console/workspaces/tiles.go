package workspaces

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// Tile is a module, or something else to be set up, as the overview and the
// Integrations page show it.
type Tile struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	// Also is what else it is called.
	Also  string `json:"also,omitempty"`
	About string `json:"about"`
	// State, Badge and Colour are empty where it has none.
	State  directory.ModuleState `json:"state,omitempty"`
	Badge  string                `json:"badge,omitempty"`
	Colour string                `json:"-"`
	// Next is what to do now, Action the words of the link that leads there.
	Next   string `json:"next,omitempty"`
	Action string `json:"-"`
	To     string `json:"-"`
	// Wrong is what keeps it from working.
	Wrong []string `json:"wrong,omitempty"`
	// Locked: the plan lacks it. Contact says whom to ask.
	Locked     bool   `json:"locked"`
	Contact    string `json:"contact,omitempty"`
	ContactURL string `json:"contact_url,omitempty"`

	words string // what else it is found by
}

// configure are the words of the button that begins a set-up (row A2).
const configure = "Configure now"

// moduleText is what the pages say about a module.
type moduleText struct {
	name, also, about string
	route             string // of its pages
	start             string // of its set-up, where that is another
	words             string // what it is found by: the names of other vendors, and where those have it
}

var moduleTexts = map[directory.Module]moduleText{
	directory.ModuleMicrosoft: {
		"Sign in with Microsoft 365", "Microsoft sign-in, without SAML",
		"People sign in to the app and on the web with their Microsoft account.", "microsoft.home", "",
		"sign-in via microsoft 365 office oidc openid connect m365 login with microsoft msal direct login",
	},
	directory.ModuleSAML: {
		"Single sign-on (SAML)", "SSO",
		"People sign in through your organisation's sign-in page.", "saml.home", "saml.start",
		"single sign-on sso via saml saml2 security sso and scim settings auth configure now metadata certificate",
	},
	directory.ModuleSCIM: {
		"Provisioning (SCIM)", "SCIM Provisioning, Automatic user provisioning",
		"Microsoft Entra creates, updates and removes people here by itself.", "provisioning.home", "",
		"scim provisioning automatic user provisioning setup admin integration microsoft entra provisioning auth single sign-on scim provisioning " +
			"security sso and scim tenant url secret token bearer token unique token endpoint",
	},
	directory.ModuleMobile: {
		"Mobile apps", "iOS and Android",
		"The apps that people have return to the right place after they signed in.", "mobile.home", "",
		"mobile app ios android bundle id package name signature hash msal configuration redirect uri",
	},
}

// entraWords are the names that people know Microsoft Entra ID by.
const entraWords = "microsoft entra id add-on activate enable azure ad azure active directory microsoft azure active directory integrations my company setup admin settings security sso and scim"

var stateColours = map[directory.ModuleState]string{
	directory.ModuleUnset: "off", directory.ModuleDraft: "warn", directory.ModuleTested: "info",
	directory.ModuleEnabled: "good", directory.ModuleBroken: "bad",
}

// tileOf is a module as a tile, with where it leads.
func tileOf(c *console.Call, st modules.Standing, plan directory.Plan) Tile {
	t := plainTile(st, plan)
	t.To = path(c, moduleTexts[st.Module].route)
	if start := moduleTexts[st.Module].start; start != "" && t.Action == configure {
		t.To = cmp.Or(path(c, start), t.To) // the same button is not pressed twice
	}
	if t.Locked && c.May("workspaces.setplan") {
		t.Action = "Activate"
	}
	if before := path(c, "modules."+string(st.Module)); before != "" && (t.To == "" || st.Locked || !st.Switched) {
		t.To = before // what keeps it from being set up is mended first
	}
	return t
}

// plainTile is a module as a tile that leads nowhere yet.
func plainTile(st modules.Standing, plan directory.Plan) Tile {
	text := moduleTexts[st.Module]
	t := Tile{
		Key: string(st.Module), Name: text.name, Also: text.also, About: text.about, State: st.State,
		Badge: st.State.Title(), Colour: stateColours[st.State], Wrong: sentences(st.Faults), Locked: st.Locked,
		words: text.words + " " + entraWords,
	}
	t.Next, t.Action = nextOf(st)
	if t.Locked {
		t.Contact, t.ContactURL = plan.Contact, plan.ContactURL
		if t.Contact == "" && t.ContactURL == "" {
			t.Contact = "Get in touch with whoever provides this service."
		}
		t.Next, t.Action = "This is not part of your plan. What is set up stays as it is.", "See what is set up"
		if st.State == directory.ModuleUnset {
			t.Next, t.Action = "This is not part of your plan.", ""
		}
	}
	return t
}

// nextOf is what to do about a module now, and the words of the link there.
func nextOf(st modules.Standing) (next, action string) {
	switch {
	case st.State == directory.ModuleBroken:
		return "People cannot use it until this is fixed.", "Fix it"
	case st.Draft.Of > 0:
		return "The set-up was begun and not finished.", Continue(st.Draft)
	}
	switch st.State {
	case directory.ModuleDraft:
		return "Something is entered. It is not proven to work yet.", "Continue setup"
	case directory.ModuleTested:
		if !st.On {
			return "It works, and is not switched on.", "Enable"
		}
		return "It works.", "Open"
	case directory.ModuleEnabled:
		if len(st.Warnings) > 0 {
			return sentences(st.Warnings)[0], "Look at it"
		}
		return "People use it.", "Open"
	}
	return "Nothing is set up yet.", configure
}

// Continue are the words of the button that leads on with a set-up.
func Continue(p modules.Progress) string {
	return fmt.Sprintf("Continue setup (step %d of %d)", p.Number, p.Of)
}

// overall is the state of the tile that stands for all modules: what asks for
// the most attention, else what came furthest.
func overall(all []modules.Standing) directory.ModuleState {
	state := directory.ModuleUnset
	for _, want := range []directory.ModuleState{directory.ModuleDraft, directory.ModuleTested, directory.ModuleEnabled, directory.ModuleBroken} {
		for _, st := range all {
			if st.State == want {
				state = want
			}
		}
	}
	return state
}

// finds says whether a tile has every word of what somebody looks for.
func (t Tile) finds(looked string) bool {
	has := plainWords(strings.Join([]string{t.Name, t.Also, t.About, t.words}, " "))
	for word := range strings.FieldsSeq(plainWords(looked)) {
		if !strings.Contains(has, word) {
			return false
		}
	}
	return true
}

// plainWords is a text in small letters, with nothing but letters and digits.
func plainWords(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}
