// Call one function of @parcel/watcher with its backend for Watchman; print events as JSON.

"use strict";

const watcher = require("@parcel/watcher");

const [command, directory, snapshot] = process.argv.slice(2);
const options = { backend: "watchman" };

function show(kind, value) {
  process.stdout.write(`${kind} ${JSON.stringify(value)}\n`);
}

async function subscribe() {
  const subscription = await watcher.subscribe(
    directory,
    (error, events) => {
      if (error) throw error;
      for (const event of events) show(event.type, event.path);
    },
    options,
  );
  show("subscribed", directory);
  process.stdin.on("end", async () => {
    await subscription.unsubscribe();
    show("unsubscribed", directory);
  });
  process.stdin.resume();
}

async function main() {
  if (command === "subscribe") {
    await subscribe();
  } else if (command === "write") {
    await watcher.writeSnapshot(directory, snapshot, options);
  } else {
    show("events", await watcher.getEventsSince(directory, snapshot, options));
  }
}

main();
