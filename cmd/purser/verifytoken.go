package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/getpurser/purser/verify"
)

type verifyToken struct {
	Token    string `arg:"" help:"The signed decision."`
	Issuer   string `help:"Who must have signed: the server's address, in test mode with /test after it. Without it, that of the profile." placeholder:"URL"`
	Audience string `help:"Whom it must be for; the issuer without it."`
	JWKS     string `name:"jwks" help:"A saved key set. Without it, the one that --save kept." placeholder:"FILE"`
	Save     bool   `help:"Fetch the server's key set now and keep it for later checks."`
	Test     bool   `help:"Accept a decision of test mode."`
}

// Run checks the token with keys that are at hand.
func (c verifyToken) Run(a *app) error {
	server := first(a.Server, a.profile.Server, defaultServer)
	keys, err := c.keys(a)
	if err != nil {
		return err
	}
	if c.Issuer == "" {
		c.Issuer = server
		if c.Test {
			c.Issuer += "/test"
		}
	}
	v, err := verify.New(verify.Config{Issuer: c.Issuer, Audience: c.Audience, Keys: keys, AcceptTest: c.Test})
	if err != nil {
		return err
	}
	d, err := v.Verify(a.ctx, c.Token)
	if errors.Is(err, verify.ErrDenied) {
		fmt.Fprintf(a.out, "It holds, and it is a denial: %s %s to %s.\n", d.Amount, d.Currency, safe(d.Merchant))
		return outcome(exitDenied)
	}
	if err != nil {
		return fmt.Errorf("it does NOT hold: %w", err)
	}
	fmt.Fprintf(a.out, "It holds: %s %s to %s, for %s, until %s. Compare these with the payment.\n",
		d.Amount, d.Currency, safe(d.Merchant), d.Authorization, d.ExpiresAt.UTC().Format("2006-01-02 15:04:05 UTC"))
	return nil
}

// keys reads the saved key set, or fetches and keeps it where that is asked.
func (c verifyToken) keys(a *app) (jwk.Set, error) {
	path := c.JWKS
	if path == "" {
		path = filepath.Join(filepath.Dir(a.config.path), "jwks.json")
	}
	if c.Save {
		answer, err := a.call(http.MethodGet, "/.well-known/jwks.json", nil)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, answer.Body, 0o600); err != nil {
			return nil, err
		}
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("there is no key set at hand; fetch it with --save, or name a file with --jwks: %w", err)
	}
	set, err := jwk.Parse(document)
	if err != nil {
		return nil, fmt.Errorf("%s is not a key set: %w", path, err)
	}
	return set, nil
}
