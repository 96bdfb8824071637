package entratest

import "net/http"

// EndpointsForTest is the handler of Microsoft's hosts without a network.
func EndpointsForTest(e *Entra) http.Handler { return e.core.recorded("test", e.core.endpoints()) }
