package safedial

import (
	"context"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/getpurser/purser/internal/fault"
)

// MaxURL is the length of the longest address, in bytes.
const MaxURL = 2048

// inside are the last labels of names that are no public ones.
var inside = map[string]bool{"localhost": true, "local": true, "internal": true, "intranet": true, "lan": true,
	"home": true, "corp": true, "private": true, "localdomain": true, "arpa": true, "onion": true}

// Check reads an address that is to be called later: https, a public host, no
// credentials in it. Where loopback is allowed it may be http on this machine.
// The error is Invalid and about the field at location; it never repeats the
// address, which may be a secret.
func Check(ctx context.Context, location, address string, allowLoopback bool) (*url.URL, error) {
	bad := func(code, text string) (*url.URL, error) { return nil, fault.BadField(location, code, "%s", text) }
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || unprintable(address) {
		return bad("url_malformed", "This is not a web address such as https://example.com/hook.")
	}
	if len(address) > MaxURL {
		return bad("too_long", "At most "+strconv.Itoa(MaxURL)+" characters are allowed.")
	}
	if u.User != nil || u.Fragment != "" || strings.HasSuffix(address, "#") {
		return bad("url_malformed", "An address may not hold a user name, a password or a fragment.")
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return bad("url_malformed", "The port is not one.")
		}
	}
	here := allowLoopback && loopback(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || !here) {
		return bad("https_required", "The address must begin with https://.")
	}
	if !here && !public(ctx, u.Hostname(), allowLoopback) {
		return bad("address_not_public", "The address must be on the Internet, not on this machine or in a private network.")
	}
	return u, nil
}

// public reports whether a host is an address or a name that may be called.
func public(ctx context.Context, host string, allowLoopback bool) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return Public(a)
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	// 127.1, 0x7f.1 and 2130706433 are this machine to some resolvers.
	if len(labels) < 2 || last == "" || inside[last] || last[0] >= '0' && last[0] <= '9' {
		return false
	}
	return !leadsInside(ctx, host, allowLoopback)
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Zone() == "" && a.Unmap().IsLoopback()
}

func unprintable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) || r == ' ' || r == '\\' })
}
