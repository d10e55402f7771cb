package api

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
)

// readAddress is the step that takes path and query strictly: an empty path
// part names nothing, and a parameter that is unknown, given twice or empty is
// refused instead of ignored.
func (a *API) readAddress(ctx huma.Context, next func(huma.Context)) {
	c := humaecho.Unwrap(ctx)
	for _, name := range c.ParamNames() {
		if c.Param(name) == "" {
			a.refuseHuma(ctx, fault.New(fault.NotFound, "not_found", "There is nothing at this address."))
			return
		}
	}
	query, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		a.refuseHuma(ctx, fault.New(fault.Malformed, "malformed_query", "The query cannot be read.").Because(err))
		return
	}
	if err := checkQuery(ctx.Operation(), query); err != nil {
		a.refuseHuma(ctx, err)
		return
	}
	callOf(ctx.Context()).query = filters(query)
	next(ctx)
}

// decodePath gives a part of the path its meaning when it was escaped more than
// it had to be, as some clients do: echo leaves it then as it came.
func decodePath(c echo.Context) {
	if c.Request().URL.RawPath == "" {
		return
	}
	values := slices.Clone(c.ParamValues())
	for i, v := range values {
		if plain, err := url.PathUnescape(v); err == nil {
			values[i] = plain
		}
	}
	c.SetParamValues(values...)
}

func checkQuery(op *huma.Operation, query url.Values) error {
	known := []string{}
	for _, p := range op.Parameters {
		if p.In == "query" {
			known = append(known, p.Name)
		}
	}
	var wrong []*fault.Error
	for name, values := range query {
		place := "query." + printable(name)
		switch {
		case !slices.Contains(known, name):
			wrong = append(wrong, fault.BadField(place, "unknown_parameter", "There is no such parameter; there is: %s.", list(known)))
		case len(values) > 1:
			wrong = append(wrong, fault.BadField(place, "repeated_parameter", "This parameter is given more than once."))
		case values[0] == "":
			wrong = append(wrong, fault.BadField(place, "empty_parameter", "This parameter is empty; leave it out."))
		case !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0):
			wrong = append(wrong, fault.BadField(place, "malformed_text", "This is not valid UTF-8, or holds the character U+0000."))
		}
	}
	slices.SortFunc(wrong, func(x, y *fault.Error) int { return strings.Compare(x.Text, y.Text) })
	if e := fault.Join(wrong...); e != nil {
		return e
	}
	return nil
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// printable keeps a name short and free of control characters.
func printable(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0xfffd {
			return '?'
		}
		return r
	}, name)
	if len(clean) > 64 {
		clean = strings.ToValidUTF8(clean[:64], "") + "…"
	}
	return clean
}
