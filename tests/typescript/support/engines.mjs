// The engines beside the one that runs the tests, from npm.

import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = name => fileURLToPath(new URL(`../${name}`, import.meta.url))

/** The first that is there, and no script that says what is missing: npm has one package for each machine, and may have run no scripts. */
const found = (...names) => names.map(name => path(`node_modules/${name}`)).find(name => statSync(name, { throwIfNoEntry: false })?.size > 1e6)
/** Programs with their arguments; without a program if npm has none for this machine. */
export const engines = {
  'Node 22': [found(`node-linux-${process.arch}/bin/node`)],
  Deno: [found('@deno/linux-x64-glibc/deno', '@deno/linux-arm64-glibc/deno'), 'run', '--quiet', '--no-check', '--no-config', '--no-lock', '--allow-read', '--allow-net', '--allow-env'],
  Bun: [found(`@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}/bin/bun`, 'bun/bin/bun.exe')],
}
