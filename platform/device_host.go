//go:build !ios && !android

package platform

import "os"

func hostName() string {
	host, _ := os.Hostname()
	return host
}
