package provision_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// people makes n people called p00, p01 … and returns their ids.
func (d *desk) people(n int) []string {
	d.t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = d.create(fmt.Sprintf("p%02d@acme.example", i), fmt.Sprint(i))
	}
	return ids
}

// Whoever is there throughout a walk is met, although others go meanwhile.
func TestAWalkDuringDeletionsLosesNobody(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		for _, f := range []string{"", "&filter=" + url.QueryEscape(`userName sw "p"`), "&filter=" + url.QueryEscape(`not (title pr)`)} {
			ids := d.people(20)
			met := map[string]bool{}
			for start, page := 1, 0; ; page++ {
				a := d.ask("GET", fmt.Sprintf("/Users?startIndex=%d&count=5%s", start, f), "")
				found := a.found()
				if a.body["startIndex"] != float64(start) {
					t.Errorf("startIndex is %v, want %d", a.body["startIndex"], start)
				}
				for _, id := range found {
					met[id] = true
				}
				if len(found) == 0 {
					break
				}
				start += len(found)
				if page == 0 { // three of those who were met leave
					for _, id := range found[:3] {
						d.ask("DELETE", "/Users/"+id, "").want(http.StatusNoContent)
					}
				}
			}
			if len(met) != 20 {
				t.Errorf("%s: met %d of 20", f, len(met))
			}
			for _, id := range ids {
				d.ask("DELETE", "/Users/"+id, "")
			}
		}
	})
}

func TestCursorsWalkToTheEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ids := d.people(12)
		for _, f := range []string{"", "&filter=" + url.QueryEscape(`userName sw "p"`), "&sortBy=userName&sortOrder=descending"} {
			var met []string
			cursor := ""
			for range 10 {
				a := d.ask("GET", "/Users?count=5&cursor="+url.QueryEscape(cursor)+f, "").want(http.StatusOK)
				for _, r := range a.body["Resources"].([]any) {
					met = append(met, r.(map[string]any)["id"].(string))
				}
				if a.body["totalResults"] != float64(12) || a.body["startIndex"] != nil {
					t.Errorf("frame: %s", a.raw[:200])
				}
				next, more := a.body["nextCursor"].(string)
				if !more {
					break
				}
				cursor = next
			}
			want := slices.Clone(ids)
			if strings.Contains(f, "desc") {
				slices.Reverse(want)
			}
			if diff := cmp.Diff(want, met); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f, diff)
			}
		}
		first := d.ask("GET", "/Users?count=5&cursor=", "").body["nextCursor"].(string)
		for _, target := range []string{
			"/Users?cursor=x", "/Users?cursor=" + first + "x", "/Users?cursor=" + first + "&filter=title+pr", "/Users?cursor=" + first + "&sortBy=id", "/Groups?cursor=" + first,
		} {
			d.ask("GET", target, "").fails(http.StatusBadRequest, "invalidCursor")
		}
		d.ask("GET", "/Users?cursor=&count=x", "").fails(http.StatusBadRequest, "invalidCount")
	})
}

// RFC 9865 section 2: count is from 0 to the maximum, and the same on every page.
func TestCursorsKeepTheirCount(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	ids := d.people(5)
	for _, target := range []string{"/Users?cursor=&count=501", "/Users?cursor=&count=99999999999", "/Users?cursor&count=1.5"} {
		d.ask("GET", target, "").fails(http.StatusBadRequest, "invalidCount")
	}
	for _, none := range []string{"0", "-3"} { // as in RFC 7644 section 3.4.2.4
		a := d.ask("GET", "/Users?cursor=&count="+none, "").want(http.StatusOK)
		if a.body["totalResults"] != float64(5) || a.body["itemsPerPage"] != float64(0) || a.body["nextCursor"] != nil {
			t.Errorf("count=%s: %s", none, a.raw)
		}
	}
	for _, address := range []string{"/Users?", "?attributes=id&"} {
		first := d.ask("GET", address+"cursor=&count=2", "").want(http.StatusOK).body["nextCursor"].(string)
		if strings.Trim(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") != "" {
			t.Errorf("the cursor %s needs escaping", first)
		}
		d.ask("GET", address+"count=3&cursor="+first, "").fails(http.StatusBadRequest, "invalidCount")
		if got := d.ask("GET", address+"cursor="+first, "").listed(); !slices.Equal(got, ids[2:4]) {
			t.Errorf("%s: the second page without count has %v, want %v", address, got, ids[2:4])
		}
	}
}

// RFC 7644 section 3.4.2.1.
func TestTheRootIsQueriedForAllTypes(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ids := d.people(3)
		ids = append(ids, d.group("G", ids[0]))
		for query, want := range map[string][]string{
			"?count=10": ids,
			"/?filter=" + url.QueryEscape(`meta.resourceType eq "Group"`): ids[3:],
			"?filter=" + url.QueryEscape(`displayName eq "g"`):            ids[3:],
			"?startIndex=3&count=2":                                       ids[2:],
			"?filter=" + url.QueryEscape(`externalId eq "nobody"`):        nil,
		} {
			if got := d.ask("GET", query, "").found(); !slices.Equal(got, want) {
				t.Errorf("%s found %v, want %v", query, got, want)
			}
		}
		var met []string
		for cursor := ""; ; {
			a := d.ask("GET", "?count=2&cursor="+cursor, "")
			met = append(met, a.listed()...)
			next, more := a.body["nextCursor"].(string)
			if !more {
				break
			}
			cursor = next
		}
		if !slices.Equal(met, ids) {
			t.Errorf("the cursor met %v, want %v", met, ids)
		}
		d.ask("GET", "?filter=bad", "").fails(http.StatusBadRequest, "invalidFilter")
		if a := d.ask("POST", "?count=1", "{}").fails(http.StatusMethodNotAllowed, ""); a.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("Allow: %s", a.header.Get("Allow"))
		}
	})
}

func TestListsAreSorted(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		var ids []string
		for i, name := range []string{"b", "C", "a", ""} {
			body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u%d","externalId":"e%d"`, i, 9-i)
			if name != "" {
				body += fmt.Sprintf(`,"name":{"familyName":%q},"emails":[{"value":"%s@x.example"}],"displayName":%q`, name, name, name)
			}
			ids = append(ids, d.ask("POST", "/Users", body+"}").want(http.StatusCreated).id())
		}
		for query, want := range map[string][]int{
			"sortBy=name.familyName":                      {2, 0, 1, 3}, // who has none comes last
			"sortBy=name.familyName&sortOrder=descending": {3, 1, 0, 2},
			"sortBy=emails":                               {2, 0, 1, 3},
			"sortBy=EMAILS.value&sortOrder=ascending":     {2, 0, 1, 3},
			"sortBy=displayName&count=2":                  {2, 0},
			"sortBy=displayName&count=2&startIndex=3":     {1, 3},
			"sortBy=userName&sortOrder=DESCENDING":        {3, 2, 1, 0},
			"sortBy=externalId":                           {3, 2, 1, 0},
			"sortBy=id":                                   {0, 1, 2, 3},
			"sortBy=meta.lastModified":                    {0, 1, 2, 3},
			"sortOrder=descending":                        {0, 1, 2, 3},
		} {
			var names []string
			for _, i := range want {
				names = append(names, ids[i])
			}
			if diff := cmp.Diff(names, d.ask("GET", "/Users?"+query, "").found()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		for _, name := range []string{"colour", "groups", "name", "password", "x509Certificates"} {
			d.ask("GET", "/Users?sortBy="+name, "").fails(http.StatusBadRequest, "invalidValue")
		}
		d.ask("GET", "/Users?sortBy=id&sortOrder=up", "").fails(http.StatusBadRequest, "invalidValue")
	})
}

// What no index orders is sorted all the same, on every page, and whoever is
// there throughout is met once although others go meanwhile.
func TestListsAreSortedWithoutAnIndex(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		var ids []string
		for i, title := range []string{"b", "C", "a", "", "B", ""} {
			body := fmt.Sprintf(`{"userName":"u%d","title":%q,"active":%v,"emails":[{"value":"%c@x"},{"value":"%c@x","primary":true}]}`, i, title, i%2 == 0, 'a'+i, 'z'-i)
			ids = append(ids, d.ask("POST", "/Users", body).want(http.StatusCreated).id())
		}
		of := func(order ...int) (names []string) {
			for _, i := range order {
				names = append(names, ids[i])
			}
			return names
		}
		for query, want := range map[string][]string{
			"sortBy=title":                        of(2, 0, 4, 1, 3, 5), // who has none comes last
			"sortBy=TITLE&sortOrder=descending":   of(5, 3, 1, 4, 0, 2),
			"sortBy=title&startIndex=3&count=2":   of(4, 1),
			"sortBy=title&startIndex=7":           of(),
			"sortBy=active&filter=title+pr":       of(1, 0, 2, 4),
			"sortBy=emails":                       of(5, 4, 3, 2, 1, 0), // the primary one counts
			"sortBy=emails.type&count=3":          of(0, 1, 2),
			"sortBy=meta.version&filter=title+pr": of(0, 1, 2, 4),
		} {
			if got := d.ask("GET", "/Users?"+query, "").found(); !slices.Equal(got, want) {
				t.Errorf("%s found %v, want %v", query, got, want)
			}
		}
		if a := d.ask("GET", "/Users?sortBy=title&count=2", ""); a.body["totalResults"] != float64(6) {
			t.Errorf("%v in all", a.body["totalResults"])
		}
		d.ask("GET", "/Users?sortBy=title&startIndex=20000", "").fails(http.StatusBadRequest, "tooMany")
		d.ask("GET", "/Users?sortBy=title&count=0", "").want(http.StatusOK)
		g := d.group("G")
		if got := d.ask("GET", "/Groups?sortBy=meta.version", "").found(); !slices.Equal(got, []string{g}) {
			t.Errorf("groups: %v", got)
		}
		var byCursor, byIndex []string
		for cursor, next := "", 1; ; {
			a := d.ask("GET", "/Users?sortBy=title&count=2&cursor="+cursor, "")
			byCursor = append(byCursor, a.listed()...)
			byIndex = append(byIndex, d.ask("GET", fmt.Sprintf("/Users?sortBy=title&count=2&startIndex=%d", next), "").found()...)
			if next == 1 {
				d.ask("DELETE", "/Users/"+ids[2], "").want(http.StatusNoContent) // the first
			}
			next += 2
			text, more := a.body["nextCursor"].(string)
			if !more {
				break
			}
			cursor = text
		}
		if want := of(2, 0, 4, 1, 3, 5); !slices.Equal(byCursor, want) || !slices.Equal(byIndex, want) {
			t.Errorf("walks met\n%v\n%v, want\n%v", byCursor, byIndex, want)
		}
		d.ask("GET", "/Users?sortBy=title&count=2&cursor=x", "").fails(http.StatusBadRequest, "invalidCursor")
	})
}

func TestSearchingByPost(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ids := d.people(3)
		g := d.group("G", ids[0])
		body := func(more string) string {
			return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]` + more + `}`
		}
		if got := d.ask("POST", "/Users/.search", body(`,"filter":"userName eq \"P01@acme.example\"","attributes":["userName"]`)); !slices.Equal(got.found(), ids[1:2]) || strings.Contains(string(got.raw), "emails") {
			t.Errorf("found %s", got.raw)
		}
		if got := d.ask("POST", "/Users/.search", body(`,"startIndex":2,"count":1,"excludedAttributes":"emails"`)).found(); !slices.Equal(got, ids[1:2]) {
			t.Errorf("page: %v", got)
		}
		if got := d.ask("POST", "/Groups/.search", body(`,"filter":"members eq \"`+ids[0]+`\""`)).found(); !slices.Equal(got, []string{g}) {
			t.Errorf("groups: %v", got)
		}
		all := d.ask("POST", "/.search", body(`,"filter":"id pr","count":2,"startIndex":3`))
		if got := all.found(); !slices.Equal(got, []string{ids[2], g}) || all.body["totalResults"] != float64(4) {
			t.Errorf("of every type: %s", all.raw)
		}
		var met []string
		for cursor, n := "", 0; n < 10; n++ {
			a := d.ask("POST", "/.search", body(`,"count":2,"cursor":"`+cursor+`"`)).want(http.StatusOK)
			for _, r := range a.body["Resources"].([]any) {
				met = append(met, r.(map[string]any)["id"].(string))
			}
			next, more := a.body["nextCursor"].(string)
			if cursor = next; !more {
				break
			}
		}
		if diff := cmp.Diff(append(slices.Clone(ids), g), met); diff != "" {
			t.Errorf("by cursor (-want +got):\n%s", diff)
		}
		d.ask("POST", "/Users/.search", body(`,"filter":"userName"`)).fails(http.StatusBadRequest, "invalidFilter")
		d.ask("POST", "/Users/.search", body(`,"count":true`)).fails(http.StatusBadRequest, "invalidValue")
		d.ask("POST", "/Users/.search", body(`,"count":1,"Count":2`)).fails(http.StatusBadRequest, "invalidValue")
		d.ask("POST", "/.search", body(`,"sortBy":"id"`)).fails(http.StatusBadRequest, "invalidValue")
		d.ask("POST", "/.search", `{"schemas":["x"]}`).fails(http.StatusBadRequest, "invalidSyntax")
		d.ask("GET", "/Users/.search", "").fails(http.StatusMethodNotAllowed, "")
	})
}

func TestEveryResourceKeepsItsPreconditions(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	for _, where := range []string{"/Users/" + d.create("a@x.example", "a"), "/Groups/" + d.group("G")} {
		title := patch(`{"op":"Add","path":"displayName","value":"New"}`)
		d.ask("PATCH", where, title, "If-Match", `W/"7"`).fails(http.StatusPreconditionFailed, "")
		d.ask("PATCH", where, title, "If-None-Match", `W/"1"`).fails(http.StatusPreconditionFailed, "")
		d.ask("DELETE", where, "", "If-Match", `"0"`).fails(http.StatusPreconditionFailed, "")
		a := d.ask("GET", where, "").want(http.StatusOK)
		if a.header.Get("ETag") != `W/"1"` || a.header.Get("Content-Location") != "https://sso.example/scim/v2/acme"+where {
			t.Errorf("%s: %v", where, a.header)
		}
		if a := d.ask("PATCH", where, title, "If-Match", `W/"9", W/"1"`); a.status/100 != 2 || a.header.Get("ETag") != `W/"2"` {
			t.Errorf("%s: %d %v", where, a.status, a.header)
		}
		d.ask("GET", where, "", "If-None-Match", `W/"2"`).want(http.StatusNotModified)
		d.ask("GET", where, "", "If-None-Match", `W/"1"`).want(http.StatusOK)
		d.ask("DELETE", where, "", "If-Match", `W/"2"`).want(http.StatusNoContent)
	}
}

func TestMeIsWhoeverIsSignedIn(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "a")
	d.ask("GET", "/Me", "").fails(http.StatusNotFound, "")
	d.signIn(id, scim.HashToken("lys_session"))
	session := []string{"Authorization", "Bearer lys_session"}
	a := d.ask("GET", "/Me", "", session...).want(http.StatusOK)
	where := "https://sso.example/scim/v2/acme/Users/" + id
	if a.id() != id || a.header.Get("Content-Location") != where || a.header.Get("Location") != where {
		t.Errorf("%v %s", a.header, a.raw)
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE", "POST"} {
		d.ask(method, "/Me", "{}", session...).fails(http.StatusForbidden, "")
	}
	for _, target := range []string{"/Users", "/Users/" + id, "/Schemas", "/scim/v2/other/Me"} {
		d.ask("GET", target, "", session...).fails(http.StatusUnauthorized, "")
	}
	d.ask("PATCH", "/Users/"+id, patch(disable)).want(http.StatusOK)
	d.ask("GET", "/Me", "", session...).fails(http.StatusUnauthorized, "")
}
