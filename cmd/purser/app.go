package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/getpurser/purser/internal/client"
)

// global is what every command understands.
type global struct {
	Profile        string        `help:"Which of the signed-in profiles." env:"PURSER_PROFILE" placeholder:"NAME"`
	Server         string        `help:"The server's address." env:"PURSER_SERVER" placeholder:"URL"`
	APIKey         string        `name:"api-key" help:"An API key, instead of a profile's sign-in. Better set in the environment, where others do not see it." env:"PURSER_API_KEY" placeholder:"KEY"`
	Mode           string        `help:"live or test, for somebody who signed in; an API key has it in itself." enum:",live,test" env:"PURSER_MODE" default:""`
	CompanyID      string        `name:"company-id" help:"Which company, for somebody of several." env:"PURSER_COMPANY" placeholder:"ID"`
	Agent          string        `help:"Which agent, by id or handle." env:"PURSER_AGENT" placeholder:"AGENT"`
	JSON           bool          `help:"Print the API's own answer."`
	IdempotencyKey string        `help:"Repeating a command with the same key has one effect." placeholder:"KEY"`
	Timeout        time.Duration `help:"How long to try." default:"2m"`
}

// app is one command under way.
type app struct {
	world
	global
	ctx     context.Context
	config  *configFile
	profile profile
	client  *client.Client
	// method and path are those of the command's endpoint.
	method, path string
	columns      []string
}

const defaultServer = "http://localhost:8080"

func newApp(ctx context.Context, w world, g global, command *kong.Node) (*app, error) {
	a := &app{world: w, global: g, ctx: ctx}
	var err error
	if a.config, err = readConfig(w.getenv); err != nil {
		return a, err
	}
	if a.profile, err = a.config.choose(g.Profile); err != nil {
		return a, err
	}
	a.method, a.path, _ = strings.Cut(command.Tag.Get("api"), " ")
	a.columns = strings.Split(command.Tag.Get("columns"), ",")
	a.client, err = a.open(a.profile)
	return a, err
}

// open makes a client for a profile, and for what the flags put in its place.
func (a *app) open(p profile) (*client.Client, error) {
	c := client.Config{Server: first(a.Server, p.Server, defaultServer), Token: first(a.APIKey, p.Token), UserAgent: "purser-cli"}
	if !strings.HasPrefix(c.Token, "ag_") { // a key has both in itself
		c.Mode, c.Company = first(a.Mode, p.Mode), first(a.CompanyID, p.Company)
	}
	made, err := client.New(c)
	if err != nil {
		return nil, usage("%w", err)
	}
	return made, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// request is the command's call, with the value for the path's parameter.
func (a *app) request(id string, query url.Values, body any) client.Call {
	path := a.path
	if from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}'); from >= 0 {
		path = path[:from] + url.PathEscape(id) + path[to+1:]
	}
	call := client.Call{Method: a.method, Path: path, Query: query, Body: body, Agent: a.Agent}
	if a.method == http.MethodPost {
		call.IdempotencyKey = a.IdempotencyKey
	}
	return call
}

// do calls the command's endpoint and prints the answer.
func (a *app) do(id string, query url.Values, body any) error {
	answer, err := a.ask(a.request(id, query, body))
	if err != nil {
		return err
	}
	return a.print(answer)
}

func (a *app) ask(call client.Call) (client.Answer, error) {
	ctx, cancel := context.WithTimeout(a.ctx, a.Timeout)
	defer cancel()
	return a.client.Do(ctx, call)
}
