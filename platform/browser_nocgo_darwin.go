//go:build darwin && !cgo

package platform

// SystemBrowser returns this system's: without cgo, the person's browser and
// [Loopback]. It does no I/O.
func SystemBrowser(string) Browser { return Browser{OpenURL: OpenURL, Return: Loopback} }
