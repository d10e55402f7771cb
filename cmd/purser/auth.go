package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/getpurser/purser/internal/client"
)

type authGroup struct {
	Login    login       `cmd:"" default:"withargs" api:"POST /v1/auth/device" help:"Sign in through a page, or by mail, and keep the sign-in in a profile."`
	Verify   verifyLink  `cmd:"" api:"POST /v1/auth/verify" help:"Finish signing in with the link of the mail."`
	Logout   logout      `cmd:"" api:"POST /v1/auth/logout" help:"Sign out, and forget the profile."`
	Status   whole       `cmd:"" api:"GET /v1/auth/session" columns:"person,email,expires_at,companies" help:"Who is signed in."`
	Token    token       `cmd:"" help:"Print the token, for other programs."`
	Validate validateKey `cmd:"" api:"POST /v1/auth/validate" columns:"valid,id,name,mode,scopes,agent,expires_at" help:"Whether an API key works, and as what."`
}

type login struct {
	Email string `arg:"" optional:"" help:"Your mail address, to sign in by a mailed link instead of a page."`
}

// Run signs in through a page, where the person agrees, or by mail.
func (c login) Run(a *app) error {
	if c.Email == "" {
		return a.signInOnPage()
	}
	if _, err := a.call(http.MethodPost, "/v1/auth/magic-link", map[string]string{"email": c.Email}); err != nil {
		return err
	}
	fmt.Fprintf(a.problems, "A link is on its way to %s. Paste it here: ", safe(c.Email))
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return usage("no link was pasted; finish with: purser auth verify LINK (%v)", err)
	}
	return a.signIn(line)
}

type verifyLink struct {
	Link string `arg:"" help:"The link of the mail, or its token."`
}

// Run finishes signing in.
func (c verifyLink) Run(a *app) error { return a.signIn(c.Link) }

// signIn trades a link for a session and keeps it.
func (a *app) signIn(link string) error {
	answer, err := a.call(http.MethodPost, "/v1/auth/verify", map[string]string{"token": tokenOf(link)})
	if err != nil {
		return err
	}
	return a.keep(answer)
}

// keep writes a new session into the profile.
func (a *app) keep(answer client.Answer) error {
	var session struct{ Token string }
	if err := answer.Decode(&session); err != nil {
		return err
	}
	p := profile{Server: first(a.Server, a.profile.Server, defaultServer), Token: session.Token, Mode: first(a.Mode, a.profile.Mode),
		Company: first(a.CompanyID, a.profile.Company), Wallet: a.profile.Wallet}
	name := first(a.Profile, a.config.Usual, usualProfile)
	a.config.Profiles[name] = p
	if err := a.config.write(); err != nil {
		return fmt.Errorf("you are signed in, but it cannot be kept: %w", err)
	}
	fmt.Fprintf(a.out, "Signed in to %s as profile %s.\n", p.Server, name)
	return nil
}

// tokenOf takes the token out of a link.
func tokenOf(link string) string {
	if u, err := url.Parse(link); err == nil && u.Query().Get("token") != "" {
		return u.Query().Get("token")
	}
	return link
}

type logout struct{}

// Run ends the session, and forgets it even where it was over already.
func (c logout) Run(a *app) error {
	_, err := a.ask(a.request("", nil, nil))
	delete(a.config.Profiles, first(a.Profile, a.config.Usual, usualProfile))
	if writeErr := a.config.write(); writeErr != nil {
		return writeErr
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, "Signed out.")
	return nil
}

type token struct{}

// Run prints the secret that calls are made with.
func (c token) Run(a *app) error {
	secret := first(a.APIKey, a.profile.Token)
	if secret == "" {
		return notSignedIn("nobody is signed in: sign in with purser auth login")
	}
	fmt.Fprintln(a.out, secret)
	return nil
}

type validateKey struct {
	Key string `arg:"" json:"key" help:"The API key."`
}

// Run calls the endpoint.
func (c validateKey) Run(a *app) error { return a.do("", nil, c) }
