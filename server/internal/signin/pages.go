package signin

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

//go:embed page
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "page/layout.html"))

// The pages, each with all that it shows.
type (
	failPage struct {
		Title, Sentence, Detail, Next, Code, AADSTS, CorrelationID, Who, Again string
		// MicrosoftID finds the sign-in in Microsoft's logs, Blade where to mend it.
		MicrosoftID, Blade string
		Checks             []TestCheck
		Causes             []string // what it is most often, for whoever set it up
	}
	postPage struct {
		Action string
		Fields []saml.Field
	}
	appPage struct {
		To     string
		Failed bool
	}
	// askPage asks whether it was the person who began; To is where to go on.
	askPage    struct{ Name, To string }
	choosePage struct{}
	// said is what went wrong, beside the form that it went wrong with.
	said     struct{ Sentence, Detail, Next, Code string }
	homePage struct {
		Workspace, Name string
		Person          api.Person
		Expires         string
		ways
		// Back is the path to go on to, Email what was typed.
		Back, Email string
		Problem     *said
		// OnlyExempt says that a password is for few.
		OnlyExempt bool
	}
	forgotPage struct {
		Workspace, Name string
		Sent, OnlySSO   bool
	}
	choosePasswordPage struct {
		Workspace, Name, Token, Email string
		Problem                       *said
	}
	// linkPage asks for the password of the account that is to be linked with the
	// one which As names.
	linkPage struct {
		Workspace, Name, Handle, As, Email string
		Problem                            *said
	}
	signOutPage struct {
		Workspace, Name string
		Partly          bool
	}
	testPage struct {
		Workspace, Name string
		Result          TestResult
		Causes          []string
	}
)

// Link is the address of an app, whose scheme html/template does not know. It
// was checked against those that are registered.
func (p appPage) Link() template.URL { return template.URL(p.To) }

// Query carries Back along.
func (p homePage) Query() string { return query(p.Back) }

// policy is the Content-Security-Policy of our pages: our stylesheet and our one
// script. Browsers apply form-action to redirects that follow a form, and an
// identity provider may send people on to another, so it names no host.
func (h *SAMLHandler) policy() string {
	forms := "https:"
	if h.PublicURL.Scheme == "http" {
		forms += " http:"
	}
	return "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self' " + forms + "; frame-ancestors 'none'"
}

// show writes a page.
func (h *SAMLHandler) show(w http.ResponseWriter, status int, name string, data any) error {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		return fmt.Errorf("the page %s: %w", name, err)
	}
	header := w.Header()
	header.Set("Content-Security-Policy", h.policy())
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "same-origin") // the addresses of mailed links stay here
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the reader may have gone; there is nobody left to tell
	return nil
}

// script is the one script of the pages, and style what their forms look like.
func (h *SAMLHandler) script(w http.ResponseWriter, _ *http.Request) error {
	return asset(w, "page/signin.js", "text/javascript; charset=utf-8")
}

func (h *SAMLHandler) style(w http.ResponseWriter, _ *http.Request) error {
	return asset(w, "page/signin.css", "text/css; charset=utf-8")
}

func asset(w http.ResponseWriter, name, kind string) error {
	raw, err := pageFiles.ReadFile(name)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(raw) // the reader may have gone; there is nobody left to tell
	return nil
}

// fail shows a failure in plain words: a page, or a problem document to whoever
// asks for JSON. Nothing of what came from outside is on it that no signature
// covered: see saml.Refusal.
func (h *SAMLHandler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if strings.Contains(r.Header.Get("Accept"), "json") {
		api.Fail(w, r, err)
		return
	}
	trace := api.TraceOf(r.Context())
	trace.Err = err
	code, text := problem.Of(err)
	p := failPage{
		Title: "You are not signed in", Sentence: text.Sentence, Detail: problem.DetailOf(err), Next: text.Next,
		Code: string(code), CorrelationID: trace.CorrelationID, Who: string(text.Who),
		Checks: checksOf(saml.ReportOf(err)), Causes: problem.Causes(code),
	}
	var refusal *saml.Refusal
	if errors.As(err, &refusal) {
		p.AADSTS = refusal.Status.AADSTS
	}
	var said *oidc.Refusal
	if errors.As(err, &said) {
		p.explain(said)
	}
	if nothing := []problem.Code{problem.UnknownWorkspace, problem.SAMLNotSet, problem.M365NotSet, problem.ModuleOff}; text.Status < 500 &&
		!slices.Contains(nothing, code) && r.PathValue("ws") != "" && trace.Workspace != "" {
		p.Again = againAt(r, trace.Workspace)
	}
	switch text.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "10")
	}
	if serr := h.show(w, text.Status, "fail", p); serr != nil {
		api.Fail(w, r, errors.Join(err, serr))
	}
}

// againAt is where somebody begins anew whose sign-in failed: with Microsoft, whom
// it asks which account it is this time, by SAML, or at the page with the ways in.
func againAt(r *http.Request, workspace string) string {
	at := "/w/" + workspace + "/"
	switch {
	case strings.HasPrefix(r.URL.Path, at+"microsoft/"):
		return at + "microsoft/login?prompt=select_account"
	case strings.HasPrefix(r.URL.Path, at+"password/"), strings.HasPrefix(r.URL.Path, at+"link"):
		return at
	}
	return at + "saml/login"
}

// explain says what is known of Microsoft's number, as for SAML: the cause, what
// to do, who can do it and where.
func (p *failPage) explain(said *oidc.Refusal) {
	known, ok := problem.LookupAADSTS(said.AADSTS)
	if said.AADSTS != 0 {
		p.AADSTS = strconv.Itoa(said.AADSTS)
	}
	if said.Correlation != "" {
		p.MicrosoftID = said.Correlation
	}
	if !ok {
		return
	}
	p.Detail, p.Next, p.Who = known.Cause, known.Next, string(known.Who)
	if known.Blade != "" {
		p.Blade = known.Blade
	}
}

func (h *SAMLHandler) log() *slog.Logger {
	if h.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return h.Log
}
