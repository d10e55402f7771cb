package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
)

// defaultLimit is how many a list gives that is not told.
const defaultLimit = 50

// Paging is how a list is asked for.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"1024" doc:"The next_cursor of the page before; the filters must be the same."`
}

// List is a page, newest first.
type List[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Pass it as cursor for the next page; null on the last."`
	HasMore    bool    `json:"has_more"`
}

// after opens the request's cursor: nil for the first page.
func (a *API) after(ctx context.Context, p Paging) ([]byte, error) {
	if p.Cursor == "" {
		return nil, nil
	}
	return a.seal.open(callOf(ctx), p.Cursor)
}

// before is after where positions are ids.
func (a *API) before(ctx context.Context, p Paging) (*uuid.UUID, error) {
	position, err := a.after(ctx, p)
	if err != nil || position == nil {
		return nil, err
	}
	id, err := uuid.FromBytes(position)
	if err != nil {
		return nil, badCursor()
	}
	return &id, nil
}

// idPage asks a feature for one row more than wanted, which says whether there
// are more.
func (a *API) idPage(ctx context.Context, p Paging) (company.Page, error) {
	before, err := a.before(ctx, p)
	return company.Page{Limit: p.Limit + 1, Before: before}, err
}

// pageOf makes the answer of up to limit+1 rows.
func pageOf[T, V any](a *API, ctx context.Context, p Paging, rows []T, position func(T) []byte, view func(T) V) *reply[List[V]] {
	out := List[V]{Data: make([]V, 0, len(rows)), HasMore: len(rows) > p.Limit}
	if out.HasMore {
		rows = rows[:p.Limit]
		cursor := a.seal.close(callOf(ctx), position(rows[len(rows)-1]))
		out.NextCursor = &cursor
	}
	for _, row := range rows {
		out.Data = append(out.Data, view(row))
	}
	return &reply[List[V]]{Body: out}
}

// idPosition is the position of a row in a list that is ordered by id.
func idPosition[T any](id func(T) uuid.UUID) func(T) []byte {
	return func(row T) []byte {
		u := id(row)
		return u[:]
	}
}
