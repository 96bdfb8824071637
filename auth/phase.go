package auth

import "strconv"

// String names the phase as the documentation does.
func (p Phase) String() string {
	names := [...]string{"Starting", "SignedOut", "SigningIn", "SignedIn", "Offline", "Revoked"}
	if p < 0 || int(p) >= len(names) {
		return "Phase(" + strconv.Itoa(int(p)) + ")"
	}
	return names[p]
}
