package web

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzhttp"

	"github.com/getpurser/purser/internal/api"
	"github.com/getpurser/purser/views"
)

// askVerifyLog shows the signed head of the log, and lets it be verified. With
// run the page does so at once, and says how far it is.
func (v *visit) askVerifyLog() error {
	c, err := v.web.audit.Checkpoint(v.ctx(), v.tenant())
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.VerifyLog(v.titled("Verify the audit log"), c, v.QueryParam("run") != "", nil))
}

// verifyLog verifies and answers when it is done: for browsers without scripts.
func (v *visit) verifyLog() error {
	v.unhurried()
	r, err := v.web.audit.Verify(v.ctx(), v.tenant())
	if err != nil {
		return err
	}
	c, err := v.web.audit.Checkpoint(v.ctx(), v.tenant())
	if err != nil && r.OK {
		return err // of a log that is broken there is no new checkpoint
	}
	return v.show(http.StatusOK, views.VerifyLog(v.titled("Verify the audit log"), c, false, &r))
}

// tellEvery is the least time between two tellings of how far it is.
const tellEvery = 200 * time.Millisecond

// verifyTelling verifies, and says meanwhile how far it is, as server-sent
// events that carry parts of the page.
func (v *visit) verifyTelling() error {
	s := v.beginTelling()
	last := time.Now()
	r, err := v.web.audit.VerifyTelling(v.ctx(), v.tenant(), func(checked, size int64) {
		if now := time.Now(); now.Sub(last) >= tellEvery {
			last = now
			s.tell("progress", views.VerifyProgress(checked, size))
		}
	})
	if err != nil {
		v.web.log.WarnContext(v.ctx(), "the audit log was not verified", "request_id", v.requestID(), "error", err)
		f, status := api.Face(err)
		s.tell("report", views.FailurePart(views.Failure{Status: status, Text: f.Text}))
	} else {
		s.tell("report", views.VerifyReport(v.frame, r))
	}
	s.tell("end", nil)
	return nil
}

// telling is an answer of server-sent events with parts of a page. After the
// first failure it writes nothing.
type telling struct {
	v   *visit
	err error
}

func (v *visit) beginTelling() *telling {
	h := v.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy before us must not collect
	h.Set(gzhttp.HeaderNoCompression, "1")
	v.allow(slowReader)
	v.Response().WriteHeader(http.StatusOK)
	return &telling{v: v}
}

func (s *telling) tell(event string, part templ.Component) {
	if s.err != nil {
		return
	}
	var body bytes.Buffer
	if part != nil {
		if s.err = part.Render(s.v.ctx(), &body); s.err != nil {
			return
		}
	}
	s.v.allow(slowReader)
	text := "event: " + event + "\ndata: " + strings.ReplaceAll(body.String(), "\n", "\ndata: ") + "\n\n"
	if _, s.err = s.v.Response().Write([]byte(text)); s.err == nil {
		s.v.Response().Flush()
	}
}
