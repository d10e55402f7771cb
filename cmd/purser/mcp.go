package main

import (
	"runtime/debug"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/getpurser/purser/internal/mcp"
)

type serveMCP struct{}

// Run serves MCP over standard input and output, until the client leaves.
func (c serveMCP) Run(a *app) error {
	return mcp.New(a.client, a.Agent, version()).Run(a.ctx, &sdk.StdioTransport{})
}

// version is what the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
