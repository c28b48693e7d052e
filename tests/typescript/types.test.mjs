// `types/`: what must compile, and each mistake that must not, by TypeScript 7 and 5.9.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

for (const compiler of ['typescript', 'typescript-5']) {
  const { version } = JSON.parse(readFileSync(`${here}node_modules/${compiler}/package.json`, 'utf8'))
  test(`TypeScript ${version} refuses each mistake, and nothing else`, () => {
    const tsc = spawnSync(process.execPath, [`${here}node_modules/${compiler}/bin/tsc`, '-p', here], { encoding: 'utf8' })
    assert.equal(tsc.stdout + tsc.stderr, '')
    assert.equal(tsc.status, 0)
  })
}
