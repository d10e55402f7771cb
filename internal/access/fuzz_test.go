package access

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// FuzzKeyShaped holds that only what we draw looks like a key of ours.
func FuzzKeyShaped(f *testing.F) {
	f.Add(drawKey(true))
	f.Add(drawKey(false))
	f.Add("ag_live_" + strings.Repeat("é", 43))
	f.Add("AG_LIVE_" + strings.Repeat("0", 43))
	f.Fuzz(func(t *testing.T, s string) {
		if !keyShaped(s) {
			return
		}
		if len(s) != len(livePrefix)+secretLength || strings.ContainsAny(s, " .\r\n\x00-") || !strings.HasPrefix(s, "ag_") {
			t.Fatalf("%q is a key", s)
		}
	})
}

// FuzzClientAddress holds that nobody but a trusted proxy chooses the address,
// and that it is always an address.
func FuzzClientAddress(f *testing.F) {
	proxies, err := ParseProxies("10.0.0.0/8,2001:db8::/32")
	if err != nil {
		f.Fatal(err)
	}
	a := &Access{config: Config{TrustedProxies: proxies}}
	for _, s := range [][2]string{{"10.1.1.1:9", "8.8.8.8, 192.0.2.1"}, {"192.0.2.1:9", "8.8.8.8"}, {"[::ffff:10.1.1.1]:9", "::ffff:1.2.3.4"}, {"[fe80::1%25eth0]:9", "fe80::1%eth0"},
		{"10.1.1.1:9", "010.1.1.1"}, {"10.1.1.1:9", "1.2.3.4:80"}, {"10.1.1.1:9", ",,,"}, {"@", "1.1.1.1"}, {"10.1.1.1:9", "[::1]"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := a.ClientAddress(r)
		if got == "" {
			return
		}
		addr, err := netip.ParseAddr(got)
		if err != nil || addr.Zone() != "" || addr.Is4In6() {
			t.Fatalf("%q behind %q is %q: %v", forwarded, peer, got, err)
		}
		if direct, ok := peerOf(peer); ok && !a.trusted(direct) && addr != direct {
			t.Fatalf("%q says it is %q, and is believed", peer, got)
		}
		if again := network(network(got)); again != network(got) && !strings.Contains(network(got), "/") {
			t.Fatalf("%q is counted under %q, then %q", got, network(got), again)
		}
	})
}

// FuzzProxies holds that a list of proxies never trusts everybody by accident:
// each range is one that was written.
func FuzzProxies(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8, ::1", "10.0.0.1", "0.0.0.0/0", "10.0.0.0/33", "::ffff:10.0.0.0/104", "fe80::1%eth0", ",", "10.0.0.0/08"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		proxies, err := ParseProxies(s)
		if err != nil {
			return
		}
		for _, p := range proxies {
			if !p.IsValid() || p != p.Masked() || p.Bits() == 0 && !strings.Contains(s, "/0") {
				t.Fatalf("%q trusts %v", s, p)
			}
		}
	})
}

// FuzzCredential holds that one secret is found or none, and that reading a
// token's type never breaks.
func FuzzCredential(f *testing.F) {
	f.Add("ag_live_x", "Bearer ag_live_x")
	f.Add("", "bearer  a b")
	f.Add(" ", "Basic YTpi")
	f.Add("eyJ0eXAiOiJ4In0.e30.", "Bearer eyJ0eXAiOjF9.e30.")
	f.Fuzz(func(t *testing.T, key, authorization string) {
		found, err := credential(http.Header{"X-Api-Key": {key}, "Authorization": {authorization}})
		if err == nil && (found == "" || found != strings.TrimSpace(found) || !strings.Contains(key+" "+authorization, found)) {
			t.Fatalf("%q and %q present %q", key, authorization, found)
		}
		headerOf(found)
	})
}
