package app

import (
	"errors"
	"image/color"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

func acts(p page) string {
	var all []string
	for _, b := range p.Buttons {
		all = append(all, string(b.Act))
	}
	return strings.Join(all, " ")
}

// req: H9
// req: G7
func TestPageFor_eachSituationHasItsPage(t *testing.T) {
	want := map[string]struct {
		kind   kind
		acts   string
		escape act
	}{
		"01-starting":                   {starting, "", ""},
		"02-storage":                    {storage, "ask-key-file memory", ""},
		"03-storage-locked":             {storage, "connect ask-key-file memory", ""},
		"04-key-file":                   {keyFile, "key-file storage", doStorage},
		"05-key-file-wrong":             {keyFile, "key-file storage", doStorage},
		"06-entry":                      {entry, "sign-in-microsoft sign-in-saml sign-in-with-code", ""},
		"07-entry-remembered":           {entry, "sign-in-microsoft sign-in-saml sign-in-with-code", ""},
		"08-entry-unknown":              {entry, "sign-in-microsoft sign-in-saml sign-in-with-code", ""},
		"09-entry-signed-out-elsewhere": {entry, "sign-in-microsoft sign-in-saml sign-in-with-code", ""},
		"10-looking-up":                 {lookUp, "cancel", doCancel},
		"11-browser":                    {browser, "open-again sign-in-with-code cancel", doCancel},
		"12-code":                       {code, "copy-code cancel", doCancel},
		"13-home":                       {home, "menu", ""},
		"14-home-menu":                  {home, "sign-out sign-out-all sign-out-microsoft menu", doMenu},
		"15-offline":                    {offline, "retry menu", ""},
		"16-revoked":                    {revoked, "dismiss copy-details", doDismiss},
		"17-error":                      {failed, "retry copy-details dismiss", doDismiss},
		"18-error-offline":              {failed, "retry copy-details dismiss", doDismiss},
		"19-error-browser":              {failed, "sign-in-with-code retry copy-details dismiss", doDismiss},
		"20-entry-microsoft":            {entry, "sign-in-microsoft sign-in-with-code", ""},
		"21-entry-saml":                 {entry, "sign-in-saml", ""},
		"22-entry-another":              {entry, "sign-in-microsoft sign-in-saml sign-in-with-code", ""},
		"23-browser-saml":               {browser, "open-again cancel", doCancel},
		"24-home-menu-saml":             {home, "sign-out sign-out-all menu", doMenu},
		"25-error-saml":                 {failed, "retry copy-details dismiss", doDismiss},
		"26-error-browser-saml":         {failed, "retry copy-details dismiss", doDismiss},
		"27-error-code-saml":            {failed, "retry copy-details dismiss", doDismiss},
		"28-resuming":                   {resuming, "cancel", doCancel},
		"29-browser-resumed":            {browser, "open-again sign-in-with-code cancel", doCancel},
		"30-error-microsoft":            {failed, "retry copy-details dismiss", doDismiss},
		"31-error-server":               {failed, "retry copy-details dismiss", doDismiss},
		"32-error-keychain":             {failed, "retry storage copy-details dismiss", doDismiss},
		"33-storage-asked":              {storage, "ask-key-file memory dismiss", doDismiss},
		"34-home-long":                  {home, "menu", ""},
		"35-home-long-menu":             {home, "sign-out sign-out-all sign-out-microsoft menu", doMenu},
		"36-home-hebrew":                {home, "menu", ""},
		"37-home-chinese":               {home, "menu", ""},
		"38-offline-arabic":             {offline, "retry menu", ""},
		"39-looking-up-long":            {lookUp, "cancel", doCancel},
		"40-browser-long":               {browser, "open-again sign-in-with-code cancel", doCancel},
		"41-entry-long":                 {entry, "sign-in-microsoft sign-in-saml sign-in-with-code", ""},
		"42-code-no-browser":            {code, "copy-code cancel", doCancel},
	}
	seen := 0
	for _, s := range situations() {
		w, ok := want[s.name]
		if !ok {
			t.Errorf("%s: nobody said what it must be", s.name)
			continue
		}
		seen++
		p := pageFor(english(), s.state, s.facts)
		if p.Kind != w.kind || acts(p) != w.acts || p.Escape != w.escape {
			t.Errorf("%s: kind %s, acts %q, escape %q", s.name, p.Kind, acts(p), p.Escape)
		}
		if again := pageFor(english(), s.state, s.facts); !reflect.DeepEqual(p, again) {
			t.Errorf("%s: the same state gave another page", s.name)
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d situations were seen", seen, len(want))
	}
}

// req: H2
func TestEntryPage_theFieldRemembersAndExplains(t *testing.T) {
	on := facts{Connected: true, Now: noon}
	p := pageFor(english(), auth.State{Phase: auth.SignedOut, LastWorkspace: "acme"}, on)
	if p.Field.Value != "acme" {
		t.Errorf("the field has %q", p.Field.Value)
	}
	on.Input = "acmee"
	p = pageFor(english(), auth.State{Phase: auth.SignedOut, LastWorkspace: "acme", Err: problem.New(problem.UnknownWorkspace)}, on)
	if p.Field.Value != "acmee" || !strings.Contains(p.Field.Problem, "no workspace of that name") || !strings.Contains(p.Field.Problem, "spelling") {
		t.Errorf("the field is %+v", p.Field)
	}
}

// req: H9
func TestRevokedPage_saysWhoAndWhatNext(t *testing.T) {
	s := auth.State{Phase: auth.Revoked, Workspace: acme(), Err: problem.New(problem.AccessEnded)}
	p := pageFor(english(), s, facts{Connected: true, Now: noon})
	all := p.Title + p.Text + p.Help.Who + p.Help.Code
	for _, want := range []string{"Your access was removed by your organisation", "Acme Instruments", "your IT administrator", "LY-SES-002", "removed from this device"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in %q", want, all)
		}
	}
	s.Notice = problem.New(problem.KeychainLocked)
	if p := pageFor(english(), s, facts{Connected: true, Now: noon}); p.Banner == nil {
		t.Error("that something could not be wiped is not said")
	}
}

func TestErrorPages_everyProblemCanBeShown(t *testing.T) {
	for _, k := range problem.Codes() {
		s := auth.State{Phase: auth.SignedOut, Workspace: acme(), Err: problem.Wrap(k, errors.New("planted cause"))}
		p := pageFor(english(), s, facts{Connected: true, Now: noon, Version: "0.1.0"})
		_, txt := problem.Of(s.Err)
		if p.Kind == entry {
			if !strings.Contains(p.Field.Problem, txt.Sentence) || !strings.Contains(p.Field.Problem, txt.Next) {
				t.Errorf("%s: the field says %q", k, p.Field.Problem)
			}
			continue
		}
		if p.Title != strings.TrimSuffix(txt.Sentence, ".") || p.Text != txt.Next || p.Help.Code != string(k) || !strings.Contains(p.Help.Who, string(txt.Who)) {
			t.Errorf("%s: %+v", k, p)
		}
		if !strings.Contains(p.Details, string(k)) || strings.Contains(p.Details, "planted") {
			t.Errorf("%s: details %q", k, p.Details)
		}
	}
}

// The redirect URI of an app on a phone is not that of the desktop's, which the sentence
// for everybody names.
func TestErrorPage_onAPhoneAnotherRedirectURIIsMissing(t *testing.T) {
	s := auth.State{Phase: auth.SignedOut, Workspace: acme(), Err: problem.New(problem.RedirectUnknown)}
	for _, phone := range []bool{false, true} {
		p := pageFor(english(), s, facts{Connected: true, Now: noon, Phone: phone})
		if strings.Contains(p.Text, "http://localhost") == phone || !strings.Contains(p.Text, "IT administrator") {
			t.Errorf("phone %v: %q", phone, p.Text)
		}
	}
}

func TestDetails_haveWhatSupportNeedsAndNoSecret(t *testing.T) {
	err := (&api.Problem{Code: string(problem.NotAdmitted), Status: 403, CorrelationID: "req-42", Detail: "Nobody of that name."}).Err()
	got := details(auth.State{Workspace: acme()}, err, facts{Version: "0.1.0", Now: noon})
	for _, want := range []string{"LY-JIT-OFF", "req-42", "0.1.0", "acme", "2026-05-04T12:00:00Z"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestPersonFor_leavesOutWhatIsNotKnown(t *testing.T) {
	p := personFor(english(), api.Person{ID: "x", UserName: "kj@acme.example"}, "Acme")
	if p.Name != "kj@acme.example" || len(p.Rows) != 1 || p.Rows[0].Value != "kj@acme.example" || p.Initials != "K" {
		t.Errorf("%+v", p)
	}
}

func TestInitials_workForNamesOfTheWorld(t *testing.T) {
	for _, c := range []struct {
		who  api.Person
		want string
	}{
		{api.Person{GivenName: "Ada", FamilyName: "Lovelace"}, "AL"},
		{api.Person{DisplayName: "Ada King, Countess of Lovelace"}, "AL"},
		{api.Person{DisplayName: "élodie durand"}, "ÉD"},
		{api.Person{DisplayName: "王小明"}, "王"},
		{api.Person{DisplayName: "O'Neil"}, "O"},
		{api.Person{DisplayName: "(Ada)"}, "A"},
		{api.Person{UserName: "7of9"}, "7"},
		{api.Person{}, "?"},
	} {
		if got := initials(c.who); got != c.want {
			t.Errorf("%+v: %q, want %q", c.who, got, c.want)
		}
	}
}

func TestUntil_namesTheDayWhenItIsAnother(t *testing.T) {
	if got := until(noon.Add(time.Hour), noon); got != "13:00" {
		t.Errorf("%q", got)
	}
	if got := until(noon.Add(24*time.Hour), noon); got != "Tue 5 May, 12:00" {
		t.Errorf("%q", got)
	}
	if got := until(noon.AddDate(1, 0, 0), noon); got == "12:00" {
		t.Errorf("%q", got)
	}
}

func TestTexts_noneIsMissing(t *testing.T) {
	v := reflect.ValueOf(english())
	for i := range v.NumField() {
		if v.Field(i).String() == "" {
			t.Errorf("%s has no words", v.Type().Field(i).Name)
		}
	}
}

// contrast is that of WCAG 2.2.
func contrast(a, b color.NRGBA) float64 {
	light := func(c color.NRGBA) float64 {
		part := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestPalette_everythingCanBeRead(t *testing.T) {
	for _, v := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
		p := paletteFor(v)
		for name, c := range map[string]struct {
			ink, ground color.NRGBA
			least       float64
		}{
			"text on a card":          {p.text, p.surface, 4.5},
			"text on the ground":      {p.text, p.ground, 4.5},
			"small text on a card":    {p.muted, p.surface, 4.5},
			"small text on ground":    {p.muted, p.ground, 4.5},
			"small text in a box":     {p.muted, p.hover, 4.5},
			"a link":                  {p.onCalm, p.ground, 4.5},
			"the primary button":      {p.onPrimary, p.primary, 4.5},
			"the primary one hovered": {p.onPrimary, p.hovered, 4.5},
			"calm":                    {p.onCalm, p.calm, 4.5},
			"warning":                 {p.onWarning, p.warning, 4.5},
			"danger":                  {p.onDanger, p.danger, 4.5},
			"a problem of a field":    {p.onDanger, p.surface, 4.5},
			"Microsoft's button":      {p.onMicrosoft, p.microsoft, 4.5},
			"the ring of the focus":   {p.focus, p.surface, 3},
			"the ring on the ground":  {p.focus, p.ground, 3},
			"the border of a field":   {p.inputBorder, p.surface, 3},
		} {
			if got := contrast(c.ink, c.ground); got < c.least {
				t.Errorf("variant %d, %s: contrast %.2f, want %.1f", v, name, got, c.least)
			}
		}
	}
	for i := range tints {
		if got := contrast(rgb(0xFFFFFF), avatarColor(i)); got < 4.5 {
			t.Errorf("avatar %d: contrast %.2f", i, got)
		}
	}
}
