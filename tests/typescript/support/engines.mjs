// The engines beside the one that runs the tests, from npm.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { test } from 'node:test'
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

/** A test for each of them: `act(program, flags)`. One that is missing is passed over, but for CI, which sets the variable CI. */
export function inEachEngine(what, options, act) {
  for (const [name, [program, ...flags]] of Object.entries(engines)) {
    test(`${name} ${what}`, { ...options, skip: !program && !process.env.CI && 'npm has none for this machine' }, () => {
      assert.ok(program, `npm has no ${name} for this machine`)
      return act(program, flags)
    })
  }
}
