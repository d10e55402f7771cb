// Command purser is Purser's command line: every endpoint of the API as a
// command, for people and for scripts, and checks that need no server at all.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"
	completion "github.com/jotaen/kong-completion"
)

// commands is the whole command line. The tag api names the endpoint that a
// command calls, columns what of its answer is shown to people, in order.
type commands struct {
	global

	Authorize      authorize             `cmd:"" group:"Spending" api:"POST /v1/authorize" columns:"decision,status,id,amount,currency,reason,approval,expires_at,token" help:"Ask before spending."`
	Confirm        confirm               `cmd:"" group:"Spending" api:"POST /v1/authorize/{id}/confirm" columns:"id,status,amount,currency,reference" help:"Say that it was spent."`
	Void           void                  `cmd:"" group:"Spending" api:"POST /v1/authorize/{id}/void" columns:"id,status,void_reason" help:"Give the reserved budget back."`
	Budget         agentThing            `cmd:"" group:"Spending" api:"GET /v1/budget/{agent}" columns:"agent,budgets" help:"What an agent could spend now."`
	Authorizations authorizationsGroup   `cmd:"" group:"Spending" help:"Requests to spend, and what became of them."`
	Tokens         tokensGroup           `cmd:"" group:"Spending" help:"Signed decisions, for processors."`
	Verify         verifyToken           `cmd:"" group:"Spending" help:"Check a signed decision offline."`
	Pay            pay                   `cmd:"" group:"Spending" columns:"decision,status,id,amount,currency,reason,approval,expires_at" help:"Ask a URL, and pay for it with x402 where it wants to be paid and Purser agrees."`
	Exec           execute               `cmd:"" group:"Spending" api:"POST /v1/agents/{id}/credentials" help:"Run a program with a short-lived key of one agent."`
	MCP            serveMCP              `cmd:"" name:"mcp" group:"Spending" help:"Serve the Model Context Protocol over standard input and output."`
	Wallets        walletsGroup          `cmd:"" group:"Spending" help:"Money to spend."`
	Cards          cardsGroup            `cmd:"" group:"Spending" help:"Prepaid cards of agents."`
	Approvals      approvalsGroup        `cmd:"" group:"Deciding" help:"Requests that wait for people."`
	Agents         agentsGroup           `cmd:"" group:"Managing" help:"Programs that spend."`
	Policies       policiesGroup         `cmd:"" group:"Managing" help:"The rules."`
	Keys           keysGroup             `cmd:"" group:"Managing" help:"API keys."`
	Members        membersGroup          `cmd:"" group:"Managing" help:"People."`
	Me             meGroup               `cmd:"" group:"Managing" help:"What you are told, and who stands in for you."`
	Slack          slackGroup            `cmd:"" group:"Managing" help:"The chat channel that hears of held requests."`
	Company        companyGroup          `cmd:"" group:"Managing" help:"The company and its settings."`
	Ledger         ledgerGroup           `cmd:"" group:"Managing" help:"The double-entry books."`
	Audit          auditGroup            `cmd:"" group:"Managing" help:"The audit log, and offline checks of it."`
	Events         followEvents          `cmd:"" group:"Managing" api:"GET /v1/events" help:"Hear what happens, as it happens."`
	CardProviders  providersGroup        `cmd:"" group:"Managing" help:"Who makes cards."`
	Webhooks       webhooksGroup         `cmd:"" group:"Managing" help:"Addresses that hear of events, and what was delivered to them."`
	Sandbox        sandboxGroup          `cmd:"" group:"Managing" help:"Play what is outside, in test mode."`
	Auth           authGroup             `cmd:"" group:"This program" help:"Sign in and out, and who you are."`
	Completion     completion.Completion `cmd:"" group:"This program" help:"Complete commands with the tab key in bash, zsh or fish."`
}

func main() { os.Exit(start()) }

func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return run(ctx, os.Args[1:], world{in: os.Stdin, out: os.Stdout, problems: os.Stderr, getenv: os.Getenv})
}

// world is what a command line touches outside the server.
type world struct {
	in            io.Reader
	out, problems io.Writer
	getenv        func(string) string
}

// run executes one command line and answers its exit status.
func run(ctx context.Context, args []string, w world) int {
	status := -1
	var line commands
	parser, err := newParser(&line, w, func(code int) { status = code })
	if err != nil {
		fmt.Fprintln(w.problems, "purser:", err)
		return exitFailed
	}
	completion.Register(parser)
	parsed, err := parser.Parse(args)
	if status >= 0 { // --help has been answered
		return status
	}
	if err != nil {
		var usage *kong.ParseError
		if errors.As(err, &usage) {
			_ = usage.Context.PrintUsage(true) // to a terminal that is there or is not
		}
		fmt.Fprintln(w.problems, "purser:", err)
		return exitRefused
	}
	a, err := newApp(ctx, w, line.global, parsed.Selected())
	if err == nil {
		err = parsed.Run(a)
	}
	if status >= 0 {
		return status
	}
	return a.finish(err)
}

func newParser(line *commands, w world, exit func(int)) (*kong.Kong, error) {
	return kong.New(line, kong.Name("purser"), kong.UsageOnError(), kong.Writers(w.out, w.problems),
		kong.Description("Spend control for agents, from the command line.\n\nExit status: "+exitHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(w.out, (*io.Writer)(nil)), kong.Exit(exit))
}
