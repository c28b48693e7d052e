// The same core.ts, unchanged, in Node 22, Deno and Bun: all scripts, and a room of the example `chat`.

import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, before, after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Example, TEST } from '../browser/example.mjs'

const path = name => fileURLToPath(new URL(name, import.meta.url))
const scripts = path('../vectors/scripts')
const core = new URL('../../channel-runtime/src/contract/typescript/core.ts', import.meta.url).href

/** The first that is there, and no script that says what is missing: npm has one package for each machine, and may have run no scripts. */
const found = (...names) => names.map(name => path(`node_modules/${name}`)).find(name => statSync(name, { throwIfNoEntry: false })?.size > 1e6)
const engines = {
  'Node 22': [found(`node-linux-${process.arch}/bin/node`)],
  Deno: [found('@deno/linux-x64-glibc/deno', '@deno/linux-arm64-glibc/deno'), 'run', '--quiet', '--no-check', '--no-config', '--no-lock', '--allow-read', '--allow-net', '--allow-env'],
  Bun: [found(`@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}/bin/bun`, 'bun/bin/bun.exe')],
}

let chat
before(async () => { chat = await Example.start('chat') })
after(() => chat.stop())

for (const [name, [program, ...flags]] of Object.entries(engines)) {
  test(`${name} runs core.ts unchanged`, { ...TEST, skip: !program && 'npm has none for this machine' }, async () => {
    const child = spawn(program, [...flags, path('support/engine.mjs'), core, scripts, chat.url], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { out += data })
    const [status] = await once(child, 'close')
    assert.equal(status, 0, out)
    assert.match(out, /^ok \d+\n$/m)
  })
}
