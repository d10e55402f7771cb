package web

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

func (w *Web) authorizationPages() []page {
	const get, post = http.MethodGet, http.MethodPost
	return []page{
		{get, "/authorizations", member, access.ScopeRead, (*visit).authorizations},
		{get, "/authorizations/sums", member, access.ScopeRead, (*visit).authorizationSums},
		{get, "/authorizations/export", member, access.ScopeRead, (*visit).exportAuthorizations},
		{get, "/authorizations/:id", member, access.ScopeRead, (*visit).authorization},
		{post, "/authorizations/:id/confirm", member, access.ScopeAdmin, (*visit).confirmAuthorization},
		{post, "/authorizations/:id/void", member, access.ScopeAdmin, (*visit).voidAuthorization},
	}
}

// listedAuthorizations is how many a page of the list has.
const listedAuthorizations = 50

func (v *visit) authorizations() error {
	return v.listAuthorizations(v.QueryParam("sums") != "")
}

// listAuthorizations shows the list, with what it adds up to where that is
// asked for.
func (v *visit) listAuthorizations(summed bool) error {
	l, q, wrong, err := v.listFilter()
	if err != nil {
		return err
	}
	list := views.AuthorizationList{Filter: l, Wrong: wrong}
	if wrong.Any() {
		return v.show(http.StatusUnprocessableEntity, views.Authorizations(v.titled("Authorizations"), list))
	}
	before, err := v.idBefore(ident.Authorization)
	if err != nil {
		return err
	}
	found, err := v.web.spend.Search(v.ctx(), v.tenant(), q, before, listedAuthorizations)
	if err != nil {
		return err
	}
	if found.More != uuid.Nil {
		list.Next = l.At(v.frame, "/authorizations", "before", ident.Format(ident.Authorization, found.More))
	}
	list.First = before == uuid.Nil && !l.Any() && l.Q == ""
	if list.Rows, err = v.rowsOf(found.Authorizations); err != nil {
		return err
	}
	// Without a beginning there may be much to add up: that is asked for apart.
	if l.From != "" || summed {
		if list.Sums, err = v.sums(q); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, views.Authorizations(v.titled("Authorizations"), list))
}

func (v *visit) sums(q spend.Search) (*views.ListSums, error) {
	sums, err := v.web.spend.Sums(v.ctx(), v.tenant(), q)
	return views.AddUp(sums), err
}

// authorizationSums is the part of the list that says what it adds up to, or the
// whole list where no part is asked for.
func (v *visit) authorizationSums() error {
	if !v.isHTMX() {
		return v.listAuthorizations(true)
	}
	l, q, wrong, err := v.listFilter()
	if err != nil {
		return err
	}
	if wrong.Any() {
		return v.redirect(l.At(v.frame, "/authorizations"))
	}
	sums, err := v.sums(q)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.SumsOfList(*sums))
}
