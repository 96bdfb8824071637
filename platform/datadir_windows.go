package platform

import "os"

// dataHome is the Windows folder for data that stays on this device.
func dataHome() (string, error) { return os.UserCacheDir() }
