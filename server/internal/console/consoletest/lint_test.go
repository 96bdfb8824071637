package consoletest

import "testing"

func TestWording_itFindsWhatNoPersonShouldRead(t *testing.T) {
	for text, want := range map[string]int{
		"It is no SCIM filter: there is no operator.. An example": 1,
		"Saved. .":                           1,
		"It is no filter: 400 invalidFilter": 1,
		"Error: no rows":                     1,
		"json: cannot unmarshal":             1,
		"%!s(MISSING) was saved":             1,
		"Look… and wait... then go on. The error is 400: it lasts.": 0,
	} {
		if got := Wording(text); len(got) != want {
			t.Errorf("%q: %q, want %d", text, got, want)
		}
	}
}
