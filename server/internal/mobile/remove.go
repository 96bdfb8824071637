package mobile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// removing returns what takes away what r names. The error joins a [Fault] for
// each thing that is not there.
func removing(r Removal) alteration {
	return func(_ directory.Workspace, m directory.Mobile) (directory.Mobile, []Warning, error) {
		next, err := r.from(m)
		return next, nil, err
	}
}

func (r Removal) from(m directory.Mobile) (directory.Mobile, error) {
	if n := len(r.RedirectURIs) + len(r.BundleIDs) + len(r.Packages) + len(r.Hashes); n > maxPasted {
		return m, problem.Detailf(problem.MobileTooMany, "At most %d things can be named at once.", maxPasted)
	}
	if r.All {
		if m.Empty() {
			return m, problem.Detailf(problem.MobileNotSet, "Nothing is registered.")
		}
		m.Apple, m.Android, m.Desktop = nil, nil, false
		return m, nil
	}
	if err := r.missing(m); err != nil {
		return m, err
	}
	if r.MSAL {
		return r.withoutMSAL(m)
	}
	m.Desktop = m.Desktop && !slices.Contains(trimmed(r.RedirectURIs), redirect.Loopback)
	m.Apple = slices.DeleteFunc(slices.Clone(m.Apple), r.apple)
	m.Android = slices.DeleteFunc(slices.Clone(m.Android), r.android)
	return m, nil
}

// apple reports whether r names an app of Apple's systems.
func (r Removal) apple(a directory.AppleApp) bool {
	return slices.Contains(trimmed(r.BundleIDs), a.BundleID) || slices.Contains(trimmed(r.RedirectURIs), a.RedirectURI)
}

// android reports whether r names one certificate of an Android app.
func (r Removal) android(a directory.AndroidApp) bool {
	return slices.Contains(trimmed(r.RedirectURIs), a.RedirectURI) || r.byName(a)
}

func (r Removal) byName(a directory.AndroidApp) bool {
	return len(r.Packages)+len(r.Hashes) > 0 &&
		(len(r.Packages) == 0 || slices.Contains(trimmed(r.Packages), a.Package)) &&
		(len(r.Hashes) == 0 || slices.Contains(trimmed(r.Hashes), a.SignatureHash))
}

func trimmed(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = strings.TrimSpace(s)
	}
	return out
}

// missing says what r names that is not there, so that a typing error removes
// nothing and is not taken for done.
func (r Removal) missing(m directory.Mobile) error {
	var faults []error
	look := func(field string, named []string, there func(string) bool) {
		for i, name := range trimmed(named) {
			if !there(name) {
				faults = append(faults, &Fault{fmt.Sprintf("%s[%d]", field, i), problem.Detailf(problem.MobileNotSet, "%.300q is not registered.", name)})
			}
		}
	}
	look("redirect_uris", r.RedirectURIs, func(uri string) bool {
		return m.Returns(uri) || uri == redirect.Loopback && m.Desktop && !r.MSAL
	})
	look("bundle_ids", r.BundleIDs, func(id string) bool {
		return slices.ContainsFunc(m.Apple, func(a directory.AppleApp) bool { return a.BundleID == id })
	})
	look("packages", r.Packages, func(name string) bool {
		return slices.ContainsFunc(m.Android, func(a directory.AndroidApp) bool { return a.Package == name && r.byName(a) })
	})
	look("signature_hashes", r.Hashes, func(hash string) bool {
		return slices.ContainsFunc(m.Android, func(a directory.AndroidApp) bool { return a.SignatureHash == hash && r.byName(a) })
	})
	return errors.Join(faults...)
}

// withoutMSAL takes away MSAL configurations alone.
func (r Removal) withoutMSAL(m directory.Mobile) (directory.Mobile, error) {
	all := len(r.RedirectURIs)+len(r.Packages)+len(r.Hashes) == 0
	m.Android = slices.Clone(m.Android)
	found := false
	for i, a := range m.Android {
		if a.MSAL != nil && (all || r.android(a)) {
			m.Android[i].MSAL, found = nil, true
		}
	}
	if !found {
		return m, problem.Detailf(problem.MobileNotSet, "There is no MSAL configuration to remove.")
	}
	return m, nil
}
