package safedial

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrRefused says that an address may not be called. It is in the chain of what
// a client's Do returns.
var ErrRefused = errors.New("safedial: the address is not public")

const (
	dialPatience   = 5 * time.Second
	headerPatience = 15 * time.Second
	maxHeader      = 16 << 10
)

// Dialer connects to public addresses, and to this machine's own where loopback
// is allowed. It looks at the address that is connected to, so that what a name
// said a moment ago does not matter.
func Dialer(allowLoopback bool) *net.Dialer {
	return &net.Dialer{Timeout: dialPatience, Control: func(network, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" || !open(to.Addr(), allowLoopback) {
			return ErrRefused
		}
		return nil
	}}
}

func open(a netip.Addr, allowLoopback bool) bool {
	return Public(a) || allowLoopback && a.Zone() == "" && a.Unmap().IsLoopback()
}

// Client calls through Dialer: no proxy, no redirect (the answer that asks for
// one is the answer), at most patience for everything, and no more than limit
// bytes of a body.
func Client(allowLoopback bool, patience time.Duration, limit int64) *http.Client {
	to := &http.Transport{DialContext: Dialer(allowLoopback).DialContext, TLSHandshakeTimeout: dialPatience,
		ResponseHeaderTimeout: min(patience, headerPatience), MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2: true, MaxIdleConns: 64, MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second}
	return &http.Client{Transport: bounded{to, limit}, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// bounded cuts the bodies of answers off.
type bounded struct {
	to    http.RoundTripper
	limit int64
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.to.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, b.limit), answer.Body}
	return answer, nil
}

// lookupPatience bounds the look at a name's addresses when it is saved.
const lookupPatience = 2 * time.Second

// leadsInside reports whether a name has an address that may not be called. A
// name that is not known now may be later: it is looked at again when dialled.
func leadsInside(ctx context.Context, name string, allowLoopback bool) bool {
	ctx, cancel := context.WithTimeout(ctx, lookupPatience)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if !open(a, allowLoopback) {
			return true
		}
	}
	return false
}
