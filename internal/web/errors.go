package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/api"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/views"
)

// HandleError shows what went wrong: as a page, or to htmx as a message in the
// place of the part that it asked for. The text of an error of our own stays in
// the log.
func (w *Web) HandleError(err error, c echo.Context) {
	if errors.Is(err, errElsewhere) || c.Response().Committed {
		return
	}
	f, status := api.Face(err)
	if c.Request().Context().Err() != nil {
		w.log.DebugContext(c.Request().Context(), "the browser left before the answer", "error", err)
	} else if status >= http.StatusInternalServerError {
		w.log.ErrorContext(c.Request().Context(), "a page failed", "error", err,
			"request_id", c.Response().Header().Get(echo.HeaderXRequestID))
	}
	v, ok := c.Get(visitKey).(*visit)
	if !ok {
		v = &visit{Context: c, web: w}
		v.frame.Live = true
		c.Response().Header().Set("Content-Security-Policy", contentPolicy)
	}
	if showErr := v.show(status, v.errorView(f, status)); showErr != nil {
		w.log.DebugContext(c.Request().Context(), "the browser left before the answer", "error", showErr)
	}
}

func (v *visit) errorView(f *fault.Error, status int) templ.Component {
	trouble := views.Failure{Status: status, Text: f.Text, RequestID: v.Response().Header().Get(echo.HeaderXRequestID)}
	if v.isHTMX() {
		return views.FailurePart(trouble)
	}
	return views.FailurePage(v.titled(views.FailureTitle(status)), trouble)
}

// troubles turns a fault into what a form shows: the message of each field by
// the field's name, and what belongs to none on top. Anything that is not the
// visitor's to mend is handed on.
func troubles(err error) (views.Errors, error) {
	var f *fault.Error
	if fault.Is(err, "provider_unavailable") { // what was typed is not lost for it
		return views.Errors{Text: "The provider does not answer as it should, and nothing was changed here. Try again in a moment."}, nil
	}
	if !errors.As(err, &f) || f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.Stale && f.Kind != fault.Malformed {
		return views.Errors{}, err
	}
	e := views.Errors{Fields: map[string]string{}}
	for _, field := range f.Fields {
		e.Fields[strings.TrimPrefix(field.Location, "body.")] = field.Message
	}
	if len(f.Fields) == 0 {
		e.Text = f.Text
	}
	return e, nil
}
