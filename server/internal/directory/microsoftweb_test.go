package directory

import "testing"

// The proof that is named by nothing is the certificate: a test with one counts
// for the other.
//
// req: A15
func TestMicrosoftWeb_aTestCountsWhicheverWayTheCertificateIsNamed(t *testing.T) {
	m := MicrosoftWeb{ClientID: "c", TenantID: "t", KeyID: "k"}
	m.TestedHash = m.ConfigHash()
	m.Proof = ProofCertificate
	if !m.TestedNow() {
		t.Error("the test counts no more")
	}
	m.Proof = ProofSecret
	if m.TestedNow() {
		t.Error("a test with a certificate counts for a secret")
	}
}
