package entratest

import (
	"net/http"
	"net/url"
)

// EndpointsForTest is the handler of Microsoft's hosts without a network.
func EndpointsForTest(e *Entra) http.Handler { return e.core.recorded("test", e.core.endpoints()) }

// CanonicalForTest reads a document and writes it in exclusive canonical form.
func CanonicalForTest(raw []byte) ([]byte, error) {
	n, err := readXML(raw)
	if err != nil {
		return nil, err
	}
	return n.canonical(scope{}), nil
}

// SAMLForTest lets what came by a binding be read and answered, and says
// whether it ended on a page of ours or with the app.
func SAMLForTest(t *Tenant, binding, text string) (page, app bool) {
	params := url.Values{"SAMLRequest": {text}}
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	s := t.core.samlArrived(t.ID, "", binding, params.Encode(), params, ids{At: t.core.clock()})
	return s.page != nil, s.answer != nil || s.goTo != ""
}
