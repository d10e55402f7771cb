package iso8583

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// attend answers one peer until it leaves, misbehaves or ctx ends. Messages are
// answered beside each other, in the order in which they are ready.
func (h *Host) attend(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }() // the peer is told by the close itself
	quiet := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer quiet()
	var answering sync.WaitGroup
	defer answering.Wait() // before the close: what was taken is answered
	var writing sync.Mutex
	places := make(chan struct{}, h.InFlight)
	for ctx.Err() == nil {
		raw, err := readFrame(&untilDone{conn, ctx}, h.Longest, h.Idle, h.Slow)
		if err != nil {
			h.left(ctx, conn, err)
			return
		}
		m, err := h.parse(raw)
		if err != nil {
			h.Log.Warn("a card network's connection was closed: a message cannot be read", "peer", conn.RemoteAddr(), "bytes", len(raw))
			return
		}
		places <- struct{}{}
		answering.Go(func() {
			defer func() { <-places }()
			out := h.answer(context.WithoutCancel(ctx), m)
			if out == nil {
				return
			}
			writing.Lock()
			defer writing.Unlock()
			if err := writeFrame(conn, out, h.Slow); err != nil {
				h.Log.Warn("a card network's peer did not take an answer", "peer", conn.RemoteAddr(), "error", err)
				_ = conn.Close() // which ends the reading too
			}
		})
	}
}

// left says why a peer is no longer listened to, where that is worth saying.
func (h *Host) left(ctx context.Context, conn net.Conn, err error) {
	if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return
	}
	h.Log.Info("a card network's connection was closed", "peer", conn.RemoteAddr(), "error", err)
}

// untilDone is a connection that gives no time to read once ctx has ended:
// setting a deadline would otherwise undo the one that ended the reading.
type untilDone struct {
	net.Conn
	ctx context.Context
}

// SetReadDeadline sets the deadline, and takes it back when ctx has ended.
func (u *untilDone) SetReadDeadline(t time.Time) error {
	if err := u.Conn.SetReadDeadline(t); err != nil || u.ctx.Err() == nil {
		return err
	}
	return u.Conn.SetReadDeadline(time.Unix(1, 0))
}
