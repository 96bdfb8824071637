package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// samlKeys are what people have in their folders when they set SAML up. They
// are made once.
var samlKeys = sync.OnceValues(func() (map[string][]byte, error) {
	files := map[string][]byte{}
	now := time.Now()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		return nil, err
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		return nil, err
	}
	make := func(name string, key crypto.Signer, begins, ends time.Duration, algorithm x509.SignatureAlgorithm) []byte {
		t := &x509.Certificate{
			SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Microsoft Azure Federated SSO Certificate"},
			NotBefore: now.Add(begins), NotAfter: now.Add(ends), SignatureAlgorithm: algorithm,
		}
		der, cerr := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
		if cerr != nil {
			err = cerr
		}
		files[name] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		return der
	}
	const day = 24 * time.Hour
	good := make("good.pem", key, -day, 400*day, x509.SHA256WithRSA)
	make("expired.pem", key, -400*day, -day, x509.SHA256WithRSA)
	make("later.pem", key, 10*day, 400*day, x509.SHA256WithRSA)
	make("weak.pem", weak, -day, 400*day, x509.SHA256WithRSA)
	make("sha1.pem", key, -day, 400*day, x509.SHA1WithRSA)
	make("p521.pem", p521, -day, 400*day, x509.ECDSAWithSHA512)
	bare := base64.StdEncoding.EncodeToString(good)
	files["good.cer"] = good
	files["bare.txt"] = []byte(bare)
	files["crlf.pem"] = []byte("\xef\xbb\xbf  \r\n" + strings.ReplaceAll(string(files["good.pem"]), "\n", "\r\n"))
	files["two.pem"] = append(append([]byte{}, files["good.pem"]...), files["expired.pem"]...)
	files["metadata.xml"] = []byte(idpMetadata(bare, nil))
	files["empty.txt"] = nil
	files["text.txt"] = []byte("Certificate (Base64)")
	private, merr := x509.MarshalPKCS8PrivateKey(key)
	if merr != nil {
		return nil, merr
	}
	files["private.pem"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	csr, cerr := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if cerr != nil {
		return nil, cerr
	}
	files["request.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})
	public, perr := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if perr != nil {
		return nil, perr
	}
	files["public.pem"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	return files, err
})

const scriptTenant = "11111111-2222-3333-4444-555555555555"

// idpMetadata is metadata as Entra writes it, with parts replaced.
func idpMetadata(cert string, edits []string) string {
	const login = "https://login.microsoftonline.com/" + scriptTenant + "/saml2"
	doc := `<?xml version="1.0" encoding="utf-8"?><EntityDescriptor ID="_1" entityID="https://sts.windows.net/` + scriptTenant + `/" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` +
		`<X509Data><X509Certificate>` + cert + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + login + `"/>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + login + `"/>` +
		`</IDPSSODescriptor></EntityDescriptor>`
	return strings.NewReplacer(edits...).Replace(doc)
}

// samlFiles writes samlKeys into the script's folder.
func samlFiles(ts *testscript.TestScript, neg bool, _ []string) {
	files, err := samlKeys()
	if err != nil || neg {
		ts.Fatalf("making certificates: %v", err)
	}
	for name, content := range files {
		ts.Check(os.WriteFile(ts.MkAbs(name), content, 0o600))
	}
}

// samlServer serves metadata, good and broken, on loopback: $METADATA begins
// its addresses, $TLS those of a server that nobody trusts, $CLOSED one that
// does not answer.
func samlServer(ts *testscript.TestScript, neg bool, _ []string) {
	files, err := samlKeys()
	if err != nil || neg {
		ts.Fatalf("making certificates: %v", err)
	}
	body := func(name string) string {
		block, _ := pem.Decode(files[name])
		return base64.StdEncoding.EncodeToString(block.Bytes)
	}
	good := body("good.pem")
	docs := map[string]string{
		"/good": "\ufeff" + idpMetadata(good, nil), "/html": "<!DOCTYPE html><html><body>Sign in to your account</body></html>",
		"/noxml": "hello", "/dtd": `<!DOCTYPE x [<!ENTITY a "b">]>` + idpMetadata(good, nil), "/note": "<note/>", "/large": strings.Repeat(" ", 1<<20) + idpMetadata(good, nil),
		"/sp":         idpMetadata(good, []string{"IDPSSODescriptor", "SPSSODescriptor"}),
		"/nokey":      idpMetadata(good, []string{`use="signing"`, `use="encryption"`}),
		"/expired":    idpMetadata(body("expired.pem"), nil),
		"/weak":       idpMetadata(body("weak.pem"), nil),
		"/common":     idpMetadata(good, []string{scriptTenant, "{tenant}"}),
		"/old":        idpMetadata(good, []string{`ID="_1"`, `ID="_1" validUntil="2020-01-01T00:00:00Z"`}),
		"/nologin":    idpMetadata(good, []string{"SingleSignOnService", "ArtifactResolutionService"}),
		"/plainlogin": idpMetadata(good, []string{"https://login.", "http://login."}),
		"/other":      idpMetadata(good, []string{"https://sts.windows.net/" + scriptTenant, "https://sts.windows.net/99999999-2222-3333-4444-555555555555"}),
		"/several":    `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + bareEntity(good, "a") + bareEntity(good, "b") + `</EntitiesDescriptor>`,
		"/noname":     idpMetadata(good, []string{`entityID="https://sts.windows.net/` + scriptTenant + `/"`, `entityID=""`}),
	}
	var mu sync.Mutex
	serving := "/good"
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		doc, ok := docs[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		_, _ = w.Write([]byte(doc))
	})
	mux.HandleFunc("/fails", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://169.254.169.254/metadata", http.StatusFound)
	})
	mux.HandleFunc("/circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/circle", http.StatusFound) })
	mux.HandleFunc("/now", func(w http.ResponseWriter, _ *http.Request) { // what /become said last
		mu.Lock()
		defer mu.Unlock()
		_, _ = w.Write([]byte(docs[serving]))
	})
	mux.HandleFunc("/become/{doc}", func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		serving = "/" + r.PathValue("doc")
	})
	plain, tls, closed := httptest.NewServer(mux), httptest.NewTLSServer(mux), httptest.NewServer(mux)
	closed.Close()
	ts.Defer(plain.Close)
	ts.Defer(tls.Close)
	ts.Setenv("METADATA", plain.URL)
	ts.Setenv("TLS", tls.URL)
	ts.Setenv("CLOSED", closed.URL)
}

// bareEntity is one identity provider among several.
func bareEntity(cert, name string) string {
	doc := idpMetadata(cert, []string{`<?xml version="1.0" encoding="utf-8"?>`, "", `ID="_1"`, `ID="_` + name + `"`, "https://sts.windows.net/" + scriptTenant + "/", "https://" + name + ".example/idp"})
	return doc
}

// becomes makes $METADATA/now serve another document:
//
//	becomes other
func becomes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: becomes DOCUMENT")
	}
	resp, err := http.Get(ts.Getenv("METADATA") + "/become/" + args[0]) //nolint:noctx // it is in this very process
	ts.Check(err)
	ts.Check(resp.Body.Close())
}
