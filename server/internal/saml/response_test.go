package saml_test

import (
	"crypto/x509"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

func TestParseResponse_itReturnsWhatWasSigned(t *testing.T) {
	a := taken(t, answer(t), expected())
	if a.ID != "_a1b2c3" || a.Issuer != issuer || a.InResponseTo != requestID || a.SessionIndex != "_a1b2c3" {
		t.Errorf("got %+v", a)
	}
	if want := "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"; a.AuthnContext != want {
		t.Errorf("the context is %q, want %q", a.AuthnContext, want)
	}
	if want := time.Date(2026, 11, 22, 10, 3, 0, 123e6, time.UTC); !a.NotOnOrAfter.Equal(want) {
		t.Errorf("it can be used until %v, want the earliest bound with skew, %v", a.NotOnOrAfter, want)
	}
	if a.Signed != saml.SignedAssertion || a.Encrypted || !a.Certificate.Equal(goodCert()) {
		t.Errorf("signed %q with %v, encrypted %v", a.Signed, a.Certificate.Subject, a.Encrypted)
	}
	want := saml.Identity{
		ObjectID: objectID, TenantID: tenantID, Email: "ada@acme.example",
		UserName: "ada@corp.acme.example", GivenName: "Ada",
	}
	if diff := cmp.Diff(want, a.Identity); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if len(a.Warnings) != 0 {
		t.Errorf("warnings: %+v", a.Warnings)
	}
}

// Entra's three signing options, and what each binds.
//
// req: B19
func TestParseResponse_itTakesEachSigningOption(t *testing.T) {
	response := signedBy(t, rsaKey(), around(assertionText))
	both := signedBy(t, rsaKey(), around(signedBy(t, rsaKey(), assertionText)))
	for want, raw := range map[saml.Signed]string{
		saml.SignedAssertion: string(answer(t)), saml.SignedResponse: response, saml.SignedBoth: both,
	} {
		if a := taken(t, []byte(raw), expected()); a.Signed != want {
			t.Errorf("signed %q, want %q", a.Signed, want)
		}
	}
	t.Run("it refuses one good signature beside a bad one", func(t *testing.T) {
		half := signedBy(t, rsaKey(), around(signedBy(t, rsaAlt(), assertionText)))
		refused(t, []byte(half), expected(), problem.SAMLSignature)
	})
	t.Run("it demands a Destination of a signed response", func(t *testing.T) {
		raw := signedBy(t, rsaKey(), edited(t, around(assertionText), ` Destination="`+ourACS+`"`, ""))
		refused(t, []byte(raw), expected(), problem.SAMLDestination)
	})
}

// What each check says: the code, where in the portal it is changed, and the
// two values side by side.
func TestParseResponse_aRefusalSaysWhatToChange(t *testing.T) {
	for name, c := range map[string]struct {
		edits           []string
		code            problem.Code
		check, received string
		field           string
	}{
		"another issuer":            {[]string{"<Issuer>" + issuer, "<Issuer>https://sts.windows.net/" + objectID + "/"}, problem.SAMLIssuer, saml.CheckIssuer, "https://sts.windows.net/" + objectID + "/", "Microsoft Entra Identifier"},
		"another audience":          {[]string{"<Audience>" + ourID, "<Audience>https://other.example"}, problem.SAMLAudience, saml.CheckAudience, "https://other.example", "Identifier (Entity ID)"},
		"a second restriction":      {[]string{"</AudienceRestriction>", "</AudienceRestriction><AudienceRestriction><Audience>x</Audience></AudienceRestriction>"}, problem.SAMLAudience, saml.CheckAudience, ourID + ", x", "Identifier"},
		"no audience":               {[]string{"<AudienceRestriction><Audience>" + ourID + "</Audience></AudienceRestriction>", ""}, problem.SAMLAudience, saml.CheckAudience, "", "Identifier"},
		"another recipient":         {[]string{ourACS, "https://sso.example/w/other/saml/acs"}, problem.SAMLRecipient, saml.CheckRecipient, "https://sso.example/w/other/saml/acs", "Reply URL"},
		"another request":           {[]string{requestID, "id77"}, problem.SAMLInResponseTo, saml.CheckInResponseTo, "id77", ""},
		"no request":                {[]string{` InResponseTo="` + requestID + `"`, ""}, problem.SAMLInResponseTo, saml.CheckInResponseTo, "", ""},
		"no end":                    {[]string{` NotOnOrAfter="2026-11-22T10:00:00.123Z"`, ""}, problem.SAMLConfirmation, saml.CheckConfirmation, "", ""},
		"a beginning in the bearer": {[]string{`Recipient=`, `NotBefore="2026-11-22T09:00:00Z" Recipient=`}, problem.SAMLConfirmation, saml.CheckConfirmation, "", ""},
		"holder of key":             {[]string{"cm:bearer", "cm:holder-of-key"}, problem.SAMLConfirmation, saml.CheckConfirmation, "", ""},
		"no name":                   {[]string{">ada@acme.example</NameID>", "> </NameID>"}, problem.SAMLNoNameID, saml.CheckNameID, "", "Name ID"},
		"a condition of its own":    {[]string{"</Conditions>", `<Condition/></Conditions>`}, problem.SAMLCondition, saml.CheckConditions, "", ""},
		"no authentication":         {[]string{"<AuthnStatement", "<X", "</AuthnStatement", "</X"}, problem.SAMLIncomplete, saml.CheckParts, "", ""},
		"a session that ended":      {[]string{`SessionIndex=`, `SessionNotOnOrAfter="2026-11-22T08:50:00Z" SessionIndex=`}, problem.SAMLSessionEnded, saml.CheckAuthn, "2026-11-22T08:50:00Z", ""},
		"a future authentication":   {[]string{"2026-11-22T08:59", "2026-11-22T09:59"}, problem.SAMLNotYet, saml.CheckAuthn, "2026-11-22T09:59:00Z", ""},
		"no context":                {[]string{"<AuthnContext>", "<X>", "</AuthnContext>", "</X>"}, problem.SAMLNoAuthn, saml.CheckAuthn, "2026-11-22T08:59:00.000Z", ""},
		"too many claims":           {withClaims(thousandClaims()), problem.SAMLTooLarge, saml.CheckParts, "", ""},
		"another tenant":            {[]string{"<AttributeValue>" + tenantID, "<AttributeValue>" + objectID}, problem.SAMLTenant, saml.CheckTenant, objectID, ""},
		"two object IDs":            {[]string{objectID + "</AttributeValue>", objectID + "</AttributeValue><AttributeValue>x</AttributeValue>"}, problem.SAMLClaimAmbiguous, saml.CheckClaim + " " + saml.ClaimObjectID, "", "Attributes & Claims"},
		"version 1.1":               {[]string{`Version="2.0"`, `Version="1.1"`}, problem.SAMLIncomplete, saml.CheckParts, "", ""},
		"a local time":              {[]string{`IssueInstant="2026-11-22T09:00:00.123Z"`, `IssueInstant="2026-11-22T09:00:00.123+01:00"`}, problem.SAMLIncomplete, saml.CheckParts, "", ""},
		"parts out of order":        {[]string{"<Conditions", "<Advice/><Conditions"}, problem.SAMLIncomplete, saml.CheckParts, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := refused(t, answer(t, c.edits...), expected(), c.code)
			if r.Check != c.check || r.Received != c.received || !strings.Contains(r.Field, c.field) {
				t.Errorf("got the check %q, received %q, field %q\nwant %q, %q, %q", r.Check, r.Received, r.Field, c.check, c.received, c.field)
			}
		})
	}
}

// An unsigned envelope may only agree, and nothing of it is told.
func TestParseResponse_nothingUnsignedIsTold(t *testing.T) {
	const secret = "https://evil.example/told"
	for name, edits := range map[string][]string{
		"destination": {`Destination="` + ourACS, `Destination="` + secret},
		"issuer":      {`assertion">` + issuer + `</Issuer><samlp`, `assertion">` + secret + `</Issuer><samlp`},
		"status":      {statusOK, "urn:x:" + secret},
		"kind":        {"samlp:Response", "samlp:Told"},
	} {
		raw := edited(t, string(answer(t)), edits...)
		_, err := saml.ParseResponse([]byte(raw), expected())
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		told := err.Error() + problem.DetailOf(err)
		for _, c := range saml.ReportOf(err).Checks {
			told += c.Received + c.Expected
		}
		if strings.Contains(told, "told") {
			t.Errorf("%s: the refusal tells what nobody signed: %q", name, told)
		}
	}
}

// req: B18 A14
func TestParseResponse_anExpiredCertificateHasItsOwnCode(t *testing.T) {
	old := certFor(rsaKey(), -2*year, -day)
	e := expected()
	e.IdP.Certificates = []*x509.Certificate{certFor(rsaAlt(), -day, year), old}
	r := refused(t, answer(t), e, problem.SAMLCertificateExpired)
	if !strings.Contains(r.Expected, "2026-11-21") || r.Received != saml.Thumbprint(old) {
		t.Errorf("it expects %q of %q", r.Expected, r.Received)
	}
	t.Run("it is believed where an administrator says so", func(t *testing.T) {
		e := e
		e.AllowExpiredCertificate = true
		taken(t, answer(t), e)
	})
	t.Run("it does not matter where the same key has a renewed one", func(t *testing.T) {
		e := e
		e.IdP.Certificates = []*x509.Certificate{old, goodCert()}
		if a := taken(t, answer(t), e); !a.Certificate.Equal(goodCert()) {
			t.Error("it was taken for the old one")
		}
	})
	t.Run("one that has not begun is refused too", func(t *testing.T) {
		e := e
		e.IdP.Certificates = []*x509.Certificate{certFor(rsaKey(), time.Hour, year)}
		refused(t, answer(t), e, problem.SAMLCertificateNotYet)
	})
}

func TestParseResponse_withoutSetUpNobodySignsIn(t *testing.T) {
	for name, spoil := range map[string]func(*saml.Expect){
		"no certificate":        func(e *saml.Expect) { e.IdP.Certificates = nil },
		"no issuer":             func(e *saml.Expect) { e.IdP.EntityID = "" },
		"no entity ID":          func(e *saml.Expect) { e.SP.EntityID = "" },
		"no address of our own": func(e *saml.Expect) { e.SP.ACS = "" },
	} {
		t.Run(name, func(t *testing.T) {
			e := expected()
			spoil(&e)
			r := refused(t, answer(t), e, problem.SAMLNotSet)
			for _, c := range r.Report.Checks {
				if c.OK {
					t.Errorf("%s passed", c.Name)
				}
			}
		})
	}
}

func TestParseResponse_anUnknownKeyAsksForMetadata(t *testing.T) {
	raw := around(signedBy(t, rsaAlt(), assertionText))
	if r := refused(t, []byte(raw), expected(), problem.SAMLSignature); !r.UnknownKey {
		t.Error("it does not say that the key is unknown")
	}
	changed := edited(t, string(answer(t)), ">ada@acme.example</NameID>", ">eve@acme.example</NameID>")
	if r := refused(t, []byte(changed), expected(), problem.SAMLSignature); r.UnknownKey {
		t.Error("a changed document asks for metadata")
	}
}

// Microsoft adds no skew, so both ends need ours; one step further is refused.
func TestParseResponse_itAllowsTheSkewAndNoMore(t *testing.T) {
	begin := time.Date(2026, 11, 22, 9, 0, 0, 123e6, time.UTC)
	end := time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC)
	for _, c := range []struct {
		now  time.Time
		skew time.Duration
		code problem.Code
	}{
		{begin.Add(-3 * time.Minute), 0, ""},
		{begin.Add(-3*time.Minute - time.Millisecond), 0, problem.SAMLNotYet},
		{end.Add(3*time.Minute - time.Millisecond), 0, ""},
		{end.Add(3 * time.Minute), 0, problem.SAMLExpired},
		{begin.Add(-5 * time.Minute), 5 * time.Minute, ""},
		{end.Add(2 * time.Minute), time.Minute, problem.SAMLExpired},
	} {
		e := expected()
		e.Now, e.Skew = c.now, c.skew
		if c.code == "" {
			taken(t, answer(t), e)
		} else {
			refused(t, answer(t), e, c.code)
		}
	}
}

func TestParseResponse_itKnowsItsAudiences(t *testing.T) {
	for name, c := range map[string]struct {
		ours, sent string
		also       []string
		ok         bool
	}{
		"a word":                       {"BTIQ", "BTIQ", nil, true},
		"a word as Entra may write it": {"BTIQ", "spn:BTIQ", nil, true},
		"an address with spn":          {ourID, "spn:" + ourID, nil, false},
		"another case":                 {"BTIQ", "btiq", nil, false},
		"on a line of its own":         {ourID, "\n  " + ourID + "\n", nil, true},
		"one allowed besides":          {ourID, "https://pro.example", []string{"https://pro.example"}, true},
		"nothing":                      {ourID, "", []string{""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := expected()
			e.SP.EntityID, e.Audiences = c.ours, c.also
			raw := answer(t, "<Audience>"+ourID, "<Audience>"+c.sent)
			if c.ok {
				taken(t, raw, e)
			} else {
				refused(t, raw, e, problem.SAMLAudience)
			}
		})
	}
}

func TestReadResponse_itTakesBase64AsFormsBringIt(t *testing.T) {
	plain := base64.StdEncoding.EncodeToString(answer(t))
	lines := plain[:76] + "\r\n" + plain[76:152] + "\n" + plain[152:]
	for _, field := range []string{plain, lines} {
		if _, err := saml.ReadResponse(field, expected()); err != nil {
			t.Errorf("refused: %v", err)
		}
	}
	for name, c := range map[string]struct {
		field string
		code  problem.Code
	}{
		"nothing":       {"", problem.SAMLMalformed},
		"no base64":     {"<Response/>", problem.SAMLMalformed},
		"a comment":     {plain[:8] + "!" + plain[8:], problem.SAMLMalformed},
		"much too long": {strings.Repeat("QUJD", saml.MaxResponse/2), problem.SAMLTooLarge},
		"too long":      {strings.Repeat("QUJD", saml.MaxResponse/3+1), problem.SAMLTooLarge},
		"no XML":        {"QUJD", problem.SAMLMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := saml.ReadResponse(c.field, expected())
			refusal(t, a == nil, err, c.code)
		})
	}
}

// A failure comes unsigned. Its code is read by a strict pattern, and not one
// word of it is told.
//
// req: B9
func TestParseResponse_aFailureIsToldInOurWords(t *testing.T) {
	failure := func(status, message string) []byte {
		return []byte(edited(t, around(""), `<samlp:StatusCode Value="`+statusOK+`"/>`,
			`<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:`+status+`"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode><samlp:StatusMessage>`+message+`</samlp:StatusMessage>`))
	}
	for name, c := range map[string]struct {
		message, aadsts string
		code            problem.Code
	}{
		"not assigned":     {"AADSTS50105: Your administrator has configured the application. Trace ID: 1 Correlation ID: 2", "50105", problem.NotAssigned},
		"disabled":         {"AADSTS50057: The user account is disabled.", "50057", problem.AccountDisabled},
		"another":          {"\n AADSTS75011: Authentication method differs.", "75011", problem.SAMLIdPFailed},
		"a long code":      {"AADSTS7500529: bad ID", "7500529", problem.SAMLIdPFailed},
		"no colon":         {"AADSTS50105 told", "", problem.SAMLIdPFailed},
		"not at the start": {"told AADSTS50105: x", "", problem.SAMLIdPFailed},
		"letters":          {"AADSTS50105x: told", "", problem.SAMLIdPFailed},
		"markup":           {"&lt;b&gt;told&lt;/b&gt;", "", problem.SAMLIdPFailed},
		"nothing":          {"", "", problem.SAMLIdPFailed},
		"very long":        {"AADSTS" + strings.Repeat("1", 400) + ": told", "", problem.SAMLIdPFailed},
	} {
		t.Run(name, func(t *testing.T) {
			raw := failure("Responder", c.message)
			r := refused(t, raw, expected(), c.code)
			want := saml.Status{Code: "Responder", Sub: "AuthnFailed", AADSTS: c.aadsts}
			if r.Status != want {
				t.Errorf("the status is %+v, want %+v", r.Status, want)
			}
			if s, err := saml.ParseStatus(raw); err != nil || s != want || s.Success() {
				t.Errorf("ParseStatus = %+v, %v", s, err)
			}
			if strings.Contains(r.Error()+problem.DetailOf(r), "told") {
				t.Errorf("it repeats what nobody signed: %v", r)
			}
		})
	}
	t.Run("a status of somebody's own is not repeated", func(t *testing.T) {
		if r := refused(t, failure("Told", ""), expected(), problem.SAMLIdPFailed); r.Status.Code != "" {
			t.Errorf("the status is %q", r.Status.Code)
		}
	})
}

// The page of a test sign-in shows every check, whether it came to pass or not.
//
// req: C1
func TestReport_itListsEveryCheck(t *testing.T) {
	find := func(t *testing.T, r saml.Report, name string) saml.Check {
		t.Helper()
		for _, c := range r.Checks {
			if c.Name == name {
				return c
			}
		}
		t.Fatalf("%q is not in the report", name)
		return saml.Check{}
	}
	good := taken(t, answer(t), expected()).Report
	for _, c := range good.Checks {
		if !c.OK && !c.Skipped {
			t.Errorf("%s is not OK in what was accepted: %+v", c.Name, c)
		}
	}
	if c := find(t, good, saml.CheckAudience); c.Expected != ourID || c.Received != ourID {
		t.Errorf("the audience: %+v", c)
	}
	t.Run("it goes on after the first value that is wrong", func(t *testing.T) {
		bad := refused(t, answer(t, "<Audience>"+ourID, "<Audience>x", ourACS, "https://y.example"), expected(), problem.SAMLRecipient).Report
		for name, ok := range map[string]bool{saml.CheckSignature: true, saml.CheckAudience: false, saml.CheckRecipient: false, saml.CheckNotOnOrAfter: true, saml.CheckTenant: true} {
			if c := find(t, bad, name); c.OK != ok || c.Skipped {
				t.Errorf("%s: %+v", name, c)
			}
		}
	})
	t.Run("it says what was not reached", func(t *testing.T) {
		bad := saml.ReportOf(refused(t, []byte("<x"), expected(), problem.SAMLMalformed))
		if c := find(t, bad, saml.CheckAudience); !c.Skipped || c.OK {
			t.Errorf("the audience of what is no XML: %+v", c)
		}
	})
	if len(saml.ReportOf(nil).Checks) != 0 {
		t.Error("there is a report where nothing was judged")
	}
}

func TestShown_itIsFitForALine(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00b\nc":                     "a?b?c",
		"äß€":                           "äß€",
		"\xff":                          "?",
		strings.Repeat("x", 300):        strings.Repeat("x", 200) + "…",
		strings.Repeat("x", 199) + "€y": strings.Repeat("x", 199) + "…",
	} {
		if got := saml.Shown(in); got != want {
			t.Errorf("Shown(%q) = %q, want %q", in, got, want)
		}
	}
}

// A signature where none belongs vouches for nothing that is read, and is there
// to mislead some other reader.
func TestParseResponse_aStraySignatureIsRefused(t *testing.T) {
	const stray = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>`
	outside := edited(t, string(answer(t)), "<samlp:Status>", "<samlp:Extensions>"+stray+"</samlp:Extensions><samlp:Status>")
	inside := answer(t, "<AttributeStatement>", "<AttributeStatement>"+claimXML("x", stray))
	for _, raw := range [][]byte{[]byte(outside), inside} {
		refused(t, raw, expected(), problem.SAMLSignatureForm)
	}
}

// Of several bearer confirmations any good one will do, and its end counts.
func TestParseResponse_anyGoodConfirmationWillDo(t *testing.T) {
	const begin = `<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData InResponseTo="` + requestID + `" NotOnOrAfter="`
	for name, bad := range map[string]string{
		"one that has ended":  begin + `2026-11-22T08:00:00Z" Recipient="` + ourACS + `"/></SubjectConfirmation>`,
		"one for another":     begin + `2026-11-22T09:01:00Z" Recipient="https://x.example"/></SubjectConfirmation>`,
		"one without data":    `<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>`,
		"one of another kind": `<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, edits := range [][]string{{"<SubjectConfirmation ", bad + "<SubjectConfirmation "}, {"</Subject>", bad + "</Subject>"}} {
				a := taken(t, answer(t, edits...), expected())
				if want := time.Date(2026, 11, 22, 10, 3, 0, 123e6, time.UTC); !a.NotOnOrAfter.Equal(want) {
					t.Errorf("it is good until %v, want %v", a.NotOnOrAfter, want)
				}
			}
		})
	}
	t.Run("it ends with the conditions where those end first", func(t *testing.T) {
		raw := answer(t, "2026-11-22T10:05:00.123Z", "2026-11-22T09:05:00.123Z")
		e := expected()
		e.Now = moment.Add(9 * time.Minute)
		refused(t, raw, e, problem.SAMLExpired)
	})
}

func thousandClaims() string {
	var all strings.Builder
	for i := range 1000 {
		all.WriteString(claimXML("c"+strconv.Itoa(i), "x"))
	}
	return all.String()
}
