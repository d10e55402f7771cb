package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"time"

	"github.com/getpurser/purser/internal/client"
)

// deviceLogin is how the server lets a program sign in (RFC 8628).
type deviceLogin struct {
	Secret   string `json:"device_code"`
	Code     string `json:"user_code"`
	Address  string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
	Interval int    `json:"interval"`
}

// signInOnPage shows a code, and waits until the person agreed to it.
func (a *app) signInOnPage() error {
	answer, err := a.ask(a.request("", nil, map[string]string{"client_name": a.name()}))
	if err != nil {
		return err
	}
	var d deviceLogin
	if err := answer.Decode(&d); err != nil {
		return err
	}
	fmt.Fprintf(a.problems, "Open %s and check that it shows the code %s.\nWithout a browser here, type the code at %s\n", d.Complete, d.Code, d.Address)
	for {
		select {
		case <-a.ctx.Done():
			return a.ctx.Err()
		case <-time.After(time.Duration(max(d.Interval, 1)) * time.Second):
		}
		answer, err := a.call(http.MethodPost, "/v1/auth/device/token", map[string]string{"device_code": d.Secret})
		var p *client.Problem
		if errors.As(err, &p) && p.Code == "authorization_pending" || errors.Is(err, client.ErrAway) {
			continue
		}
		if err != nil {
			return err
		}
		return a.keep(answer)
	}
}

// name is what the person reads about this program.
func (a *app) name() string {
	name := "purser"
	if me, err := user.Current(); err == nil {
		name += " of " + me.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += " on " + host
	}
	return name[:min(len(name), 100)]
}
