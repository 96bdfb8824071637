package dsig

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
)

// Redirect is a message of the HTTP-Redirect binding (SAML bindings, section
// 3.4), with the DEFLATE encoding.
type Redirect struct {
	// Parameter is "SAMLRequest" or "SAMLResponse".
	Parameter string
	// Message is the XML, inflated.
	Message []byte
	// RelayState is as decoded; empty and absent are alike.
	RelayState string
	// Signed tells whether the query has a Signature. ParseRedirect does not look
	// whether it is genuine.
	Signed bool
	// Key and Algorithm are what the signature was made with. Only
	// VerifyRedirect sets them.
	Key       int
	Algorithm string
}

// deflateEncoding is the only SAMLEncoding there is, and the default.
const deflateEncoding = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

// ParseRedirect reads the query of a redirect exactly as it was received (the
// RawQuery of its URL), signed or not. Parameters that the binding does not
// know are ignored; those it knows may come once.
func ParseRedirect(rawQuery string, l Limits) (Redirect, error) {
	q, err := readQuery(rawQuery, l.filled())
	if err != nil {
		return Redirect{}, err
	}
	return q.redirect(l.filled())
}

// VerifyRedirect verifies the signature over the query exactly as it was
// received, and only then inflates the message. A query without Signature is
// refused with CheckPlace.
func VerifyRedirect(rawQuery string, keys []Key, p Policy, l Limits) (Redirect, error) {
	q, err := readQuery(rawQuery, l.filled())
	if err != nil {
		return Redirect{}, err
	}
	key, err := q.verify(keys, p)
	if err != nil {
		return Redirect{}, err
	}
	r, failed := q.redirect(l.filled())
	if failed != nil {
		return Redirect{}, failed
	}
	r.Key, r.Algorithm = key, q.algorithm.decoded
	return r, nil
}

// query is the parameters of the binding.
type query struct {
	parameter                                      string
	message, relay, algorithm, signature, encoding value
}

// value is a parameter's value, as received and decoded.
type value struct {
	raw, decoded string
	given        bool
}

// readQuery takes a query apart. A parameter that comes twice, or whose name is
// written with escapes, is one that another reader may see differently.
func readQuery(raw string, l Limits) (query, *Error) {
	var q query
	if len(raw) > l.Bytes {
		return q, refuse(CheckLimit, "a query of at most "+number(l.Bytes)+" bytes", number(len(raw)))
	}
	for part := range strings.SplitSeq(raw, "&") {
		name, rest, _ := strings.Cut(part, "=")
		known, err := url.QueryUnescape(name)
		if err != nil {
			return q, refuse(CheckQuery, "a query in percent encoding", name)
		}
		at := q.place(known)
		switch {
		case at == nil:
			continue
		case at.given:
			return q, refuse(CheckQuery, known+" once", "two")
		case known != name:
			return q, refuse(CheckQuery, "parameter names without escapes", name)
		}
		at.raw, at.given = rest, true
		if at.decoded, err = url.QueryUnescape(rest); err != nil {
			return q, refuse(CheckQuery, known+" in percent encoding", rest)
		}
		if at == &q.message {
			q.parameter = name
		}
	}
	switch {
	case !q.message.given:
		return q, refuse(CheckQuery, "SAMLRequest or SAMLResponse", "neither")
	case q.algorithm.given != q.signature.given:
		return q, refuse(CheckQuery, "SigAlg and Signature", "one without the other")
	case q.encoding.given && q.encoding.decoded != deflateEncoding:
		return q, refuse(CheckQuery, deflateEncoding, q.encoding.decoded)
	}
	return q, nil
}

// place returns where the value of a parameter belongs, or nil. SAMLRequest and
// SAMLResponse share one place, because only one of them may come.
func (q *query) place(name string) *value {
	switch name {
	case "SAMLRequest", "SAMLResponse":
		return &q.message
	case "RelayState":
		return &q.relay
	case "SigAlg":
		return &q.algorithm
	case "Signature":
		return &q.signature
	case "SAMLEncoding":
		return &q.encoding
	}
	return nil
}

// verify verifies the signature over the values as they were received, in the
// order of section 3.4.4.1: Microsoft writes escapes in lower case, which
// encoding them again would not.
func (q query) verify(keys []Key, p Policy) (int, *Error) {
	if !q.signature.given {
		return 0, refuse(CheckPlace, "a signed query", "one without Signature")
	}
	signing, err := p.signingBy(q.algorithm.decoded)
	if err != nil {
		return 0, err
	}
	signature, ok := decodeBase64(q.signature.decoded)
	if !ok {
		return 0, refuse(CheckQuery, "Signature in base64", q.signature.decoded)
	}
	signed := q.parameter + "=" + q.message.raw
	if q.relay.given {
		signed += "&RelayState=" + q.relay.raw
	}
	signed += "&SigAlg=" + q.algorithm.raw
	return signing.verifyAny(keys, []byte(signed), signature)
}

// redirect decodes and inflates the message.
func (q query) redirect(l Limits) (Redirect, error) {
	r := Redirect{Parameter: q.parameter, RelayState: q.relay.decoded, Signed: q.signature.given}
	packed, err := base64.StdEncoding.Strict().DecodeString(q.message.decoded)
	if err != nil {
		return Redirect{}, refuse(CheckQuery, q.parameter+" in base64", q.message.decoded)
	}
	source := bytes.NewReader(packed)
	r.Message, err = io.ReadAll(io.LimitReader(flate.NewReader(source), int64(l.Bytes)+1))
	switch {
	case len(r.Message) > l.Bytes:
		return Redirect{}, refuse(CheckLimit, "a message of at most "+number(l.Bytes)+" bytes", "more")
	case err != nil || source.Len() > 0:
		return Redirect{}, refuse(CheckQuery, q.parameter+" compressed with DEFLATE", "something else")
	}
	return r, nil
}

// Query returns the query that carries r, unsigned. Only Parameter, Message and
// RelayState matter; an empty RelayState is left out.
func (r Redirect) Query() (string, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(r.Message); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := r.Parameter + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes()))
	if r.RelayState != "" {
		// %20, because not every reader takes + for a space.
		query += "&RelayState=" + strings.ReplaceAll(url.QueryEscape(r.RelayState), "+", "%20")
	}
	return query, nil
}
