package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// remembered is how long a choice of company or colours is kept.
const remembered = 365 * 24 * time.Hour

func (w *Web) personPages() []page {
	return []page{
		{http.MethodPost, "/sign-out", person, "", (*visit).signOut},
		{http.MethodPost, "/theme", person, "", (*visit).chooseTheme},
		{http.MethodPost, "/companies/choose", person, "", (*visit).chooseCompany},
		{http.MethodPost, "/test/companies/choose", person, "", (*visit).chooseCompany},
	}
}

func (v *visit) signOut() error {
	if err := v.inTx(func(ctx context.Context, tx pgx.Tx) error { return v.web.access.Logout(ctx, tx, v.who) }); err != nil {
		return err
	}
	v.dropSession()
	return v.redirect("/sign-in")
}

// dropSession takes from the browser what it was signed in with.
func (v *visit) dropSession() {
	if v.web.clerk == nil {
		v.dropCookie(v.web.sessionCookie())
		return
	}
	for _, c := range v.web.access.ClerkSignedOut() {
		v.SetCookie(c)
	}
}

func (v *visit) chooseTheme() error {
	if t := v.FormValue("theme"); t == "day" || t == "night" {
		v.cookie(themeCookie, t, remembered)
	} else {
		v.dropCookie(themeCookie)
	}
	return v.redirect(v.web.nearestPage(v.FormValue("back")))
}

// nearestPage is the page at one of our addresses, or the nearest above it: a form
// that was refused is shown at the address that it was sent to, where there may be
// nothing to look at.
func (w *Web) nearestPage(address string) string {
	for ours(address) {
		path := strings.TrimPrefix(address, testRoot)
		if slices.ContainsFunc(w.pages(), func(p page) bool { return p.method == http.MethodGet && p.at(path) }) {
			return address
		}
		address = address[:strings.LastIndexByte(address, '/')]
	}
	return "/overview"
}

// chooseCompany remembers the company; whether the person is a member of it is
// looked up with each request.
func (v *visit) chooseCompany() error {
	chosen := v.FormValue("company")
	for _, m := range v.frame.Companies {
		if publicCompany(m.Company) == chosen {
			v.cookie(companyCookie, chosen, remembered)
		}
	}
	return v.redirect("/overview")
}
