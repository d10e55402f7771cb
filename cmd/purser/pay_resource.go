package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/getpurser/purser/internal/x402"
)

// resource is the request that is paid for. It always goes to the one address
// that was named, over a connection of its own: a redirect is not followed, and
// nothing is sent twice behind our back.
type resource struct {
	method  string
	address *url.URL
	header  http.Header
	body    string
	http    *http.Client
}

// resource reads the request from the flags.
func (c pay) resource(a *app) (*resource, error) {
	address, err := url.Parse(c.URL)
	if err != nil || address.Hostname() == "" || address.Scheme != "http" && address.Scheme != "https" {
		return nil, usage("%q is not an address such as https://api.example.com/report", c.URL)
	}
	r := &resource{method: strings.ToUpper(c.Method), address: address, header: http.Header{}, http: onceOnly()}
	if r.body, err = c.data(a); err != nil {
		return nil, err
	}
	if r.method == "" {
		if r.method = http.MethodGet; c.Data != "" {
			r.method = http.MethodPost
		}
	}
	for _, line := range c.Header {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.EqualFold(strings.TrimSpace(name), x402.HeaderSignature) {
			return nil, usage("%q is not a header as 'Name: value'", line)
		}
		r.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	_, err = http.NewRequest(r.method, c.URL, nil)
	if err != nil {
		return nil, usage("%w", err)
	}
	return r, nil
}

// data is the request's body.
func (c pay) data(a *app) (string, error) {
	path, isFile := strings.CutPrefix(c.Data, "@")
	switch {
	case !isFile:
		return c.Data, nil
	case path == "-":
		text, err := io.ReadAll(a.in)
		return string(text), err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", usage("%w", err)
	}
	return string(text), nil
}

// onceOnly is a client that sends a request once: a connection that was used
// before may have died, and then Go would send a GET again by itself.
func onceOnly() *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, Protocols: protocols,
			MaxResponseHeaderBytes: 256 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends the request, with a payment unless that is empty. The context must
// outlive the reading of the answer.
func (r *resource) ask(ctx context.Context, payment string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, r.method, r.address.String(), strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	request.GetBody = nil // nobody sends it a second time
	request.Header = r.header.Clone()
	if payment != "" {
		request.Header.Set(x402.HeaderSignature, payment)
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "purser-cli")
	}
	answer, err := r.http.Do(request)
	var of *url.Error // says the address again, with what may be secret in it
	if errors.As(err, &of) {
		err = of.Err
	}
	return answer, err
}

// neverLeft says that a request failed before anything of it was sent.
func neverLeft(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// identity stands for the request: the same one later is the same payment. It
// leaves out headers, which may hold keys that change.
func (r *resource) identity() string {
	return fmt.Sprintf("%s %s %x", r.method, r.address, sha256.Sum256([]byte(r.body)))
}

// place is the address without what may be secret in it, for people.
func (r *resource) place() string {
	shown := url.URL{Scheme: r.address.Scheme, Host: r.address.Host, Path: r.address.Path}
	return safe(shown.String())
}
