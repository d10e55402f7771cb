package access

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
	clerkinvitation "github.com/clerk/clerk-sdk-go/v2/invitation"
	clerkjwt "github.com/clerk/clerk-sdk-go/v2/jwt"
	clerksession "github.com/clerk/clerk-sdk-go/v2/session"
	clerkuser "github.com/clerk/clerk-sdk-go/v2/user"

	"github.com/getpurser/purser/internal/fault"
)

// ClerkConfig names the Clerk application that people sign in with. Both keys
// are required; the addresses follow from them unless they are set.
type ClerkConfig struct {
	SecretKey, PublishableKey string
	// IssuerURI is the `iss` of session tokens, exactly: the application's
	// Frontend API. Empty takes it from the publishable key.
	IssuerURI string
	// JWKSURI is where the keys of session tokens are. Empty is the issuer's
	// /.well-known/jwks.json.
	JWKSURI string
	// APIURL is the Backend API. Empty is Clerk's own.
	APIURL string
	// AllowedOrigins may be the `azp` of a token, besides the server's own.
	AllowedOrigins []string
}

// clerkPatience bounds a question to Clerk.
const clerkPatience = 5 * time.Second

// clerkIdentity verifies Clerk's session tokens with Clerk's SDK, and holds
// them to what the SDK leaves open.
type clerkIdentity struct {
	issuer string
	// base is our own address, origins those that a token may be for.
	base    string
	origins map[string]bool
	// suffix tells the cookies of several applications on one host apart.
	suffix string
	// production instances keep in cookies what those for development put into
	// addresses.
	production bool
	keys       *jwks
	users      *clerkuser.Client
	sessions   *clerksession.Client
	invites    *clerkinvitation.Client
}

func newClerk(c ClerkConfig, baseURL string) (*clerkIdentity, error) {
	if c.SecretKey == "" || c.PublishableKey == "" {
		return nil, errors.New("CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY are needed together")
	}
	if c.IssuerURI == "" {
		host, err := frontendHost(c.PublishableKey)
		if err != nil {
			return nil, err
		}
		c.IssuerURI = "https://" + host
	}
	if c.JWKSURI == "" {
		c.JWKSURI = strings.TrimRight(c.IssuerURI, "/") + "/.well-known/jwks.json"
	}
	if c.APIURL == "" {
		c.APIURL = clerk.APIURL
	}
	origins, err := originsOf(append([]string{baseURL}, c.AllowedOrigins...))
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: clerkPatience}
	backend := clerk.ClientConfig{BackendConfig: clerk.BackendConfig{HTTPClient: client, URL: &c.APIURL, Key: &c.SecretKey}}
	return &clerkIdentity{issuer: c.IssuerURI, base: baseURL, origins: origins, keys: newJWKS(client, c.JWKSURI),
		suffix: cookieSuffix(c.PublishableKey), production: strings.HasPrefix(c.PublishableKey, "pk_live_"),
		users: clerkuser.NewClient(&backend), sessions: clerksession.NewClient(&backend), invites: clerkinvitation.NewClient(&backend)}, nil
}

// frontendHost reads the Frontend API's host out of a publishable key:
// pk_test_ or pk_live_, and the base64 of the host and a dollar sign.
func frontendHost(publishable string) (string, error) {
	encoded, ok := strings.CutPrefix(publishable, "pk_test_")
	if !ok {
		encoded, ok = strings.CutPrefix(publishable, "pk_live_")
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	host, whole := strings.CutSuffix(string(raw), "$")
	if !ok || err != nil || !whole || host == "" || strings.ContainsAny(host, "/@?# ") {
		return "", errors.New("CLERK_PUBLISHABLE_KEY is not a publishable key of Clerk, and CLERK_ISSUER_URI is not set")
	}
	return host, nil
}

// originsOf reads origins. One on a loopback host stands for all its names, as
// people type localhost and 127.0.0.1 alike.
func originsOf(addresses []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Scheme == "" || u.Host == "" {
			return nil, fmt.Errorf("%q is not an origin such as https://purser.example", address)
		}
		out[u.Scheme+"://"+u.Host] = true
		if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || err == nil && ip.IsLoopback() {
			for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
				out[u.Scheme+"://"+name+portOf(u)] = true
			}
		}
	}
	return out, nil
}

func portOf(u *url.URL) string {
	if u.Port() == "" {
		return ""
	}
	return ":" + u.Port()
}

// clerkClaims are what the SDK does not read by itself.
type clerkClaims struct {
	Status string `json:"sts"`
}

var clerkID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

var (
	// errUntrusted marks a token that the SDK accepts and we do not.
	errUntrusted = errors.New("the token lacks what is required of it")
	// errStale marks one that a newer one of the same session could replace.
	errStale = errors.New("the token is over, not yet valid, or of a key that is gone")
)

// clerkLeeway is how far Clerk's clock may be from ours.
const clerkLeeway = 5 * time.Second

// verify checks a session token. Every failure of the token is
// errInvalidSession.
func (c *clerkIdentity) verify(ctx context.Context, token string) (*clerk.SessionClaims, error) {
	unverified, err := clerkjwt.Decode(ctx, &clerkjwt.DecodeParams{Token: token})
	if err != nil {
		return nil, errInvalidSession().Because(err)
	}
	if !mayBeSession(headerOf(token).Category) {
		return nil, errInvalidSession().Because(errUntrusted)
	}
	if !timely(unverified.RegisteredClaims, time.Now()) {
		return nil, errInvalidSession().Because(errStale)
	}
	key, err := c.keys.find(ctx, unverified.KeyID)
	if err != nil {
		return nil, err
	}
	claims, err := clerkjwt.Verify(ctx, &clerkjwt.VerifyParams{Token: token, JWK: key,
		Leeway: clerkLeeway,
		// The issuer is compared with this, exactly; without it, any that looks
		// like Clerk's would do.
		ProxyURL:                &c.issuer,
		AuthorizedPartyHandler:  func(azp string) bool { return c.origins[azp] },
		CustomClaimsConstructor: func(context.Context) any { return &clerkClaims{} }})
	if err != nil {
		return nil, errInvalidSession().Because(err)
	}
	custom, ok := claims.Custom.(*clerkClaims)
	if !ok || custom.Status == "pending" || claims.Expiry == nil ||
		!clerkID.MatchString(claims.Subject) || !clerkID.MatchString(claims.SessionID) {
		return nil, errInvalidSession().Because(errUntrusted)
	}
	return claims, nil
}

// verifiedEmail asks Clerk for a user's primary address, which must have been
// verified there: whoever could claim another's address would become them.
func (c *clerkIdentity) verifiedEmail(ctx context.Context, id string) (email, name string, err error) {
	u, err := c.users.Get(ctx, id)
	if isGone(err) {
		return "", "", errInvalidSession().Because(err)
	}
	if err != nil {
		return "", "", identityUnavailable(err)
	}
	if u.Banned || u.PrimaryEmailAddressID == nil {
		return "", "", noVerifiedEmail()
	}
	for _, e := range u.EmailAddresses {
		if e.ID == *u.PrimaryEmailAddressID && e.Verification != nil && e.Verification.Status == "verified" {
			return e.EmailAddress, strings.TrimSpace(textOf(u.FirstName) + " " + textOf(u.LastName)), nil
		}
	}
	return "", "", noVerifiedEmail()
}

// timely says whether a token's times hold now, give or take the leeway. One
// without an end is refused where its claims are.
func timely(c clerk.RegisteredClaims, now time.Time) bool {
	at := func(seconds *int64) time.Time { return time.Unix(*seconds, 0) }
	return (c.Expiry == nil || now.Before(at(c.Expiry).Add(clerkLeeway))) &&
		(c.NotBefore == nil || now.After(at(c.NotBefore).Add(-clerkLeeway))) &&
		(c.IssuedAt == nil || now.After(at(c.IssuedAt).Add(-clerkLeeway)))
}

// mayBeSession knows the categories that Clerk puts into the header of what it
// signs: none (older instances), its sessions', and the one that says nothing.
// A token of a template or a machine is signed with the same key, and is no
// session.
func mayBeSession(category string) bool {
	return category == "" || category == "cl_B7d4PD111AAA" || category == "cl_I7d4PD111III"
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// invite has Clerk mail an invitation, also to somebody who has an account there
// or was invited before.
func (c *clerkIdentity) invite(ctx context.Context, email, landing string) error {
	_, err := c.invites.Create(ctx, &clerkinvitation.CreateParams{EmailAddress: email, RedirectURL: &landing,
		Notify: clerk.Bool(true), IgnoreExisting: clerk.Bool(true)})
	if err != nil {
		return identityUnavailable(err)
	}
	return nil
}

func noVerifiedEmail() error {
	return fault.New(fault.Forbidden, "email_not_verified", "Verify your primary mail address with Clerk first.")
}

func identityUnavailable(err error) error {
	return fault.New(fault.Unavailable, "identity_unavailable", "Clerk does not answer at the moment. Try again.").
		After(2 * time.Second).Because(err)
}
