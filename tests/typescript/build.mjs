// Makes core.js, core.d.ts, react.js and react.d.ts of their .ts, by tsc. `--check` says which differ from what is committed.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
export const core = fileURLToPath(new URL('../../channel-runtime/src/contract/typescript/', import.meta.url))

/** The made files by their names. */
export function build() {
  const out = mkdtempSync(join(tmpdir(), 'made-'))
  try {
    const tsc = spawnSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '-p', join(here, 'tsconfig.build.json'), '--outDir', out], { encoding: 'utf8' })
    if (tsc.status !== 0) throw new Error(tsc.stdout + tsc.stderr)
    return Object.fromEntries(['core.js', 'core.d.ts', 'react.js', 'react.d.ts'].map(name => [name, readFileSync(join(out, name), 'utf8').replaceAll(`'./core.ts'`, `'./core.js'`)]))
  } finally {
    rmSync(out, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const [name, text] of Object.entries(build())) writeFileSync(join(core, name), text)
