package platform

import "github.com/lanyard-sso/lanyard/platform/internal/android"

// hostName is the model: Android tells no app what the person called the device,
// and every host is localhost.
func hostName() string { return android.Model() }
