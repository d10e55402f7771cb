package access

import (
	"context"
	"crypto/sha1" //nolint:gosec // Clerk names its cookies with it; nothing depends on its strength
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
	clerkjwt "github.com/clerk/clerk-sdk-go/v2/jwt"

	"github.com/getpurser/purser/internal/fault"
)

// Clerk's cookies on our host, and parameters of the same names.
const (
	sessionCookie   = "__session"
	clientUAT       = "__client_uat" // when the browser's user changed, in seconds; 0 is nobody
	devBrowser      = "__clerk_db_jwt"
	handshakeResult = "__clerk_handshake"
	redirectCount   = "__clerk_redirect_count"
)

// Browser is what Clerk's cookies of a request come to.
type Browser struct {
	// Token is a session token that holds; empty for nobody.
	Token string
	// Redirect is where the browser has to go first, with 307 and unstored: to
	// Clerk, which sends it back with a new token, or to the same page without
	// what Clerk put into its address.
	Redirect string
	// Stale says that Clerk may well have a new token, but that the request
	// cannot be sent there for it: a form, or a part of a page.
	Stale bool
	// Cookies are to be set with whatever the answer is.
	Cookies []*http.Cookie
}

// ClerkOn says whether people sign in with Clerk.
func (a *Access) ClerkOn() bool { return a.clerk != nil }

// FromClerkCookies reads who Clerk says a browser is. It goes by the same rules
// as Clerk's own server libraries: a token that is over while Clerk has a user
// is renewed by a handshake, which sends documents to Clerk and back. The faults
// are Unavailable: identity_unavailable, and identity_loop when handshakes lead
// nowhere.
func (a *Access) FromClerkCookies(r *http.Request) (Browser, error) {
	v := a.clerk.visit(r)
	if payload := v.handshake(); payload != "" {
		b, err := v.resolve(payload)
		if err == nil && b.Redirect == "" {
			b.Cookies = append(b.Cookies, v.settled()...)
		}
		if err == nil || fault.From(err).Kind == fault.Unavailable {
			return b, err
		}
		// In production the cookie may be another application's, on another host
		// of the domain: what is missing is asked for again.
		a.log.Info("a handshake of Clerk's does not hold", "error", err)
	}
	reason, token, err := v.judge()
	if err != nil || reason == "" {
		return Browser{Token: token, Cookies: v.settled()}, err
	}
	b, err := v.startHandshake(reason)
	if err != nil {
		a.log.Warn("Clerk's handshakes lead nowhere: are both keys of one application, and the clocks right?", "reason", reason)
	}
	return b, err
}

// ClerkSignedOut are the cookies that take the browser's token away. Clerk's
// own, on its own host, follow with the next handshake.
func (a *Access) ClerkSignedOut() (gone []*http.Cookie) {
	for _, name := range []string{sessionCookie, sessionCookie + "_" + a.clerk.suffix} {
		gone = append(gone, &http.Cookie{Name: name, Path: "/", MaxAge: -1, SameSite: http.SameSiteLaxMode})
	}
	return gone
}

// cookieSuffix is what Clerk puts behind the names of an application's cookies.
func cookieSuffix(publishable string) string {
	sum := sha1.Sum([]byte(publishable)) //nolint:gosec // as above
	return base64.URLEncoding.EncodeToString(sum[:])[:8]
}

// clerkVisit is one request of a browser, as Clerk sees it.
type clerkVisit struct {
	*clerkIdentity
	r *http.Request
	// suffixed says which of the two sets of cookies counts.
	suffixed bool
}

func (c *clerkIdentity) visit(r *http.Request) clerkVisit {
	v := clerkVisit{clerkIdentity: c, r: r}
	v.suffixed = v.trustsSuffixed()
	return v
}

func (v clerkVisit) ctx() context.Context { return v.r.Context() }

func (v clerkVisit) plain(name string) string {
	c, err := v.r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (v clerkVisit) cookie(name string) string {
	if v.suffixed {
		return v.plain(name + "_" + v.suffix)
	}
	return v.plain(name)
}

// trustsSuffixed chooses between the cookies with our application's suffix and
// those without, which any application on the host may have written. It is
// Clerk's own rule, which has to hold here as the script in the browser goes by
// it too.
func (v clerkVisit) trustsSuffixed() bool {
	plain, own := v.unverified(v.plain(sessionCookie)), v.unverified(v.plain(sessionCookie+"_"+v.suffix))
	uat, ownUAT := v.plain(clientUAT), v.plain(clientUAT+"_"+v.suffix)
	present := v.plain(sessionCookie) != ""
	switch {
	case present && plain.Issuer == "":
		return false
	case present && plain.Issuer != v.issuer:
		return true
	case ownUAT == "": // an instance that does without
		return false
	case ownUAT != "0" && uat != "0" && seconds(plain.IssuedAt) > seconds(own.IssuedAt):
		return false // both are signed in, and the other is newer
	case ownUAT == "0" && uat != "0":
		return false
	case !v.production && ownUAT != "0" && uat == "0" && own.Expiry != nil && !timely(own, time.Now()):
		return false
	}
	return true
}

// unverified reads a token's claims without believing them.
func (v clerkVisit) unverified(token string) clerk.RegisteredClaims {
	decoded, err := clerkjwt.Decode(v.ctx(), &clerkjwt.DecodeParams{Token: token})
	if err != nil {
		return clerk.RegisteredClaims{}
	}
	return decoded.RegisteredClaims
}

func seconds(at *int64) int64 {
	if at == nil {
		return 0
	}
	return *at
}

// judge gives the token that holds, or why a handshake is needed, in Clerk's
// words; neither for somebody who is signed out.
func (v clerkVisit) judge() (reason, token string, err error) {
	token = v.cookie(sessionCookie)
	// Anything but a number is nobody.
	uat, _ := strconv.ParseInt(v.cookie(clientUAT), 10, 64)
	switch {
	case !v.production && v.r.URL.Query().Has(devBrowser):
		return "dev-browser-sync", "", nil
	case uat == 0 && token == "":
		return "", "", nil
	case !v.production && v.cookie(devBrowser) == "":
		return "dev-browser-missing", "", nil
	case uat == 0:
		return "session-token-but-no-client-uat", "", nil
	case token == "":
		return "client-uat-but-no-session-token", "", nil
	case seconds(v.unverified(token).IssuedAt) < uat:
		return "session-token-iat-before-client-uat", "", nil
	}
	_, err = v.verify(v.ctx(), token)
	switch {
	case err == nil:
		return "", token, nil
	case errors.Is(err, errStale):
		return "session-token-expired", "", nil
	case fault.From(err).Kind == fault.Unauthenticated:
		return "", "", nil
	}
	return "", "", err
}

// settled forgets the handshakes that led here: the next page has its own.
func (v clerkVisit) settled() []*http.Cookie {
	if v.plain(redirectCount) == "" {
		return nil
	}
	return []*http.Cookie{{Name: redirectCount, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}}
}

// mostHandshakes is how often a browser is sent to Clerk within three seconds.
const mostHandshakes = 3

// startHandshake sends the browser to Clerk, if the request can be sent.
func (v clerkVisit) startHandshake(reason string) (Browser, error) {
	if !v.isDocument() {
		return Browser{Stale: true}, nil
	}
	// Anything but a number is the first time.
	count, _ := strconv.Atoi(v.plain(redirectCount))
	if count >= mostHandshakes {
		return Browser{}, fault.New(fault.Unavailable, "identity_loop",
			"Clerk sends the browser back without a session that holds here. Try again in a moment; if it stays, its keys or the clock of this server are wrong.").
			After(3 * time.Second)
	}
	q := url.Values{"redirect_url": {v.address()}, "suffixed_cookies": {strconv.FormatBool(v.suffixed)},
		"__clerk_hs_reason": {reason}, "__clerk_api_version": {clerkAPIVersion}}
	if browser := v.devBrowser(); !v.production && browser != "" {
		q.Set(devBrowser, browser)
	}
	return Browser{Redirect: strings.TrimRight(v.issuer, "/") + "/v1/client/handshake?" + q.Encode(),
		Cookies: []*http.Cookie{{Name: redirectCount, Value: strconv.Itoa(count + 1), Path: "/", MaxAge: 3, HttpOnly: true, SameSite: http.SameSiteLaxMode}}}, nil
}

// clerkAPIVersion is the version of Clerk's API whose handshake this is.
const clerkAPIVersion = "2025-04-10"

func (v clerkVisit) devBrowser() string {
	if token := v.r.URL.Query().Get(devBrowser); token != "" {
		return token
	}
	return v.cookie(devBrowser)
}

// isDocument says whether a request may be answered with a way to another host:
// the browser asks for a page, and not for a part of one or with a form.
func (v clerkVisit) isDocument() bool {
	if v.r.Method != http.MethodGet {
		return false
	}
	dest := v.r.Header.Get("Sec-Fetch-Dest")
	return dest == "document" || dest == "iframe" || dest == "" && strings.HasPrefix(v.r.Header.Get("Accept"), "text/html")
}

// address is the page's own, without what Clerk put into it. The host is the
// request's only if a token may be for it: whoever makes a browser name another
// one gets ours.
func (v clerkVisit) address() string {
	u, err := url.Parse(v.base)
	if err != nil {
		return v.base // checked at the start
	}
	if v.origins[u.Scheme+"://"+v.r.Host] {
		u.Host = v.r.Host
	}
	var kept []string
	for _, pair := range strings.Split(v.r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && !slices.Contains(clerkParameters, name) {
			kept = append(kept, pair)
		}
	}
	u.Path, u.RawPath, u.RawQuery = v.r.URL.Path, v.r.URL.RawPath, strings.Join(kept, "&")
	return u.String()
}

var clerkParameters = []string{devBrowser, handshakeResult, "__clerk_help", "__clerk_handshake_nonce", "__clerk_synced", "__dev_session"}
