// Send commands from stdin by fb-watchman; print answers and events, one JSON value per line.

"use strict";

const readline = require("readline");
const watchman = require("fb-watchman");

function show(kind, value) {
  process.stdout.write(`${kind} ${JSON.stringify(value)}\n`);
}

const client = new watchman.Client();
client.on("subscription", (event) => show("event", event));
client.on("error", (error) => {
  throw error;
});

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  client.command(JSON.parse(line), (error, answer) =>
    show("answer", error ? { error: error.message } : answer),
  );
});
lines.on("close", () => client.end());
