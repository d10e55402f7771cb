package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/getpurser/purser/internal/client"
)

// Exit statuses, which scripts may rely on.
const (
	exitDone     = 0
	exitFailed   = 1
	exitRefused  = 2
	exitDenied   = 3
	exitHeld     = 4
	exitMayNot   = 5
	exitConflict = 6
	exitAway     = 7
	exitUnknown  = 8
	exitUnpaid   = 9
)

const exitHelp = "0 done or approved, 1 a check does not hold or something else went wrong, 2 the input was refused, " +
	"3 denied, 4 held for approval, 5 not signed in or not allowed, 6 not there or not possible in this state, 7 the server is away or busy, " +
	"8 it is not known whether it was paid, 9 approved, and nothing was paid for want of a wallet."

// outcome ends a command with a status that is no failure to explain.
type outcome int

func (o outcome) Error() string { return fmt.Sprint("exit status ", int(o)) }

// finish says what went wrong, and gives the exit status.
func (a *app) finish(err error) int {
	var said outcome
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &said):
		return int(said)
	}
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusUnauthorized {
		fmt.Fprintln(a.problems, "purser:", a.stranger(p))
	} else {
		fmt.Fprintln(a.problems, "purser:", err)
	}
	switch {
	case errors.As(err, &p):
		return statusOf(p)
	case errors.Is(err, client.ErrAway):
		return exitAway
	case errors.Is(err, errUsage):
		return exitRefused
	case errors.Is(err, errDenied):
		return exitDenied
	case errors.Is(err, errConflict):
		return exitConflict
	case errors.Is(err, errMayNot):
		return exitMayNot
	}
	return exitFailed
}

// stranger says in a sentence what to do about a 401.
func (a *app) stranger(p *client.Problem) error {
	secret := first(a.APIKey, a.profile.Token)
	name := first(a.Profile, a.config.Usual, usualProfile)
	switch {
	case secret == "":
		return fmt.Errorf("nobody is signed in as profile %s: sign in with purser auth login, or set PURSER_API_KEY", safe(name))
	case strings.HasPrefix(secret, "ag_"):
		return fmt.Errorf("the API key does not work at %s: %s", first(a.Server, a.profile.Server, defaultServer), safe(p.Detail))
	}
	return fmt.Errorf("the sign-in of profile %s is over: sign in again with purser auth login", safe(name))
}

// errUsage marks input that was refused before anybody was asked.
var errUsage = errors.New("")

func usage(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errUsage}, args...)...)
}

// errDenied, errConflict and errMayNot mark ends that have a status of their own, where no
// answer of the API says it.
var errDenied, errConflict, errMayNot = errors.New(""), errors.New(""), errors.New("")

func notSignedIn(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errMayNot}, args...)...)
}

func denied(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errDenied}, args...)...)
}

func conflict(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errConflict}, args...)...)
}

func statusOf(p *client.Problem) int {
	switch {
	case p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden:
		return exitMayNot
	case p.Status == http.StatusNotFound || p.Status == http.StatusConflict || p.Status == http.StatusPreconditionFailed:
		return exitConflict
	case p.Status == http.StatusTooManyRequests || p.Status >= http.StatusInternalServerError:
		return exitAway
	case p.Status >= http.StatusBadRequest && p.Code != "unexpected_answer":
		return exitRefused
	}
	return exitFailed
}
