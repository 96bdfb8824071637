package oauth

import "testing"

func FuzzParse(f *testing.F) {
	f.Add("grant_type=client_credentials&client_id=a&client_secret=b", "")
	f.Add("grant_type=client_credentials", "Basic YTpi")
	f.Add("grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer", "")
	f.Add("grant_type=client_credentials&grant_type=x", "Basic !")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		var headers []string
		if authorization != "" {
			headers = []string{authorization}
		}
		q, err := parse(body, headers)
		if err != nil {
			return
		}
		if (q.secret == "") == (q.assertion == "") || q.secret != "" && q.client == "" || len(q.client) > maxClient || len(q.secret) > maxSecret {
			t.Errorf("accepted %+v", q)
		}
	})
}
