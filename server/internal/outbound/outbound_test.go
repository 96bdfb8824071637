package outbound

import (
	"net/netip"
	"testing"
)

func TestCheckIP_itLetsNobodyInside(t *testing.T) {
	for address, fine := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "100.64.0.1": false, "255.255.255.255": false, "224.0.0.1": false, "::1": false, "fe80::1": false, "fd00::1": false, "::ffff:127.0.0.1": false,
		"100.100.100.200": false, "168.63.129.16": false, "fd00:ec2::254": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false,
	} {
		if err := CheckIP(netip.MustParseAddr(address), false); (err == nil) != fine {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := CheckIP(netip.MustParseAddr("127.0.0.1"), true); err != nil {
		t.Errorf("beside a server on loopback: %v", err)
	}
}
