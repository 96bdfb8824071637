package guide

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Trouble is one error code, with what to do.
type Trouble struct {
	// Code is Lanyard's or Microsoft's: LY-SAML-022, AADSTS50105.
	Code  string `json:"code"`
	Cause string `json:"cause"`
	Next  string `json:"next"`
	Who   string `json:"who"`
	// Where is where in Entra to change it, or "".
	Where string `json:"where,omitempty"`
	// Same is the other's code for the same, or "".
	Same string `json:"same,omitempty"`
	// Link is Microsoft's own page about it, or "".
	Link string `json:"link,omitempty"`
}

// ours is a code of the catalogue.
func ours(code problem.Code) Trouble {
	t := problem.Lookup(code)
	return Trouble{Code: string(code), Cause: t.Sentence, Next: t.Next, Who: string(t.Who)}
}

// microsofts is a code of Microsoft's.
func microsofts(a problem.AADSTS) Trouble {
	return Trouble{Code: a.Name(), Cause: a.Cause, Next: a.Next, Who: string(a.Who), Where: a.Blade, Same: string(a.Code), Link: a.Address()}
}

// Troubles are all codes there are: Microsoft's by number, then ours by name.
// Those that tell outsiders nothing about why a token was refused are one.
func Troubles() []Trouble {
	var out []Trouble
	for _, a := range problem.AllAADSTS() {
		out = append(out, microsofts(a))
	}
	codes := problem.Codes()
	slices.Sort(codes)
	for _, c := range codes {
		out = append(out, ours(c))
	}
	return out
}

// FindTroubles returns the codes in which every word of a query stands: in the
// code itself, in what is said of it, or in where to change it. A number finds
// Microsoft's code. An exact code comes first.
func FindTroubles(all []Trouble, query string) []Trouble {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return all
	}
	var out []Trouble
	for _, t := range all {
		text := strings.ToLower(strings.Join([]string{t.Code, t.Cause, t.Next, t.Who, t.Where, t.Same}, " "))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			out = append(out, t)
		}
	}
	exact := func(t Trouble) int {
		code := strings.ToLower(t.Code)
		if code == words[0] || code == "aadsts"+words[0] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b Trouble) int { return cmp.Compare(exact(a), exact(b)) })
	return out
}

// frequent are the codes that each article explains: Microsoft's numbers, and
// ours.
var frequent = map[directory.Module]struct {
	numbers []int
	codes   []problem.Code
}{
	directory.ModuleSAML: {[]int{50105, 700016, 50011, 750054, 75011, 76021}, []problem.Code{
		problem.SAMLSignature, problem.SAMLNoWorkspace, problem.SAMLIssuer, problem.SAMLAudience, problem.SAMLTenant, problem.SAMLClaimMissing, problem.SAMLClaimWrong,
		problem.SAMLNoEmail, problem.SAMLCertificateExpired, problem.SAMLExpired, problem.SAMLNotYet, problem.SAMLIdPFailed,
		problem.MetadataNotURL, problem.MetadataForbidden, problem.MetadataNoAppID, problem.MetadataNotFound, problem.MetadataHTML,
		problem.CertificatePrivateKey, problem.TestLinkUnknown, problem.TestLinkUsed, problem.NotAdmitted, problem.NotLinked,
	}},
	directory.ModuleSCIM: {[]int{50105}, []problem.Code{
		problem.SCIMUnauthorized, problem.SCIMDisabled, problem.SCIMHeld, problem.TooMany, problem.NotAdmitted, problem.NotLinked, problem.AccessEnded,
	}},
	directory.ModuleMicrosoft: {[]int{50011, 50020, 50105, 50194, 65001, 65004, 90094, 500011, 700016, 7000218}, []problem.Code{
		problem.WorkspaceNotSet, problem.NotAssigned, problem.ConsentNeeded, problem.RedirectUnknown, problem.ScopeDeclined, problem.TokenRefused,
		problem.NotAdmitted, problem.NotLinked, problem.AccessEnded, problem.NoEntra,
	}},
	directory.ModuleMobile: {[]int{50011, 7000218}, []problem.Code{
		problem.RedirectUnknown, problem.RedirectNotRegistered, problem.RedirectBundle, problem.RedirectBundleCase, problem.RedirectNotEncoded, problem.RedirectTwice,
		problem.HashHex, problem.HashSHA256, problem.HashDebugKey, problem.MSALUnreadable, problem.MSALOtherClient, problem.MSALOtherTenant, problem.MobileStale, problem.MobileUpload,
	}},
}

// Frequent are the codes that the article about a module explains.
func Frequent(m directory.Module) []Trouble {
	var out []Trouble
	for _, n := range frequent[m].numbers {
		if a, ok := problem.LookupAADSTS(n); ok {
			out = append(out, microsofts(a))
		}
	}
	for _, c := range frequent[m].codes {
		out = append(out, ours(c))
	}
	return out
}
