package entratest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"math/big"
	"strings"
	"time"
)

// Forgery is one way to make a token that must be refused.
type Forgery string

// The forgeries. All but those that say otherwise carry claims that are right
// in every respect.
const (
	AlgNone          Forgery = "alg none"                    // no signature at all (RFC 8725 section 2.1)
	AlgNoneMixedCase Forgery = "alg nOnE"                    // for those who compare with "none"
	AlgEmpty         Forgery = "alg left out"                //
	HS256PublicPEM   Forgery = "HS256 keyed with public PEM" // the confusion of RFC 8725 section 2.1
	HS256Certificate Forgery = "HS256 keyed with x5c"
	HS512PublicDER   Forgery = "HS512 keyed with public DER"
	AlgRS512         Forgery = "RS512 in the header, RS256 signature"
	OtherKey         Forgery = "another key, known kid"
	OtherKeyNoKid    Forgery = "another key, no kid"
	UnknownKid       Forgery = "another key, unknown kid"
	NoKid            Forgery = "right key, no kid"
	EmptyKid         Forgery = "right key, empty kid"
	KidNotText       Forgery = "right key, kid is a number"
	EmbeddedJWK      Forgery = "another key, sent along as jwk"
	JKU              Forgery = "another key, jku names its address"
	CritUnknown      Forgery = "crit names an extension nobody knows" // RFC 7515 section 4.1.11
	BadSignature     Forgery = "one bit of the signature flipped"
	CutSignature     Forgery = "signature left out"
	ChangedClaims    Forgery = "claims changed after signing"
	WrongTyp         Forgery = "typ is not JWT"
	TwoParts         Forgery = "two parts"
	FourParts        Forgery = "four parts"
	PaddedBase64     Forgery = "base64 with padding"
	NotJSON          Forgery = "claims are not JSON"
	DoubleClaim      Forgery = "a claim twice" // aud right, then aud wrong
	IDTokenInstead   Forgery = "ID token in place of an access token"
	V1Token          Forgery = "version 1.0"
	OtherTenant      Forgery = "tenant of somebody else"
	OtherIssuer      Forgery = "issuer of somebody else"
	IssuerSlash      Forgery = "issuer with a slash too many"
	OtherAudience    Forgery = "audience of another app"
	OtherClient      Forgery = "got by another client"
	NoScope          Forgery = "no scp: an app's own token"
	OtherScope       Forgery = "another scope"
	ScopePrefix      Forgery = "a scope that begins alike"
	Expired          Forgery = "expired"
	NotYetValid      Forgery = "not valid yet"
	NoExpiry         Forgery = "no exp"
	NoObjectID       Forgery = "no oid"
	AudienceList     Forgery = "aud is a list"
)

// Forgeries lists them all, for a table of hostile tokens.
func Forgeries() []Forgery {
	return []Forgery{
		AlgNone, AlgNoneMixedCase, AlgEmpty, HS256PublicPEM, HS256Certificate, HS512PublicDER, AlgRS512,
		OtherKey, OtherKeyNoKid, UnknownKid, NoKid, EmptyKid, KidNotText, EmbeddedJWK, JKU, CritUnknown,
		BadSignature, CutSignature, ChangedClaims, WrongTyp, TwoParts, FourParts, PaddedBase64, NotJSON,
		DoubleClaim, IDTokenInstead, V1Token, OtherTenant, OtherIssuer, IssuerSlash, OtherAudience,
		OtherClient, NoScope, OtherScope, ScopePrefix, Expired, NotYetValid, NoExpiry, NoObjectID, AudienceList,
	}
}

// Forge makes a token of that kind for the person. It panics on a kind that
// [Forgeries] does not list.
func (t *Tenant) Forge(f Forgery, a *App, u *User, mutate ...func(Claims)) string {
	key := t.core.keys.active()
	if f == IDTokenInstead {
		return t.IDToken(a, u, mutate...)
	}
	claims := t.accessFor(a, u, mutate)
	if spoil, ok := badClaims[f]; ok {
		spoil(claims, t.core.now())
		return key.signToken(claims)
	}
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": key.kid}
	if tok, ok := forgeText(f, key, header, claims); ok {
		return tok
	}
	if tok, ok := forgeKey(t.core.pool.key, f, key, header, claims); ok {
		return tok
	}
	panic(fmt.Sprintf("entratest: no forgery %q", f))
}

// badClaims are the forgeries whose signature is right.
var badClaims = map[Forgery]func(Claims, time.Time){
	V1Token: func(c Claims, _ time.Time) {
		c["ver"], c["appid"] = "1.0", c["azp"]
		c["iss"] = fmt.Sprintf("https://sts.windows.net/%s/", c["tid"])
		delete(c, "azp")
	},
	OtherTenant: func(c Claims, _ time.Time) {
		other := newGUID()
		c["iss"] = strings.Replace(c["iss"].(string), c["tid"].(string), other, 1)
		c["tid"] = other
	},
	OtherIssuer:   func(c Claims, _ time.Time) { c["iss"] = "https://login.example.com/" + newGUID() + "/v2.0" },
	IssuerSlash:   func(c Claims, _ time.Time) { c["iss"] = c["iss"].(string) + "/" },
	OtherAudience: func(c Claims, _ time.Time) { c["aud"] = newGUID() },
	AudienceList:  func(c Claims, _ time.Time) { c["aud"] = []any{newGUID(), c["aud"]} },
	OtherClient:   func(c Claims, _ time.Time) { c["azp"] = newGUID() },
	NoScope: func(c Claims, _ time.Time) {
		delete(c, "scp")
		c["roles"], c["idtyp"] = []string{"Sync.All"}, "app"
	},
	OtherScope:  func(c Claims, _ time.Time) { c["scp"] = "something_else" },
	ScopePrefix: func(c Claims, _ time.Time) { c["scp"] = c["scp"].(string) + "_not" },
	Expired: func(c Claims, now time.Time) {
		c["iat"], c["nbf"] = now.Add(-2*time.Hour).Unix(), now.Add(-2*time.Hour).Unix()
		c["exp"] = now.Add(-10 * time.Minute).Unix()
	},
	NotYetValid: func(c Claims, now time.Time) { c["nbf"] = now.Add(10 * time.Minute).Unix() },
	NoExpiry:    func(c Claims, _ time.Time) { delete(c, "exp") },
	NoObjectID:  func(c Claims, _ time.Time) { delete(c, "oid") },
}

// forgeText spoils the form of a token that was signed properly.
func forgeText(f Forgery, key *signingKey, header map[string]any, claims Claims) (string, bool) {
	switch f {
	case AlgRS512:
		header["alg"] = "RS512"
	case NoKid:
		delete(header, "kid")
	case EmptyKid:
		header["kid"] = ""
	case KidNotText:
		header["kid"] = 1
	case CritUnknown:
		header["crit"], header["urn:example:must"] = []string{"urn:example:must"}, true
	case WrongTyp:
		header["typ"] = "logout+jwt"
	}
	good := key.sign(header, claims)
	parts := strings.Split(good, ".")
	switch f {
	case AlgRS512, NoKid, EmptyKid, KidNotText, CritUnknown, WrongTyp:
		return good, true
	case BadSignature:
		sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
		sig[len(sig)/2] ^= 1
		return parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(sig), true
	case CutSignature:
		return parts[0] + "." + parts[1] + ".", true
	case ChangedClaims:
		claims["name"] = "Somebody Else"
		return parts[0] + "." + segment(claims) + "." + parts[2], true
	case TwoParts:
		return parts[0] + "." + parts[1], true
	case FourParts:
		return good + "." + parts[2], true
	case PaddedBase64:
		return parts[0] + "." + parts[1] + "." + parts[2] + "==", true
	case NotJSON:
		return key.signRaw(segment(header), []byte("not JSON")), true
	case DoubleClaim:
		raw, _ := json.Marshal(claims)
		raw = append(raw[:len(raw)-1], `,"aud":"`+newGUID()+`"}`...)
		return key.signRaw(segment(header), raw), true
	}
	return "", false
}

// forgeKey signs with what is no key of ours, or not at all.
func forgeKey(made maker, f Forgery, key *signingKey, header map[string]any, claims Claims) (string, bool) {
	switch f {
	case AlgNone, AlgNoneMixedCase, AlgEmpty:
		header["alg"] = map[Forgery]string{AlgNone: "none", AlgNoneMixedCase: "nOnE"}[f]
		if f == AlgEmpty {
			delete(header, "alg")
		}
		return segment(header) + "." + segment(claims) + ".", true
	case HS256PublicPEM:
		return hmacToken(sha256.New, "HS256", publicPEM(key), header, claims), true
	case HS256Certificate:
		return hmacToken(sha256.New, "HS256", []byte(base64.StdEncoding.EncodeToString(key.cert)), header, claims), true
	case HS512PublicDER:
		return hmacToken(sha512.New, "HS512", publicDER(key), header, claims), true
	case OtherKey, OtherKeyNoKid, UnknownKid, EmbeddedJWK, JKU:
	default:
		return "", false
	}
	other, err := newSigningKey(made, time.Now())
	if err != nil {
		panic(err) // no random numbers
	}
	switch f {
	case OtherKeyNoKid:
		delete(header, "kid")
	case UnknownKid:
		header["kid"] = other.kid
	case EmbeddedJWK:
		header["kid"] = other.kid
		header["jwk"] = map[string]string{
			"kty": "RSA", "kid": other.kid,
			"n": base64.RawURLEncoding.EncodeToString(other.priv.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(other.priv.E)).Bytes()),
		}
	case JKU:
		header["kid"], header["jku"] = other.kid, "https://keys.example.com/jwks.json"
	}
	return other.sign(header, claims), true
}

func hmacToken(h func() hash.Hash, alg string, secret []byte, header map[string]any, claims Claims) string {
	header["alg"] = alg
	input := segment(header) + "." + segment(claims)
	mac := hmac.New(h, secret)
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func publicDER(k *signingKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&k.priv.PublicKey)
	if err != nil {
		panic(err) // a healthy RSA key
	}
	return der
}

func publicPEM(k *signingKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(k)})
}
