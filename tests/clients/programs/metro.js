// Crawl directories by metro-file-map, and watch them: print files, then changes, one per line.

"use strict";

const path = require("path");
const { default: FileMap, DiskCacheManager } = require("metro-file-map");

const [root, cacheDirectory, given] = process.argv.slice(2);
const options = JSON.parse(given);

function show(kind, value) {
  process.stdout.write(`${kind} ${JSON.stringify(value)}\n`);
}

async function main() {
  const map = FileMap.create({
    cacheManagerFactory: (factory) => new DiskCacheManager(factory, { cacheDirectory }),
    computeSha1: true,
    enableSymlinks: options.links.length > 0,
    extensions: ["js", "json"],
    healthCheck: { enabled: true, filePrefix: ".health", interval: 500, timeout: 20_000 },
    maxWorkers: 1,
    retainAllFiles: true,
    rootDir: root,
    roots: options.roots.map((name) => path.join(root, name)),
    watch: true,
    watchmanDeferStates: ["hg.update"],
  });
  map.on("healthCheck", (result) => show("health", result.type));
  map.on("change", ({ changes }) =>
    show("change", {
      added: [...changes.addedFiles].map(([name]) => name),
      modified: [...changes.modifiedFiles].map(([name]) => name),
      removed: [...changes.removedFiles].map(([name]) => name),
    }),
  );
  map.on("status", (status) => show("status", status));
  const { fileSystem } = await map.build();
  const files = {};
  for (const file of fileSystem.getAllFiles()) {
    files[path.relative(root, file)] = fileSystem.getSha1(file);
  }
  for (const link of options.links.filter((name) => fileSystem.linkStats(path.join(root, name)))) {
    files[link] = "link";
  }
  show("files", files);
}

main();
