//go:build !ios

package platform

// dataHome is the folder of macOS for what an app makes itself.
func dataHome() (string, error) { return underHome("Library", "Application Support") }
