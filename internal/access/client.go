package access

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddress is who sent the request. X-Forwarded-For is believed only from
// a trusted proxy, and then from the right: each entry was written by the hop
// after it, so the first one that is no trusted proxy is the client. It is
// empty when the connection has no address.
func (a *Access) ClientAddress(r *http.Request) string {
	peer, ok := peerOf(r.RemoteAddr)
	if !ok {
		return ""
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && a.trusted(peer); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = next.Unmap().WithZone("")
	}
	return peer.String()
}

func (a *Access) trusted(addr netip.Addr) bool {
	for _, p := range a.config.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func peerOf(remote string) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	return addr.Unmap().WithZone(""), err == nil
}

// ParseProxies reads TRUSTED_PROXIES: addresses and CIDR ranges, separated by
// commas.
func ParseProxies(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if addr, err := netip.ParseAddr(part); err == nil {
			out = append(out, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, err
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// network is what limits count a client address under: one IPv4 address, or
// the /64 that one IPv6 customer has all of.
func network(client string) string {
	addr, err := netip.ParseAddr(client)
	if err != nil || addr.Is4() {
		return client
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return client
	}
	return p.String()
}
