// Crawl a directory by jest-haste-map, with a cache; print the SHA-1 of each file's content.

"use strict";

const fs = require("fs");
const path = require("path");
const { default: HasteMap } = require("jest-haste-map");

async function main(root, cacheDirectory) {
  fs.mkdirSync(cacheDirectory, { recursive: true });
  const map = await HasteMap.create({
    cacheDirectory,
    computeSha1: true,
    extensions: ["js"],
    id: "crawl",
    maxWorkers: 1,
    platforms: [],
    retainAllFiles: true,
    rootDir: root,
    roots: [root],
    useWatchman: true,
  });
  const { hasteFS } = await map.build();
  const files = {};
  for (const file of hasteFS.getAllFiles()) {
    files[path.relative(root, file)] = hasteFS.getSha1(file);
  }
  process.stdout.write(JSON.stringify(files));
}

main(...process.argv.slice(2));
