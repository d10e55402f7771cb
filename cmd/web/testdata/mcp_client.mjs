// The official TypeScript client of the Model Context Protocol, a line at a
// time: the first line of standard input says how to connect, each other one is
// a question, and each line of standard output is an answer.
import readline from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
};
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");

const how = await next();
const transport = how.url
  ? new StreamableHTTPClientTransport(new URL(how.url), { requestInit: { headers: { Authorization: `Bearer ${how.key}` } } })
  : new StdioClientTransport({ command: how.command, args: how.args, env: how.env });
const client = new Client({ name: "purser-test", version: "1.0.0" });
try {
  await client.connect(transport);
} catch (error) {
  say({ failed: String(error?.message ?? error) });
  process.exit(0);
}
say({ instructions: client.getInstructions() });

for (let q = await next(); q; q = await next()) {
  try {
    if (q.list) {
      const { tools } = await client.listTools();
      const { prompts } = await client.listPrompts();
      const { resources } = await client.listResources();
      say({ tools, prompts: prompts.map((p) => p.name), resources: resources.map((r) => r.uri) });
    } else if (q.tool) {
      say(await client.callTool({ name: q.tool, arguments: q.arguments ?? {} }, undefined, { timeout: 90_000 }));
    } else if (q.read) {
      say({ text: (await client.readResource({ uri: q.read })).contents[0].text });
    } else {
      say({ text: (await client.getPrompt({ name: q.prompt })).messages[0].content.text });
    }
  } catch (error) {
    say({ failed: String(error?.message ?? error) });
  }
}
await client.close();
