package web

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

func (w *Web) settingsPages() []page {
	return []page{{http.MethodGet, "/settings", member, access.ScopeRead, (*visit).settings}}
}

func (v *visit) settings() error {
	return v.show(http.StatusOK, views.Settings(v.titled("Settings")))
}

// pathID reads the id in the address. One that is malformed is of nothing.
func (v *visit) pathID(p ident.Prefix, what string) (uuid.UUID, error) {
	id, ok := ident.Parse(p, v.Param("id"))
	if !ok {
		return id, fault.Missing(what)
	}
	return id, nil
}

// pageRows is how many rows a page of a list shows.
const pageRows = 50

// olderThan is where a list goes on; nil is its beginning.
func (v *visit) olderThan(p ident.Prefix) (*uuid.UUID, error) {
	named := v.QueryParam("before")
	if named == "" {
		return nil, nil
	}
	id, ok := ident.Parse(p, named)
	if !ok {
		return nil, fault.Missing("page")
	}
	return &id, nil
}
