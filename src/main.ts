#!/usr/bin/env node
'use strict';

// Plain JavaScript in CommonJS, which this file alone is: a Node that cannot run TypeScript has to get
// as far as the sentence below. Everything else is imported once that is behind us.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `pullthrough needs Node 24.12 or newer, and this is Node ${process.versions.node}\n`,
  );
  process.exit(2);
}

// Before anything uses the pool, which else has 4 threads: as many readers of a slow disk would hold up those of
// the page cache. 32 take 0.5 MB more.
process.env.UV_THREADPOOL_SIZE ??= '32';

import('./cli/pullthrough.ts')
  .then(({ run }) => run(process.argv.slice(2), process.env, process.stdout, process.stderr))
  .then(
    (code) => process.exit(code),
    (error) => {
      process.stderr.write(`pullthrough: ${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    },
  );
