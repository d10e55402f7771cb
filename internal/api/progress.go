package api

import "context"

// progressLines tells how far a long answer is: lines of NDJSON, or events.
type progressLines struct {
	w      *flusher
	events bool
	err    error
}

// Progress is how far a long answer is.
type Progress struct {
	Type  string `json:"type" enum:"progress"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
}

func (p *progressLines) progress(done, total int) {
	if p.err == nil {
		p.err = p.line("progress", Progress{"progress", done, total})
	}
}

// end writes the result, or what went wrong: the status has been sent by then.
func (p *progressLines) end(ctx context.Context, a *API, s any, err error) error {
	if err != nil {
		if !p.w.begun {
			return err
		}
		return p.line("error", map[string]any{"type": "error", "problem": a.fail(ctx, err)})
	}
	if p.err != nil {
		return p.err
	}
	return p.line("result", map[string]any{"type": "result", "result": s})
}

func (p *progressLines) line(event string, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	if p.events {
		body = append(append([]byte("event: "+event+"\ndata: "), body...), '\n')
	}
	_, err = p.w.Write(append(body, '\n'))
	p.w.Flush()
	return err
}
