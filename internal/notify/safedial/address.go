// Package safedial calls addresses that somebody else chose. It reaches what is
// public and nothing else: no machine of our own network, no metadata service,
// no proxy, and no redirect to any of them.
package safedial

import (
	"net/netip"
)

// closed are the ranges that no public service has: the special-purpose
// registries of IPv4 and IPv6, and what would lead through a translator to
// another address than the one that was looked at.
var closed = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // a hoster's metadata service, on an address that looks public
	"2001::/23",        // Teredo, ORCHID and other protocol assignments
	"2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	// global is all of IPv6 that is given out to the public.
	global = netip.MustParsePrefix("2000::/3")
	// translated stands for IPv4 addresses, in the last four bytes (RFC 6052).
	translated = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// Public reports whether an address may belong to a service on the Internet. An
// IPv4 address inside an IPv6 one counts as what it is.
func Public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if translated.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.Is6() && !global.Contains(a) {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}
