package register

import "github.com/lanyard-sso/lanyard/problem"

// Difference is one thing in which a registration is not as planned.
type Difference struct {
	Code problem.Code `json:"code"`
	// Field is what Microsoft Graph calls it, Fix what to do in the portal's
	// words.
	Field string `json:"field"`
	Want  string `json:"want"`
	Got   string `json:"got"`
	Fix   string `json:"fix"`
	// Note says that it stops nothing: something of others, or advice.
	Note bool `json:"note,omitempty"`
}

// Check holds a registration against the plan. What is needed and missing is a
// difference; what others may need, and advice, is one with Note set. The
// order is that of the portal's pages.
func (p Plan) Check(a Application) []Difference {
	return nil
}

// CheckRedirects is the part of Check that is about redirect URIs: whether each
// that is wanted is registered, letter for letter and under its platform.
func CheckRedirects(a Application, want ...Redirect) []Difference {
	return nil
}

// CheckPrincipal holds an enterprise application against the plan.
func (p Plan) CheckPrincipal(s ServicePrincipal) []Difference { return nil }
