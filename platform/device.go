package platform

import (
	"runtime"
	"strings"
	"unicode"
)

// DeviceName is what a person would know this device by, in at most 64
// characters: the host's name, or a phone's model, and the system, as in
// "ada-laptop (Linux)" and "Pixel 9 (Android)".
func DeviceName() string { return deviceName(hostName(), runtime.GOOS) }

func deviceName(host, goos string) string {
	system := map[string]string{
		"linux": "Linux", "darwin": "macOS", "windows": "Windows", "android": "Android", "ios": "iOS",
	}[goos]
	if system == "" {
		system = goos
	}
	host = strings.TrimSuffix(host, ".local")
	host = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, host)
	if host == "" || host == "localhost" { // phones do not tell
		return system + " device"
	}
	if r := []rune(host); len(r) > 48 {
		host = string(r[:48])
	}
	return host + " (" + system + ")"
}
