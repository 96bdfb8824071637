package dsig

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const logout = `<LogoutRequest xmlns="` + protocolNS + `" ID="_l"/>`

// signedQuery is a query as another program than ours would make it: escape
// says how it writes its escapes.
func signedQuery(t testing.TB, key crypto.Signer, algorithm, relay string, escape func(string) string) string {
	t.Helper()
	q := "SAMLRequest=" + escape(deflated(t, logout))
	if relay != "" {
		q += "&RelayState=" + escape(relay)
	}
	q += "&SigAlg=" + escape(algorithm)
	return q + "&Signature=" + escape(signedBy(t, key, crypto.SHA256, []byte(q)))
}

func deflated(t testing.TB, message string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(message)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// lowerEscape writes %2f where Go writes %2F, as Microsoft does.
func lowerEscape(s string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower)
}

// req: B19
func TestVerifyRedirect_acceptsTheQueryAsItWasReceived(t *testing.T) {
	idp, curve := rsaKey("idp"), curveKey(elliptic.P256())
	const ecdsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	plain := signedQuery(t, idp, rsaSHA256, "/here?a=b c", url.QueryEscape)
	cases := map[string]string{
		"with capital escapes":       plain,
		"with lower-case escapes":    signedQuery(t, idp, rsaSHA256, "/here?a=b c", lowerEscape),
		"without RelayState":         signedQuery(t, idp, rsaSHA256, "", url.QueryEscape),
		"by ECDSA":                   signedQuery(t, curve, ecdsaSHA256, "/here?a=b c", url.QueryEscape),
		"in another order":           reversed(plain),
		"with a foreign parameter":   "sso_reload=true&" + plain + "&x",
		"with its encoding said too": plain + "&SAMLEncoding=" + url.QueryEscape(deflateEncoding),
	}
	for name, q := range cases {
		t.Run("it accepts one "+name, func(t *testing.T) {
			r, err := VerifyRedirect(q, pinned(rsaKey("other"), idp, curve), Policy{}, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if string(r.Message) != logout || r.Parameter != "SAMLRequest" || !r.Signed || r.Key == 0 || r.Algorithm == "" {
				t.Errorf("it became %+v", r)
			}
			if name != "without RelayState" && r.RelayState != "/here?a=b c" {
				t.Errorf("RelayState became %q", r.RelayState)
			}
		})
	}
}

// reversed returns a query with its parameters the other way round.
func reversed(q string) string {
	parts := strings.Split(q, "&")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, "&")
}

func TestVerifyRedirect_refusesEverythingElse(t *testing.T) {
	idp := rsaKey("idp")
	good := signedQuery(t, idp, rsaSHA256, "/here", url.QueryEscape)
	unsigned, _, _ := strings.Cut(good, "&SigAlg")
	noRelay := signedQuery(t, idp, rsaSHA256, "", url.QueryEscape)
	bomb := "SAMLRequest=" + url.QueryEscape(deflated(t, strings.Repeat(" ", 10<<20)))
	signed := func(q string) string {
		q += "&SigAlg=" + url.QueryEscape(rsaSHA256)
		return q + "&Signature=" + url.QueryEscape(signedBy(t, idp, crypto.SHA256, []byte(q)))
	}
	packed := deflated(t, logout)
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	message := func(b []byte) string {
		return signed("SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b)))
	}
	cases := map[string]struct {
		query string
		want  Check
	}{
		"an empty query":                    {"", CheckQuery},
		"no signature":                      {unsigned, CheckPlace},
		"a signature without its algorithm": {strings.Replace(good, "SigAlg", "Other", 1), CheckQuery},
		"an algorithm without a signature":  {strings.Replace(good, "Signature", "Other", 1), CheckQuery},
		"another RelayState":                {strings.Replace(good, "%2Fhere", "%2Fevil", 1), CheckSignature},
		"a RelayState added":                {noRelay + "&RelayState=x", CheckSignature},
		"an empty RelayState added":         {noRelay + "&RelayState=", CheckSignature},
		"a RelayState taken away":           {strings.Replace(good, "&RelayState=%2Fhere", "", 1), CheckSignature},
		"escapes written otherwise":         {strings.Replace(good, "%2Fhere", "/here", 1), CheckSignature},
		"a request passed off as response":  {strings.Replace(good, "SAMLRequest", "SAMLResponse", 1), CheckSignature},
		"both a request and a response":     {good + "&SAMLResponse=x", CheckQuery},
		"a second message":                  {good + "&SAMLRequest=x", CheckQuery},
		"a second signature":                {good + "&Signature=x", CheckQuery},
		"a second RelayState":               {good + "&RelayState=%2Fhere", CheckQuery},
		"a second one by an escaped name":   {good + "&Relay%53tate=x", CheckQuery},
		"an escaped name":                   {strings.Replace(good, "SAMLRequest", "SAML%52equest", 1), CheckQuery},
		"a broken escape":                   {good + "&%zz=1", CheckQuery},
		"a broken escape in a value":        {strings.Replace(good, "%2Fhere", "%2", 1), CheckQuery},
		"another encoding":                  {good + "&SAMLEncoding=none", CheckQuery},
		"SHA-1":                             {signedQuery(t, idp, "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "", url.QueryEscape), CheckAlgorithm},
		"HMAC":                              {signedQuery(t, idp, "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "", url.QueryEscape), CheckAlgorithm},
		"another key":                       {signedQuery(t, rsaKey("other"), rsaSHA256, "", url.QueryEscape), CheckSignature},
		"a signature of no base64":          {unsigned + "&SigAlg=" + url.QueryEscape(rsaSHA256) + "&Signature=!", CheckQuery},
		"a message of no base64":            {signed("SAMLRequest=!"), CheckQuery},
		"a message with spaces":             {signed("SAMLRequest=" + strings.Replace(url.QueryEscape(packed), "%2B", "+", 1) + "+"), CheckQuery},
		"a message without DEFLATE":         {message([]byte(logout)), CheckQuery},
		"half a message":                    {message(raw[:len(raw)/2]), CheckQuery},
		"something behind the message":      {message(append(append([]byte(nil), raw...), 0)), CheckQuery},
		"an empty message":                  {signed("SAMLRequest="), CheckQuery},
		"a bomb, signed":                    {signed(bomb), CheckLimit},
		"a query without end":               {good + "&x=" + strings.Repeat("x", 256<<10), CheckLimit},
	}
	for name, c := range cases {
		t.Run("it refuses "+name, func(t *testing.T) {
			r, err := VerifyRedirect(c.query, pinned(idp), Policy{}, Limits{})
			if got := checkOf(t, err); got != c.want {
				t.Errorf("it says %q (%v), not %q", got, err, c.want)
			}
			if r.Message != nil || r.Parameter != "" {
				t.Errorf("it returned %+v with its refusal", r)
			}
		})
	}
	if _, err := ParseRedirect(bomb, Limits{}); checkOf(t, err) != CheckLimit {
		t.Errorf("an unsigned bomb: %v", err)
	}
	if _, err := VerifyRedirect(good, nil, Policy{}, Limits{}); checkOf(t, err) != CheckKey {
		t.Errorf("without a key: %v", err)
	}
}

func TestQuery_isReadBackAsItWas(t *testing.T) {
	sp := Signer{Key: rsaKey("sp")}
	for _, relay := range []string{"", "/a b+c?d=é&e", "id123"} {
		in := Redirect{Parameter: "SAMLResponse", Message: []byte(logout), RelayState: relay}
		q, err := in.Query()
		if err != nil {
			t.Fatal(err)
		}
		out, err := ParseRedirect(q, Limits{})
		if err != nil || string(out.Message) != logout || out.RelayState != relay || out.Parameter != in.Parameter || out.Signed {
			t.Errorf("unsigned, %q became %+v (%v)", relay, out, err)
		}
		if q, err = sp.SignRedirect(in); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(q, "+") {
			t.Errorf("%s has a +, which not every reader takes for a space", q)
		}
		if out, err = VerifyRedirect(q, pinned(sp.Key), Policy{}, Limits{}); err != nil || out.RelayState != relay || !out.Signed {
			t.Errorf("signed, %q became %+v (%v)", relay, out, err)
		}
	}
}

func TestSigner_refusesWhatNobodyCouldVerify(t *testing.T) {
	after := Name{assertionNS, "Issuer"}
	good := `<a ID="_1"><Issuer xmlns="` + assertionNS + `"/></a>`
	for name, c := range map[string]struct {
		signer  Signer
		message string
	}{
		"no key":              {Signer{After: after}, good},
		"a weak key":          {Signer{Key: rsaKey("weak"), After: after}, good},
		"a key on a curve":    {Signer{Key: curveKey(elliptic.P256()), After: after}, good},
		"no XML":              {Signer{Key: rsaKey("sp"), After: after}, "x"},
		"no ID":               {Signer{Key: rsaKey("sp"), After: after}, strings.Replace(good, "ID", "x", 1)},
		"an ID nobody can":    {Signer{Key: rsaKey("sp"), After: after}, strings.Replace(good, "_1", `_&quot;`, 1)},
		"no Issuer":           {Signer{Key: rsaKey("sp"), After: after}, `<a ID="_1"/>`},
		"a Signature already": {Signer{Key: rsaKey("sp"), After: after}, strings.Replace(good, "</a>", `<Signature xmlns="`+NamespaceSignature+`"/></a>`, 1)},
	} {
		if signed, err := c.signer.Sign([]byte(c.message)); err == nil || signed != nil {
			t.Errorf("with %s it signs %s", name, signed)
		}
	}
	if q, err := (Signer{Key: rsaKey("weak")}).SignRedirect(Redirect{Parameter: "SAMLRequest", Message: []byte(logout)}); err == nil {
		t.Errorf("a weak key signs %s", q)
	}
}
