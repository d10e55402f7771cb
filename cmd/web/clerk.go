package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/web"
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
	// JSURL and UIURL are Clerk's script and its forms: at the Frontend API, or
	// in JSDir, which holds them as node_modules/@clerk does.
	JSURL string `env:"CLERK_JS_URL"`
	UIURL string `env:"CLERK_UI_URL"`
	JSDir string `env:"CLERK_JS_DIR"`
	// AccountsURL is where Clerk's hosted pages are. The publishable key names
	// it.
	AccountsURL string `env:"CLERK_ACCOUNTS_URL"`
	// proxied says that the Frontend API is not the one that the key names.
	proxied bool
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
	host, ok := frontendAPI(k.PublishableKey)
	if k.IssuerURI == "" {
		if !ok {
			return wrong("CLERK_PUBLISHABLE_KEY", "names no Frontend API; copy it again, or set CLERK_ISSUER_URI")
		}
		k.IssuerURI = "https://" + host
	}
	k.proxied = strings.TrimSuffix(k.IssuerURI, "/") != "https://"+host
	if k.JWKSURI == "" {
		k.JWKSURI = strings.TrimSuffix(k.IssuerURI, "/") + "/.well-known/jwks.json"
	}
	if err := k.checkURLs(); err != nil {
		return err
	}
	return k.checkScripts(host)
}

// checkScripts fills in where Clerk's script, forms and hosted pages are.
func (k *clerkConfig) checkScripts(host string) error {
	files := strings.TrimSuffix(k.IssuerURI, "/") + "/npm/@clerk/"
	js, ui := "clerk-js@6/", "ui@1/"
	if k.JSDir != "" {
		files, js, ui = web.ClerkFiles, "clerk-js/", "ui/"
		for _, name := range []string{"clerk-js/dist/clerk.browser.js", "ui/dist/ui.browser.js"} {
			if _, err := os.Stat(filepath.Join(k.JSDir, name)); err != nil {
				return wrong("CLERK_JS_DIR", "must hold clerk-js and ui, as node_modules/@clerk does; there is no %s in it", name)
			}
		}
	}
	if k.JSURL == "" {
		k.JSURL = files + js + "dist/clerk.browser.js"
	}
	if k.UIURL == "" {
		k.UIURL = files + ui + "dist/ui.browser.js"
	}
	if k.AccountsURL == "" {
		k.AccountsURL = accounts(host)
	}
	k.AccountsURL = strings.TrimSuffix(k.AccountsURL, "/")
	return nil
}

// accounts is where Clerk's hosted pages are, by the Frontend API's host:
// clerk.example.com has accounts.example.com, and name.clerk.accounts.dev has
// name.accounts.dev.
func accounts(host string) string {
	if domain, ok := strings.CutPrefix(host, "clerk."); ok {
		return "https://accounts." + domain
	}
	if name, ok := strings.CutSuffix(host, ".clerk.accounts.dev"); ok {
		return "https://" + name + ".accounts.dev"
	}
	return ""
}

func (k *clerkConfig) checkURLs() error {
	for _, v := range []struct{ name, value string }{
		{"CLERK_ISSUER_URI", k.IssuerURI}, {"CLERK_JWKS_URI", k.JWKSURI}, {"CLERK_API_URL", k.APIURL},
		{"CLERK_ACCOUNTS_URL", k.AccountsURL},
	} {
		if err := checkURL(v.name, v.value, "http", "https"); err != nil {
			return err
		}
	}
	for _, v := range []struct{ name, value string }{
		{"CLERK_SIGN_IN_URL", k.SignInURL}, {"CLERK_SIGN_UP_URL", k.SignUpURL},
		{"CLERK_AFTER_SIGN_IN_URL", k.AfterSignInURL}, {"CLERK_AFTER_SIGN_UP_URL", k.AfterSignUpURL},
		{"CLERK_JS_URL", k.JSURL}, {"CLERK_UI_URL", k.UIURL},
	} {
		if v.value == "" {
			continue
		}
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

// pages is Clerk as the pages use it, nil when it is off.
func (k clerkConfig) pages() *web.ClerkConfig {
	if !k.On() {
		return nil
	}
	return &web.ClerkConfig{PublishableKey: k.PublishableKey, FrontendAPI: strings.TrimSuffix(k.IssuerURI, "/"), Proxied: k.proxied,
		ScriptURL: k.JSURL, UIURL: k.UIURL, ScriptDir: k.JSDir, Accounts: k.AccountsURL,
		SignIn: k.SignInURL, SignUp: k.SignUpURL, AfterSignIn: k.AfterSignInURL, AfterSignUp: k.AfterSignUpURL}
}
