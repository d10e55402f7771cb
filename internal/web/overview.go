package web

import (
	"net/http"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/views"
)

func (w *Web) overviewPages() []page {
	return []page{{http.MethodGet, "/overview", member, access.ScopeRead, (*visit).overview}}
}

func (v *visit) overview() error {
	if led, err := v.leadToWelcome(); led || err != nil {
		return err
	}
	return v.show(http.StatusOK, views.Overview(v.titled("Overview")))
}
