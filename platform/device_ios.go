package platform

import "github.com/lanyard-sso/lanyard/platform/internal/apple"

// hostName is what the person called this device, or since iOS 16 its kind:
// os.Hostname is localhost there.
func hostName() string { return apple.DeviceName() }
