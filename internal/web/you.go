package web

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/views"
)

func (w *Web) youPages() []page {
	return []page{
		{http.MethodGet, "/settings/you", member, access.ScopeRead, (*visit).you},
		{http.MethodPost, "/settings/you/sign-out-everywhere", member, access.ScopeRead, (*visit).signOutEverywhere},
	}
}

func (v *visit) you() error {
	open, err := v.web.access.Sessions(v.ctx(), v.who)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.You(v.titled("You"), open))
}

// signOutEverywhere ends this session too: whoever has the others may have
// this one.
func (v *visit) signOutEverywhere() error {
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := v.web.access.LogoutEverywhere(ctx, tx, v.who)
		return err
	})
	if err != nil {
		return err
	}
	v.dropSession()
	v.flash(views.Flash{Kind: views.Done, Text: "You are signed out everywhere."})
	return v.redirect("/sign-in")
}
