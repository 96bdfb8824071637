package dsig

import (
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
)

// TestVerify_acceptsEachShapeAnIdPSends has nothing that must be refused.
//
// req: B19
func TestVerify_acceptsEachShapeAnIdPSends(t *testing.T) {
	idp, p256, p384 := rsaKey("idp"), curveKey(elliptic.P256()), curveKey(elliptic.P384())
	swap := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	const more = "http://www.w3.org/2001/04/xmldsig-more#"
	cases := map[string]struct {
		edit func(string) string
		key  crypto.Signer
		hash crypto.Hash
		list []string
	}{
		"RSA with SHA-256":                {swap(), idp, crypto.SHA256, nil},
		"RSA with SHA-384":                {swap(more+"rsa-sha256", more+"rsa-sha384", "http://www.w3.org/2001/04/xmlenc#sha256", more+"sha384"), idp, crypto.SHA384, nil},
		"RSA with SHA-512":                {swap(more+"rsa-sha256", more+"rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"), idp, crypto.SHA512, nil},
		"ECDSA on P-256":                  {swap(more+"rsa-sha256", more+"ecdsa-sha256"), p256, crypto.SHA256, nil},
		"ECDSA on P-384":                  {swap(more+"rsa-sha256", more+"ecdsa-sha384", "http://www.w3.org/2001/04/xmlenc#sha256", more+"sha384"), p384, crypto.SHA384, nil},
		"KeyInfo of whatever kind":        {swap("</SignatureValue>", "</SignatureValue><KeyInfo><KeyName>x</KeyName></KeyInfo>"), idp, crypto.SHA256, nil},
		"wrapped and indented":            {swap("><", ">\r\n\t  <"), idp, crypto.SHA256, nil},
		"another prefix":                  {swap("<Signature ", "<d:Signature ", "</Signature>", "</d:Signature>", `xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>`, `xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:d="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>`), idp, crypto.SHA256, nil},
		"namespaces that nobody uses":     {swap(" Version=", ` xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:u="urn:unused" Version=`), idp, crypto.SHA256, nil},
		"a comment in what is signed":     {swap("ann@", "ann<!-- . -->@"), idp, crypto.SHA256, nil},
		"a CDATA section":                 {swap("ann@example.com", "<![CDATA[ann@example.com]]>"), idp, crypto.SHA256, nil},
		"a PrefixList":                    {swap(`xml-exc-c14n#"/>`, `xml-exc-c14n#"><e:InclusiveNamespaces xmlns:e="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs #default"/></IDP>`, " Version=", ` xmlns:xs="http://www.w3.org/2001/XMLSchema" Version=`), idp, crypto.SHA256, []string{"xs", "#default"}},
		"an Id on the parts of Signature": {swap("<SignedInfo>", `<SignedInfo Id="i">`, "<SignatureValue>", `<SignatureValue Id="v">`, "<Reference ", `<Reference Id="f" `), idp, crypto.SHA256, nil},
	}
	for name, c := range cases {
		t.Run("it accepts "+name, func(t *testing.T) {
			blank := c.edit(assertionBlank())
			// Two elements share the shape that the PrefixList row replaces.
			blank = strings.Replace(blank, "</IDP>", "</CanonicalizationMethod>", 1)
			blank = strings.Replace(blank, "</IDP>", "</Transform>", 1)
			d := parsed(t, completed(t, blank, c.key, c.hash, c.list...))
			s, err := Verify(d, d.Root(), pinned(rsaKey("other"), c.key), behindIssuer)
			if err != nil {
				t.Fatal(err)
			}
			if s.Key != 1 {
				t.Errorf("it says key %d made the signature", s.Key)
			}
			again := parsed(t, string(s.Octets))
			if got := find(t, again, "NameID").Text(); got != "ann@example.com" {
				t.Errorf("the octets say %q", got)
			}
			if again.Root().Child(NamespaceSignature, "Signature") != nil {
				t.Error("the octets still hold the signature")
			}
		})
	}
}

// refusals are documents that the owner of the pinned key signed just as they
// are, and that must be refused all the same.
func refusals() map[string]struct {
	old, new string
	want     Check
} {
	const (
		sha256   = `"http://www.w3.org/2001/04/xmlenc#sha256"`
		rsaSHA   = `"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"`
		exc      = `"http://www.w3.org/2001/10/xml-exc-c14n#"`
		first    = `<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
		second   = `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
		c14n     = `<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
		ref      = `<Reference URI="#_a1">`
		issuer   = `<Issuer>https://sts.windows.net/t/</Issuer>`
		endValue = `</SignatureValue>`
	)
	type row = struct {
		old, new string
		want     Check
	}
	return map[string]row{
		"no Issuer in front":                  {issuer, "", CheckPlace},
		"an Issuer of another namespace":      {`<Issuer>`, `<Issuer xmlns="urn:other">`, CheckPlace},
		"something between":                   {`</Issuer>`, `</Issuer><Extensions/>`, CheckPlace},
		"a second Signature":                  {`<Subject>`, `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/><Subject>`, CheckPlace},
		"an Object":                           {endValue, endValue + `<Object/>`, CheckGrammar},
		"two KeyInfos":                        {endValue, endValue + `<KeyInfo/><KeyInfo/>`, CheckGrammar},
		"two SignatureValues":                 {`<SignatureValue>VALUE`, `<SignatureValue>AAAA</SignatureValue><SignatureValue>VALUE`, CheckGrammar},
		"something before SignedInfo":         {`<SignedInfo>`, `<KeyInfo/><SignedInfo>`, CheckGrammar},
		"SignedInfo of another namespace":     {`<SignedInfo>`, `<SignedInfo xmlns="urn:other">`, CheckGrammar},
		"text in Signature":                   {`<SignedInfo>`, `x<SignedInfo>`, CheckGrammar},
		"text in SignedInfo":                  {c14n, c14n + "x", CheckGrammar},
		"text in Transforms":                  {first, first + "x", CheckGrammar},
		"a comment in SignedInfo":             {c14n, c14n + "<!-- -->", CheckGrammar},
		"a comment in DigestValue":            {`DIGEST`, `<!-- -->DIGEST`, CheckGrammar},
		"a comment in SignatureValue":         {`VALUE<`, `VALUE<!-- --><`, CheckGrammar},
		"an element in DigestValue":           {`DIGEST`, `DIGEST<x/>`, CheckGrammar},
		"another attribute on Signature":      {`<Signature `, `<Signature x="y" `, CheckGrammar},
		"an attribute of another namespace":   {`<SignedInfo>`, `<SignedInfo xml:lang="en">`, CheckGrammar},
		"an attribute on DigestValue":         {`<DigestValue>`, `<DigestValue Id="x">`, CheckGrammar},
		"a Type on the Reference":             {ref, `<Reference URI="#_a1" Type="urn:x">`, CheckGrammar},
		"a child of SignatureMethod":          {`rsa-sha256"/>`, `rsa-sha256"><HMACOutputLength>1</HMACOutputLength></SignatureMethod>`, CheckGrammar},
		"a child of the enveloped transform":  {`enveloped-signature"/>`, `enveloped-signature"><x/></Transform>`, CheckGrammar},
		"no Transforms":                       {`<Transforms>` + first + second + `</Transforms>`, ``, CheckGrammar},
		"one Transform":                       {first, ``, CheckGrammar},
		"three Transforms":                    {second, second + second, CheckGrammar},
		"Transforms the other way round":      {first + second, second + first, CheckAlgorithm},
		"an XPath transform":                  {second, `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>`, CheckAlgorithm},
		"an XSLT transform":                   {first, `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>`, CheckAlgorithm},
		"inclusive canonicalisation":          {c14n, `<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>`, CheckAlgorithm},
		"canonicalisation with comments":      {second, `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"/>`, CheckAlgorithm},
		"no canonicalisation":                 {c14n, ``, CheckGrammar},
		"an odd InclusiveNamespaces":          {c14n, `<CanonicalizationMethod Algorithm=` + exc + `><InclusiveNamespaces PrefixList="x"/></CanonicalizationMethod>`, CheckGrammar},
		"two InclusiveNamespaces":             {c14n, `<CanonicalizationMethod Algorithm=` + exc + `><i:InclusiveNamespaces xmlns:i=` + exc + `/><i:InclusiveNamespaces xmlns:i=` + exc + `/></CanonicalizationMethod>`, CheckGrammar},
		"another attribute in the PrefixList": {c14n, `<CanonicalizationMethod Algorithm=` + exc + `><i:InclusiveNamespaces xmlns:i=` + exc + ` x="y"/></CanonicalizationMethod>`, CheckGrammar},
		"a PrefixList without end":            {c14n, `<CanonicalizationMethod Algorithm=` + exc + `><i:InclusiveNamespaces xmlns:i=` + exc + ` PrefixList="` + strings.Repeat("a ", 65) + `"/></CanonicalizationMethod>`, CheckLimit},
		"no SignatureMethod":                  {`<SignatureMethod Algorithm=` + rsaSHA + `/>`, ``, CheckGrammar},
		"no DigestMethod":                     {`<DigestMethod Algorithm=` + sha256 + `/>`, ``, CheckGrammar},
		"another attribute on a method":       {`<CanonicalizationMethod `, `<CanonicalizationMethod x="y" `, CheckGrammar},
		"another attribute on DigestMethod":   {`<DigestMethod `, `<DigestMethod x="y" `, CheckGrammar},
		"another attribute on Transforms":     {`<Transforms>`, `<Transforms x="y">`, CheckGrammar},
		"another attribute on a Transform":    {`<Transform `, `<Transform x="y" `, CheckGrammar},
		"no URI":                              {ref, `<Reference>`, CheckReference},
		"an empty URI":                        {`"#_a1"`, `""`, CheckReference},
		"another element's ID":                {`"#_a1"`, `"#_b2"`, CheckReference},
		"an XPointer":                         {`"#_a1"`, `"#xpointer(id('_a1'))"`, CheckReference},
		"the whole document":                  {`"#_a1"`, `"#xpointer(/)"`, CheckReference},
		"an external URI":                     {`"#_a1"`, `"https://example.com/#_a1"`, CheckReference},
		"an ID with escapes":                  {`ID="_a1"`, `ID="_a1 "`, CheckReference},
		"no ID":                               {` ID="_a1"`, ``, CheckReference},
		"two References":                      {`</Reference>`, `</Reference>` + ref + `</Reference>`, CheckReference},
		"HMAC":                                {rsaSHA, `"http://www.w3.org/2000/09/xmldsig#hmac-sha1"`, CheckAlgorithm},
		"HMAC with SHA-256":                   {rsaSHA, `"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"`, CheckAlgorithm},
		"RSA-SHA1":                            {rsaSHA, `"http://www.w3.org/2000/09/xmldsig#rsa-sha1"`, CheckAlgorithm},
		"RSA-MD5":                             {rsaSHA, `"http://www.w3.org/2001/04/xmldsig-more#rsa-md5"`, CheckAlgorithm},
		"ECDSA-SHA1":                          {rsaSHA, `"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"`, CheckAlgorithm},
		"DSA":                                 {rsaSHA, `"http://www.w3.org/2009/xmldsig11#dsa-sha256"`, CheckAlgorithm},
		"no algorithm":                        {`SignatureMethod Algorithm=` + rsaSHA, `SignatureMethod`, CheckAlgorithm},
		"another key's algorithm":             {rsaSHA, `"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"`, CheckKey},
		"another algorithm than was used":     {rsaSHA, `"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"`, CheckSignature},
		"a SHA-1 digest":                      {sha256, `"http://www.w3.org/2000/09/xmldsig#sha1"`, CheckAlgorithm},
		"an MD5 digest":                       {sha256, `"http://www.w3.org/2001/04/xmldsig-more#md5"`, CheckAlgorithm},
		"an unknown digest":                   {sha256, `"urn:none"`, CheckAlgorithm},
		"a digest of another length":          {sha256, `"http://www.w3.org/2001/04/xmlenc#sha512"`, CheckGrammar},
		"an empty DigestValue":                {`DIGEST`, ``, CheckGrammar},
		"junk around the DigestValue":         {`DIGEST`, `DIGEST!`, CheckGrammar},
		"junk after the SignatureValue":       {`VALUE<`, `VALUE<![CDATA[=]]><`, CheckGrammar},
		"something after DigestValue":         {`</DigestValue>`, `</DigestValue><x/>`, CheckGrammar},
	}
}

func TestVerify_refusesOtherShapesThoughGenuinelySigned(t *testing.T) {
	for name, c := range refusals() {
		t.Run("it refuses "+name, func(t *testing.T) {
			blank := assertionBlank()
			edited := strings.Replace(blank, c.old, c.new, 1)
			if edited == blank {
				t.Fatalf("nothing was replaced: %q is not there", c.old)
			}
			d := parsed(t, completed(t, edited, rsaKey("idp"), crypto.SHA256))
			s, err := Verify(d, d.Root(), pinned(rsaKey("idp")), behindIssuer)
			if got := checkOf(t, err); got != c.want {
				t.Errorf("it says %q (%v), not %q", got, err, c.want)
			}
			if s.Octets != nil {
				t.Error("it returned octets with its refusal")
			}
		})
	}
}

func TestVerify_refusesHalfASignature(t *testing.T) {
	whole := signatureBlank(assertionID)
	for name, c := range map[string]struct {
		signature string
		want      Check
	}{
		"nothing in it":     {`<Signature xmlns="` + NamespaceSignature + `"/>`, CheckGrammar},
		"only a SignedInfo": {`<Signature xmlns="` + NamespaceSignature + `"><SignedInfo/></Signature>`, CheckGrammar},
		"an empty one":      {`<Signature xmlns="` + NamespaceSignature + `"><SignedInfo/><SignatureValue/></Signature>`, CheckGrammar},
		"no Reference":      {whole[:strings.Index(whole, "<Reference")] + `</SignedInfo><SignatureValue>AAAA</SignatureValue></Signature>`, CheckGrammar},
		"an empty value":    {strings.NewReplacer("VALUE", "", "DIGEST", base64.StdEncoding.EncodeToString(make([]byte, 32))).Replace(whole), CheckGrammar},
	} {
		d := parsed(t, strings.Replace(assertionBlank(), whole, c.signature, 1))
		if _, err := Verify(d, d.Root(), pinned(rsaKey("idp")), behindIssuer); checkOf(t, err) != c.want {
			t.Errorf("with %s it says %v", name, err)
		}
	}
	blank := strings.Replace(assertionBlank(), "rsa-sha256", "ecdsa-sha256", 1)
	curve := curveKey(elliptic.P256())
	d := parsed(t, strings.Replace(completed(t, blank, curve, crypto.SHA256), "<SignatureValue>", "<SignatureValue>AAAA", 1))
	if _, err := Verify(d, d.Root(), pinned(curve), behindIssuer); checkOf(t, err) != CheckSignature {
		t.Errorf("with three bytes too many it says %v", err)
	}
}

// TestVerify_staysSmallThoughTheSignatureIsGenuine has a stranger put something
// else around a signature that he captured: it is canonicalised before anyone can
// see that the digest is another.
func TestVerify_staysSmallThoughTheSignatureIsGenuine(t *testing.T) {
	signed := completed(t, assertionBlank(), rsaKey("idp"), crypto.SHA256)
	d := parsed(t, strings.NewReplacer("<Subject>", `<Subject xmlns:p="urn:`+strings.Repeat("x", 100_000)+`">`+strings.Repeat("<p:a/>", 5_000)).Replace(signed))
	if _, err := Verify(d, d.Root(), pinned(rsaKey("idp")), behindIssuer); checkOf(t, err) != CheckLimit {
		t.Errorf("it says %v", err)
	}
}

func TestVerify_refusesWhatWasChangedAfterwards(t *testing.T) {
	signed := completed(t, assertionBlank(), rsaKey("idp"), crypto.SHA256)
	zeros := base64.StdEncoding.EncodeToString(make([]byte, 32))
	cases := map[string]struct {
		from, to, new string // what begins with from and ends before to becomes new
		want          Check
	}{
		"a value":                     {"ann@", "example", "bob@", CheckDigest},
		"white space":                 {"<Subject>", "<NameID>", "<Subject> ", CheckDigest},
		"an attribute":                {`"2.0"`, ` xmlns`, `"2.1"`, CheckDigest},
		"one attribute more":          {` Version=`, `"2.0"`, ` x="" Version=`, CheckDigest},
		"a namespace":                 {`<Subject>`, `<NameID>`, `<Subject xmlns="urn:other">`, CheckDigest},
		"a prefix":                    {`<Subject>`, `</Assertion>`, `<s:Subject xmlns:s="` + assertionNS + `"><NameID>ann@example.com</NameID></s:Subject>`, CheckDigest},
		"one element more":            {`</Subject>`, `</Assertion>`, `</Subject><Evil/>`, CheckDigest},
		"a part less":                 {`<Subject>`, `</Assertion>`, ``, CheckDigest},
		"the digest":                  {`<DigestValue>`, `</DigestValue>`, `<DigestValue>` + zeros, CheckSignature},
		"the canonicalisation's list": {`"/><SignatureMethod`, ` Algorithm`, `"><i:InclusiveNamespaces xmlns:i="http://www.w3.org/2001/10/xml-exc-c14n#"/></CanonicalizationMethod><SignatureMethod`, CheckSignature},
		"the signature":               {`<SignatureValue>`, `</SignatureValue>`, `<SignatureValue>` + zeros, CheckSignature},
	}
	for name, c := range cases {
		t.Run("it notices "+name, func(t *testing.T) {
			before, rest, _ := strings.Cut(signed, c.from)
			end := strings.Index(rest, c.to)
			if end < 0 {
				t.Fatalf("no %q and %q behind it", c.from, c.to)
			}
			d := parsed(t, before+c.new+rest[end:])
			_, err := Verify(d, d.Root(), pinned(rsaKey("idp")), behindIssuer)
			if got := checkOf(t, err); got != c.want {
				t.Errorf("it says %q (%v), not %q", got, err, c.want)
			}
		})
	}
}

func TestVerify_triesPinnedKeysOnly(t *testing.T) {
	signed := completed(t, assertionBlank(), rsaKey("idp"), crypto.SHA256)
	weak := completed(t, assertionBlank(), rsaKey("weak"), crypto.SHA256)
	own := strings.Replace(completed(t, assertionBlank(), rsaKey("other"), crypto.SHA256), "</SignatureValue>",
		"</SignatureValue><KeyInfo><X509Data><X509Certificate>"+base64.StdEncoding.EncodeToString(certificate(t, rsaKey("other")).Raw)+"</X509Certificate></X509Data></KeyInfo>", 1)
	cases := map[string]struct {
		document string
		keys     []Key
		want     Check
	}{
		"no key at all":                       {signed, nil, CheckKey},
		"a key without anything":              {signed, []Key{{}}, CheckKey},
		"another key":                         {signed, pinned(rsaKey("other")), CheckSignature},
		"a weak key, though it signed":        {weak, pinned(rsaKey("weak")), CheckKey},
		"a key on a curve":                    {signed, pinned(curveKey(elliptic.P256())), CheckKey},
		"a stranger's key in KeyInfo":         {own, pinned(rsaKey("idp")), CheckSignature},
		"the right one among others":          {signed, append(pinned(curveKey(elliptic.P256()), rsaKey("weak"), rsaKey("other")), Key{Certificate: certificate(t, rsaKey("idp"))}), ""},
		"a curve that is not on the list":     {signed, pinned(curveKey(elliptic.P521())), CheckKey},
		"a certificate whose dates are over ": {signed, []Key{{Certificate: certificate(t, rsaKey("idp"))}}, ""},
	}
	for name, c := range cases {
		t.Run("given "+name, func(t *testing.T) {
			d := parsed(t, c.document)
			_, err := Verify(d, d.Root(), c.keys, behindIssuer)
			if got := checkOf(t, err); got != c.want {
				t.Errorf("it says %q (%v), not %q", got, err, c.want)
			}
		})
	}
}

func TestVerify_acceptsSHA1OnlyWhereThePolicySaysSo(t *testing.T) {
	blank := strings.NewReplacer("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
		"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1").Replace(assertionBlank())
	d := parsed(t, completed(t, blank, rsaKey("idp"), crypto.SHA1))
	p := behindIssuer
	if _, err := Verify(d, d.Root(), pinned(rsaKey("idp")), p); checkOf(t, err) != CheckAlgorithm {
		t.Errorf("by default it says %v", err)
	}
	p.AllowSHA1 = true
	if _, err := Verify(d, d.Root(), pinned(rsaKey("idp")), p); err != nil {
		t.Errorf("where it is allowed it says %v", err)
	}
}

func TestVerify_looksOnlyWhereItIsTold(t *testing.T) {
	signed := completed(t, assertionBlank(), rsaKey("idp"), crypto.SHA256)
	d := parsed(t, `<Response xmlns="`+protocolNS+`" ID="_r"><Issuer xmlns="`+assertionNS+`">x</Issuer>`+signed+`</Response>`)
	if _, err := Verify(d, d.Root(), pinned(rsaKey("idp")), behindIssuer); checkOf(t, err) != CheckPlace {
		t.Errorf("the signature of the assertion is taken for the response's: %v", err)
	}
	if _, err := Verify(d, find(t, d, "Assertion"), pinned(rsaKey("idp")), behindIssuer); err != nil {
		t.Errorf("inside a response it says %v", err)
	}
	if _, err := Verify(parsed(t, signed), find(t, d, "Assertion"), pinned(rsaKey("idp")), behindIssuer); checkOf(t, err) != CheckPlace {
		t.Errorf("an element of another document is accepted: %v", err)
	}
	if _, err := Verify(d, nil, pinned(rsaKey("idp")), behindIssuer); checkOf(t, err) != CheckPlace {
		t.Errorf("nothing is accepted: %v", err)
	}
	first := completed(t, strings.Replace(assertionBlank(), "<Issuer>https://sts.windows.net/t/</Issuer>", "", 1), rsaKey("idp"), crypto.SHA256)
	d = parsed(t, first)
	if _, err := Verify(d, d.Root(), pinned(rsaKey("idp")), Policy{}); err != nil {
		t.Errorf("as the first child, where that is the policy, it says %v", err)
	}
}

func TestVerify_mayBeCalledByManyAtOnce(t *testing.T) {
	d := parsed(t, string(signedResponse(t, 3)))
	keys := pinned(rsaKey("other"), rsaKey("idp"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if s, err := Verify(d, d.Root().Child(assertionNS, "Assertion"), keys, behindIssuer); err != nil || s.Key != 1 {
				t.Errorf("it says %v", err)
			}
		})
	}
	all.Wait()
}
