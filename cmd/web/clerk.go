package main

import (
	"encoding/base64"
	"strings"

	"github.com/getpurser/purser/internal/access"
)

// clerkConfig says how people sign in with Clerk. It is off when both keys are
// empty.
type clerkConfig struct {
	SecretKey      string `env:"CLERK_SECRET_KEY"`
	PublishableKey string `env:"CLERK_PUBLISHABLE_KEY"`
	// IssuerURI is the Frontend API, which a publishable key names unless it is
	// set; JWKSURI is below it unless it is set.
	IssuerURI string `env:"CLERK_ISSUER_URI"`
	JWKSURI   string `env:"CLERK_JWKS_URI"`
	// APIURL is the Backend API.
	APIURL         string `env:"CLERK_API_URL" envDefault:"https://api.clerk.com/v1"`
	SignInURL      string `env:"CLERK_SIGN_IN_URL" envDefault:"/sign-in"`
	SignUpURL      string `env:"CLERK_SIGN_UP_URL" envDefault:"/sign-up"`
	AfterSignInURL string `env:"CLERK_AFTER_SIGN_IN_URL" envDefault:"/overview"`
	AfterSignUpURL string `env:"CLERK_AFTER_SIGN_UP_URL" envDefault:"/overview"`
}

// On reports whether Clerk is in use.
func (k clerkConfig) On() bool { return k.SecretKey != "" && k.PublishableKey != "" }

func (c *config) checkClerk() error {
	k := &c.Clerk
	switch {
	case k.SecretKey == "" && k.PublishableKey == "":
		return nil
	case k.SecretKey == "":
		return wrong("CLERK_SECRET_KEY", "is missing beside CLERK_PUBLISHABLE_KEY; set both, or neither")
	case k.PublishableKey == "":
		return wrong("CLERK_PUBLISHABLE_KEY", "is missing beside CLERK_SECRET_KEY; set both, or neither")
	case !strings.HasPrefix(k.SecretKey, "sk_"):
		return wrong("CLERK_SECRET_KEY", "must start with sk_test_ or sk_live_")
	case !strings.HasPrefix(k.PublishableKey, "pk_"):
		return wrong("CLERK_PUBLISHABLE_KEY", "must start with pk_test_ or pk_live_")
	}
	if k.IssuerURI == "" {
		host, ok := frontendAPI(k.PublishableKey)
		if !ok {
			return wrong("CLERK_PUBLISHABLE_KEY", "names no Frontend API; copy it again, or set CLERK_ISSUER_URI")
		}
		k.IssuerURI = "https://" + host
	}
	if k.JWKSURI == "" {
		k.JWKSURI = strings.TrimSuffix(k.IssuerURI, "/") + "/.well-known/jwks.json"
	}
	return k.checkURLs()
}

func (k *clerkConfig) checkURLs() error {
	for _, v := range []struct{ name, value string }{
		{"CLERK_ISSUER_URI", k.IssuerURI}, {"CLERK_JWKS_URI", k.JWKSURI}, {"CLERK_API_URL", k.APIURL},
	} {
		if err := checkURL(v.name, v.value, "http", "https"); err != nil {
			return err
		}
	}
	for _, v := range []struct{ name, value string }{
		{"CLERK_SIGN_IN_URL", k.SignInURL}, {"CLERK_SIGN_UP_URL", k.SignUpURL},
		{"CLERK_AFTER_SIGN_IN_URL", k.AfterSignInURL}, {"CLERK_AFTER_SIGN_UP_URL", k.AfterSignUpURL},
	} {
		path := strings.HasPrefix(v.value, "/") && !strings.HasPrefix(v.value, "//") && !strings.Contains(v.value, `\`)
		if !path && checkURL(v.name, v.value, "http", "https") != nil {
			return wrong(v.name, "must be a path such as /sign-in, or an http:// or https:// address")
		}
	}
	return nil
}

// frontendAPI reads the host that a publishable key carries: base64 of the host
// and a dollar sign, after two words.
func frontendAPI(publishable string) (host string, ok bool) {
	parts := strings.SplitN(publishable, "_", 3)
	if len(parts) != 3 {
		return "", false
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[2], "="))
	host, ended := strings.CutSuffix(string(decoded), "$")
	return host, err == nil && ended && host != "" && !strings.ContainsAny(host, "/?#@ ")
}

// identity is Clerk as package access uses it, nil when it is off.
func (k clerkConfig) identity() *access.ClerkConfig {
	if !k.On() {
		return nil
	}
	return &access.ClerkConfig{SecretKey: k.SecretKey, PublishableKey: k.PublishableKey,
		IssuerURI: k.IssuerURI, JWKSURI: k.JWKSURI, APIURL: k.APIURL}
}
