package saml_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// Row B5: BigTime binds an assertion to the firm by a constant claim.
//
// req: B5
func TestRequiredClaims_theyBindTheAssertionToTheWorkspace(t *testing.T) {
	const space = "http://schemas.example.com/claims/"
	for name, c := range map[string]struct {
		want   saml.RequiredClaim
		claims []string
		code   problem.Code // "" means accepted
		quoted bool
	}{
		"there":                      {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "456")}, "", false},
		"missing":                    {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, nil, problem.SAMLClaimMissing, false},
		"empty":                      {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "")}, problem.SAMLClaimMissing, false},
		"of another firm":            {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "123")}, problem.SAMLClaimWrong, false},
		"with a namespace":           {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML(space+"CoNm", "456")}, "", false},
		"asked for with a namespace": {saml.RequiredClaim{Name: space + "CoNm", Equals: "456"}, []string{claimXML("CoNm", "456")}, "", false},
		"exact name before another":  {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML(space+"CoNm", "456"), claimXML("CoNm", "123")}, problem.SAMLClaimWrong, false},
		"in double quotes":           {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "&#34;456&#34;")}, "", true},
		"in single quotes":           {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "'456'")}, "", true},
		"in quotes, of another":      {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "'123'")}, problem.SAMLClaimWrong, false},
		"quotes that are meant":      {saml.RequiredClaim{Name: "CoNm", Equals: "'456'"}, []string{claimXML("CoNm", "'456'")}, "", false},
		"in another case":            {saml.RequiredClaim{Name: "CoNm", Equals: "Acme"}, []string{claimXML("conm", "ACME")}, problem.SAMLClaimMissing, false},
		"in another case, allowed":   {saml.RequiredClaim{Name: "CoNm", Equals: "Acme", FoldCase: true}, []string{claimXML("conm", "ACME")}, "", false},
		"any value":                  {saml.RequiredClaim{Name: "CoNm"}, []string{claimXML("CoNm", "x")}, "", false},
		"two values":                 {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "456", "123")}, problem.SAMLClaimAmbiguous, false},
		"twice":                      {saml.RequiredClaim{Name: "CoNm", Equals: "456"}, []string{claimXML("CoNm", "456"), claimXML("CoNm", "123")}, problem.SAMLClaimAmbiguous, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := expected()
			e.RequiredClaims = []saml.RequiredClaim{c.want}
			raw := answer(t, withClaims(c.claims...)...)
			if c.code != "" {
				r := refused(t, raw, e, c.code)
				if r.Check != saml.CheckClaim+" "+c.want.Name || r.Field != "Attributes & Claims" {
					t.Errorf("refused by %q in %q", r.Check, r.Field)
				}
				return
			}
			if a := taken(t, raw, e); warned(a.Warnings, problem.SAMLClaimQuoted) != c.quoted {
				t.Errorf("warnings: %+v", a.Warnings)
			}
		})
	}
	t.Run("it says both values", func(t *testing.T) {
		e := expected()
		e.RequiredClaims = []saml.RequiredClaim{{Name: "CoNm", Equals: "456"}}
		r := refused(t, answer(t, withClaims(claimXML("CoNm", "123"))...), e, problem.SAMLClaimWrong)
		if got, want := problem.DetailOf(r), "Claim CoNm: expected 456, received 123."; got != want {
			t.Errorf("the detail is %q, want %q", got, want)
		}
	})
}

// Row B7: which of Entra's attributes the Name ID looks like.
//
// req: B7
func TestNameID_itSaysWhatItLooksLike(t *testing.T) {
	const mail, upn = "ada@acme.example", "ada@corp.acme.example"
	for name, c := range map[string]struct {
		value, format string
		want          saml.NameIDSource
		looks         string
		fits          bool
	}{
		"mail":              {mail, saml.FormatEmail, saml.NameIDMail, "user.mail", true},
		"mail in capitals":  {"ADA@acme.example", saml.FormatEmail, saml.NameIDMail, "user.mail", true},
		"upn for mail":      {upn, saml.FormatEmail, saml.NameIDMail, "user.userprincipalname", false},
		"upn":               {upn, saml.FormatEmail, saml.NameIDUPN, "user.userprincipalname", true},
		"a guest":           {"eve_other.example#EXT#@acme.onmicrosoft.com", saml.FormatEmail, saml.NameIDMail, "user.userprincipalname of a guest", false},
		"an object ID":      {objectID, saml.FormatUnspecified, saml.NameIDObjectID, "user.objectid", true},
		"an opaque name":    {"k7Jx9QmP", saml.FormatPersistent, saml.NameIDPersistent, "an opaque name for this application", true},
		"opaque for mail":   {"k7Jx9QmP", saml.FormatPersistent, saml.NameIDMail, "an opaque name for this application", false},
		"a transient name":  {"_x1", saml.FormatTransient, saml.NameIDPersistent, "a name for one session only", false},
		"another address":   {"old@acme.example", saml.FormatEmail, saml.NameIDMail, "an address that is neither the mail nor the user name sent", false},
		"no wish, no check": {upn, saml.FormatEmail, "", "user.userprincipalname", true},
	} {
		t.Run(name, func(t *testing.T) {
			e := expected()
			e.NameID = c.want
			a := taken(t, answer(t, saml.FormatEmail+`">`+mail+`</NameID>`, c.format+`">`+c.value+`</NameID>`), e)
			if got := a.NameIDLooksLike(); got != c.looks || a.NameID.Value != c.value || a.NameID.Format != c.format {
				t.Errorf("%+v looks like %q, want %q", a.NameID, got, c.looks)
			}
			if warned(a.Warnings, problem.SAMLNameIDSource) == c.fits {
				t.Errorf("warnings: %+v", a.Warnings)
			}
		})
	}
	t.Run("it keeps a name exactly as it came", func(t *testing.T) {
		a := taken(t, answer(t, ">ada@acme.example</NameID>", "> A<!-- x -->da&amp; </NameID>"), expected())
		if a.NameID.Value != " Ada& " {
			t.Errorf("got %q", a.NameID.Value)
		}
	})
	if saml.NameIDSource("email").Valid() || !saml.NameIDUPN.Valid() || !saml.NameIDSource("").Valid() {
		t.Error("the wrong sources are valid")
	}
}

// req: B8
func TestEmail_itsAbsenceIsSaid(t *testing.T) {
	raw := answer(t, claimXML(saml.ClaimEmail, "ada@acme.example"), "")
	if a := taken(t, raw, expected()); a.Identity.Email != "" || !warned(a.Warnings, problem.SAMLNoEmail) {
		t.Errorf("%+v: %+v", a.Identity, a.Warnings)
	}
	e := expected()
	e.RequireEmail = true
	refused(t, raw, e, problem.SAMLNoEmail)
}

func TestGroups_tooManyAreUnknownAndNotNone(t *testing.T) {
	ids := make([]string, 150)
	for i := range ids {
		ids[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	a := taken(t, answer(t, withClaims(claimXML(saml.ClaimGroups, ids...))...), expected())
	if !slices.Equal(a.Identity.Groups, ids) || a.Identity.GroupsUnknown {
		t.Errorf("got %d groups, unknown %v", len(a.Identity.Groups), a.Identity.GroupsUnknown)
	}
	a = taken(t, answer(t, withClaims(claimXML(saml.ClaimGroupsLink, "https://graph.windows.net/x/getMemberObjects"))...), expected())
	if len(a.Identity.Groups) != 0 || !a.Identity.GroupsUnknown || !warned(a.Warnings, problem.SAMLGroupsUnknown) {
		t.Errorf("%+v: %+v", a.Identity, a.Warnings)
	}
}

func TestIdentity_itReadsWhatElseEntraSays(t *testing.T) {
	a := taken(t, answer(t, withClaims(
		claimXML(saml.ClaimAuthnMethods, "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", "http://schemas.microsoft.com/claims/multipleauthn"),
		claimXML(saml.ClaimRole, "Editor", "Auditor"), claimXML(saml.ClaimDisplayName, "Ada Lovelace"),
	)...), expected())
	if !a.Identity.MFA || a.Identity.Guest || !slices.Equal(a.Identity.Roles, []string{"Editor", "Auditor"}) || a.Identity.DisplayName != "Ada Lovelace" {
		t.Errorf("got %+v", a.Identity)
	}
	t.Run("a guest is one whom another organisation vouches for", func(t *testing.T) {
		a := taken(t, answer(t, claimXML(saml.ClaimIDP, issuer), claimXML(saml.ClaimIDP, "live.com")), expected())
		if !a.Identity.Guest || !warned(a.Warnings, problem.SAMLGuest) {
			t.Errorf("%+v: %+v", a.Identity, a.Warnings)
		}
	})
	t.Run("the issuer stands for a tenant that is not said", func(t *testing.T) {
		a := taken(t, answer(t, claimXML(saml.ClaimTenantID, tenantID), ""), expected())
		if a.Identity.TenantID != tenantID {
			t.Errorf("the tenant is %q", a.Identity.TenantID)
		}
	})
	t.Run("an object ID that is not sent is a warning", func(t *testing.T) {
		a := taken(t, answer(t, claimXML(saml.ClaimObjectID, objectID), ""), expected())
		if a.Identity.ObjectID != "" || !warned(a.Warnings, problem.SAMLNoObjectID) {
			t.Errorf("%+v: %+v", a.Identity, a.Warnings)
		}
	})
	t.Run("the workspace's map goes before the defaults, and alone", func(t *testing.T) {
		e := expected()
		e.Claims = saml.ClaimMap{Email: "work", ObjectID: "employee"}
		a := taken(t, answer(t, withClaims(claimXML("work", "a@b.example"))...), e)
		if a.Identity.Email != "a@b.example" || a.Identity.ObjectID != "" {
			t.Errorf("got %+v", a.Identity)
		}
	})
}

// Names that other providers use are read from them, and not from Entra, where
// an administrator could be led to send somebody else's word under such a name.
//
// req: B17
func TestIdentity_commonNamesAreForOtherProviders(t *testing.T) {
	edits := append([]string{claimXML(saml.ClaimEmail, "ada@acme.example"), ""}, withClaims(claimXML("mail", "x@y.example"), claimXML("urn:oid:2.5.4.4", "Lovelace"))...)
	if a := taken(t, answer(t, edits...), expected()); a.Identity.Email != "" || a.Identity.FamilyName != "" {
		t.Errorf("of Entra: %+v", a.Identity)
	}
	const other = "https://idp.example/metadata"
	e := expected()
	e.IdP.EntityID, e.IdP.TenantID = other, ""
	text := edited(t, assertionText, append(edits, issuer, other)...)
	raw := edited(t, around(signedBy(t, rsaKey(), text)), issuer, other)
	a := taken(t, []byte(raw), e)
	if a.Identity.Email != "x@y.example" || a.Identity.FamilyName != "Lovelace" || a.Identity.Guest {
		t.Errorf("of another: %+v", a.Identity)
	}
	if vs := a.Values("mail"); len(vs) != 1 {
		t.Errorf("mail has %q", vs)
	}
	if _, ok := a.Value("nothing"); ok {
		t.Error("there is a value of nothing")
	}
}

func TestAttributes_valuesWithStructure(t *testing.T) {
	nameID := `<NameID Format="` + saml.FormatPersistent + `">k7Jx</NameID>`
	a := taken(t, answer(t, withClaims(
		claimXML("targeted", nameID), claimXML("nested", "<x>1</x>"), claimXML("twice", "1"), claimXML("twice", "2"), claimXML("none"),
	)...), expected())
	for name, want := range map[string][]string{"targeted": {"k7Jx"}, "nested": nil, "twice": {"1", "2"}, "none": nil} {
		if got := a.Values(name); !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
	refused(t, answer(t, withClaims("<EncryptedAttribute/>")...), expected(), problem.SAMLIncomplete)
	refused(t, answer(t, withClaims(`<Attribute Name=""/>`)...), expected(), problem.SAMLIncomplete)
}
